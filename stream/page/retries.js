/** Waiting between attempts: twice as long each time, up to a limit, and spread by chance. */

const FIRST_MS = 500;
const LONGEST_MS = 1_500; // a network that is back has a page on camera again within 2 s
const FIRST_SIGN_MS = 1_000;
const SIGN_MS = 5_000;

/** Milliseconds from one attempt to the next, counted from 0; many pages must not come back all at once. */
export function delayMs(attempt, chance = Math.random()) {
  const full = Math.min(LONGEST_MS, FIRST_MS * 2 ** attempt);
  return full * (0.75 + 0.25 * chance);
}

/**
 * Milliseconds that an attempt, counted from 0, waits for a sign of the server.
 *
 * Where packets vanish, a browser's connection attempt goes on silently, asking again about every
 * second at first and then ever more rarely; and of what it has open to one server, it opens six at
 * most. So the first request, which goes into a connection that may be dead, is given up soon, and
 * each later one about when its connection has become lazy, so that the next begins a fresh one.
 */
export function signMs(attempt) {
  return attempt === 0 ? FIRST_SIGN_MS : SIGN_MS;
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
