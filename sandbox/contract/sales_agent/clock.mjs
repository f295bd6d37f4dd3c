// The official runner's clock, loaded before its own command line (NODE_OPTIONS=--import=…/clock.mjs).
//
// Storyboards name dates of 2026, and the runner replaces those that are over by others, a day and a week from now, in each
// request anew: a request that it repeats is then not the same any more, and any agent answers IDEMPOTENCY_CONFLICT. So the
// time goes in steps of ten seconds, and what is repeated at once is the same. With RUNNER_NOW (an ISO date) it is that
// of the agent's world, where perhaps no date is over.

const RealDate = Date;
const STEP_MS = 10_000;
let ahead = 0;

const now = () => Math.floor((RealDate.now() + ahead) / STEP_MS) * STEP_MS;

globalThis.Date = class extends RealDate {
  constructor(...given) {
    super(...(given.length ? given : [now()]));
  }

  static now() {
    return now();
  }
};

// From now on it is `start` (an ISO date); without it, what the machine's clock says.
export function liveAt(start) {
  ahead = start ? RealDate.parse(start) - RealDate.now() : 0;
}

liveAt(process.env.RUNNER_NOW);
