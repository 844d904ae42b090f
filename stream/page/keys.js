/** Single-key shortcuts, and the help that lists them. */

import { build, find } from "/assets/dom.js";

/** `shortcuts`: `[{key, says, act}]`; `isOn()` whether single keys are wanted at all. */
export function setUpKeys(shortcuts, isOn) {
  const help = find("#help");
  const byKey = new Map(shortcuts.map((shortcut) => [shortcut.key.toLowerCase(), shortcut]));
  const toggleHelp = () => (help.open ? help.close() : help.showModal());

  find("#help-open").addEventListener("click", toggleHelp);
  find("#help-close").addEventListener("click", () => help.close());
  help.addEventListener("click", (event) => event.target === help && help.close()); // the backdrop
  find("#help-keys").append(
    ...shortcuts.filter(({ says }) => says).map(({ key, shown, says }) =>
      build("div", {}, build("dt", {}, build("kbd", {}, shown ?? key)), build("dd", {}, says))),
  );

  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || isTyping(event.target)) return;
    if (event.key === "?") {
      event.preventDefault();
      toggleHelp();
      return;
    }
    const shortcut = byKey.get(event.key.toLowerCase());
    if (!shortcut || !isOn() || help.open || find("#points").open) return;
    event.preventDefault();
    shortcut.act();
  });
}

/** Letters belong to fields that take text, and to lists that jump to what begins with them. */
function isTyping(target) {
  return target instanceof HTMLSelectElement || target.matches?.("input:not([type=range], [type=checkbox], [type=radio]), textarea");
}
