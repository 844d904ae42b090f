/** The page's state in one place: modules read it, change it by `set`, and hear of what changed. */

export function createStore(initial) {
  let state = { ...initial };
  const listeners = new Set();
  return {
    get: () => state,
    set(patch) {
      state = { ...state, ...patch };
      for (const listener of listeners) listener(state);
    },
    /** Call `react(value, state)` now, and whenever what `select` picks has become another value. */
    watch(select, react) {
      let seen = select(state);
      const listener = (now) => {
        const value = select(now);
        if (Object.is(value, seen)) return;
        seen = value;
        react(value, now);
      };
      listeners.add(listener);
      react(seen, state);
    },
  };
}
