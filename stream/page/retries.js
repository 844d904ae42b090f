/** Waiting between attempts: twice as long each time, up to a limit, and spread by chance. */

const FIRST_MS = 500;
const LONGEST_MS = 1_500; // a network that is back has a page on camera again within 2 s

/** Milliseconds before an attempt, counted from 0; many pages must not come back all at once. */
export function delayMs(attempt, chance = Math.random()) {
  const full = Math.min(LONGEST_MS, FIRST_MS * 2 ** attempt);
  return full * (0.75 + 0.25 * chance);
}

/** A wait that `hurry()` ends early and an abort breaks. */
export function createPatience() {
  let wake = null;
  return {
    hurry: () => wake?.(),
    wait: (ms, signal) =>
      new Promise((resolve, reject) => {
        const settle = (act, value) => {
          clearTimeout(timer);
          signal.removeEventListener("abort", abort);
          wake = null;
          act(value);
        };
        const abort = () => settle(reject, signal.reason);
        const timer = setTimeout(() => settle(resolve), ms);
        wake = () => settle(resolve);
        signal.addEventListener("abort", abort);
        if (signal.aborted) abort();
      }),
  };
}
