// The runner's clock. Storyboards name dates of 2026, and the runner replaces those that are over by others in each request
// anew, so that a repeated request is not the same any more. At the time of the world none is over.
// Loaded before the runner's own command line (NODE_OPTIONS=--import=…), it takes the time from RUNNER_NOW.

const RealDate = Date;

export function liveAt(now) {
  const ahead = RealDate.parse(now) - RealDate.now();
  globalThis.Date = class extends RealDate {
    constructor(...given) {
      super(...(given.length ? given : [RealDate.now() + ahead]));
    }

    static now() {
      return RealDate.now() + ahead;
    }
  };
}

if (process.env.RUNNER_NOW) liveAt(process.env.RUNNER_NOW);
