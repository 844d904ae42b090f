/** Keep the screen on while the picture moves. */

export function setUpAwake(store) {
  if (!navigator.wakeLock) return;
  let lock = null;
  const isWanted = () => store.get().phase === "live" && document.visibilityState === "visible";
  const settle = async () => {
    if (isWanted() && (!lock || lock.released)) {
      try {
        lock = await navigator.wakeLock.request("screen");
      } catch {
        return; // a low battery refuses it: the screen then sleeps as it always does
      }
    }
    if (!isWanted() && lock) {
      await lock.release();
      lock = null;
    }
  };
  store.watch((state) => state.phase, settle);
  document.addEventListener("visibilitychange", settle); // hiding the page lets the lock go
}
