/** On a narrow screen the panel is a drawer; on a wide one it is always there. */

import { find } from "/assets/dom.js";

const NARROW = matchMedia("(max-width: 959px)");

export function setUpDrawer() {
  const panel = find("#panel");
  const opener = find("#panel-open");
  const scrim = find("#scrim");
  let isOpen = false;

  const show = () => {
    const isDrawer = NARROW.matches;
    panel.classList.toggle("open", isOpen);
    panel.inert = isDrawer && !isOpen; // out of reach of keys and screen readers while out of sight
    scrim.hidden = !(isDrawer && isOpen);
    opener.setAttribute("aria-expanded", String(isOpen));
  };
  const set = (open) => {
    if (open === isOpen) return;
    isOpen = open;
    show();
    (open ? find("#panel-close") : opener).focus();
  };
  opener.addEventListener("click", () => set(!isOpen));
  find("#panel-close").addEventListener("click", () => set(false));
  scrim.addEventListener("click", () => set(false));
  panel.addEventListener("keydown", (event) => event.key === "Escape" && set(false));
  NARROW.addEventListener("change", show);
  show();
}
