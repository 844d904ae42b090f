/**
 * The name under which this browser's sessions are watched, so that a source in OBS need not be
 * pasted anew for each. It shows the picture, and controls nothing.
 */

const PLACE = "understudy.watch";
let name = null;

export function watchName() {
  try {
    name ??= localStorage.getItem(PLACE);
  } catch {
    // Storage is forbidden (private windows): the name lasts for this visit only.
  }
  if (!name) {
    name = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
    try {
      localStorage.setItem(PLACE, name);
    } catch {
      // As above.
    }
  }
  return name;
}
