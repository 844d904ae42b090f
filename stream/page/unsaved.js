/** Recordings this browser has not saved yet: remembered beyond a reload, a crash, a server's end. */

const PLACE = "understudy.unsaved";
const MOST = 20;

const isSame = (one, other) => one.id === other.id && one.number === other.number;
const lockOf = ({ id, number }) => `understudy recording ${id} ${number}`;

/** Each `{id, number, since}`: its session, its number there, and when it began. */
export function listUnsaved() {
  try {
    const kept = JSON.parse(localStorage.getItem(PLACE) ?? "[]");
    return kept.filter(({ id, since }) => typeof id === "string" && Number.isFinite(since));
  } catch {
    return [];
  }
}

export function remember(recording) {
  write([...listUnsaved().filter((kept) => !isSame(kept, recording)), recording]);
}

export function forget(recording) {
  write(listUnsaved().filter((kept) => !isSame(kept, recording)));
}

/**
 * Say to other tabs that this one looks after it, as long as `until` is not settled: they would end
 * and offer it. The browser frees the lock of a tab that is gone.
 */
export function claim(recording, until) {
  navigator.locks?.request(lockOf(recording), () => until);
}

/** Do it with a recording that no tab looks after, and look after it meanwhile. */
export async function withUnclaimed(recording, act) {
  if (!navigator.locks) return act();
  return navigator.locks.request(lockOf(recording), { ifAvailable: true }, (lock) => lock && act());
}

function write(recordings) {
  try {
    localStorage.setItem(PLACE, JSON.stringify(recordings.slice(-MOST)));
  } catch {
    // Storage is full or forbidden (private windows): the recording is offered in this visit only.
  }
}
