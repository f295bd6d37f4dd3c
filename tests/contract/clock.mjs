// The runner's clock. Storyboards name dates of 2026, and the runner replaces those that are over by others in each request
// anew, so that a repeated request is not the same any more. At the time of the world none is over.
// Loaded before the runner's own command line (NODE_OPTIONS=--import=…), it takes the time from RUNNER_NOW.

const RealDate = Date;
let ahead = 0;

globalThis.Date = class extends RealDate {
  constructor(...given) {
    super(...(given.length ? given : [RealDate.now() + ahead]));
  }

  static now() {
    return RealDate.now() + ahead;
  }
};

// From now on it is `now` (an ISO date); without it, what the machine's clock says.
export function liveAt(now) {
  ahead = now ? RealDate.parse(now) - RealDate.now() : 0;
}

liveAt(process.env.RUNNER_NOW);
