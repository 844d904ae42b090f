/** Changes on their way to the server: one request at a time, the newest values win. */

/** Nested only where settings are: gains are merged factor by factor. */
export function merge(older, newer) {
  const merged = { ...older, ...newer };
  if (older.gains && newer.gains) merged.gains = { ...older.gains, ...newer.gains };
  return merged;
}

/** `send(patch)` returns a promise; a slider that moves fast becomes few requests. */
export function createPatches(send) {
  let waiting = null;
  let sending = null;
  async function drain() {
    while (waiting) {
      const patch = waiting;
      waiting = null;
      await send(patch);
    }
  }
  return (patch) => {
    waiting = merge(waiting ?? {}, patch);
    sending ??= drain().finally(() => {
      sending = null;
      waiting = null;
    });
    return sending;
  };
}
