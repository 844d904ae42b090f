/** Telling the user: short messages that go away, and words for screen readers. */

import { build, find } from "/assets/dom.js";

const SHOWN_MS = 7000;

/** A message in the corner; troubles stay longer and interrupt a screen reader. */
export function toast(text, { isTrouble = false } = {}) {
  const close = build("button", { type: "button", "aria-label": "Dismiss", class: "quiet" }, "×");
  const item = build("li", { class: isTrouble ? "toast trouble" : "toast" }, build("span", {}, text), close);
  close.addEventListener("click", () => item.remove());
  find("#toasts").append(item);
  setTimeout(() => item.remove(), isTrouble ? 2 * SHOWN_MS : SHOWN_MS);
  announce(text, { isTrouble });
}

/**
 * A question that stays until it is answered: `answers` maps the words on a button to what it does,
 * which gives whether the question is settled.
 */
export function offer(text, answers) {
  const item = build("li", { class: "toast offer" }, build("span", {}, text));
  find("#toasts").prepend(item);
  announce(text);
  return new Promise((settle) => {
    for (const [words, act] of Object.entries(answers)) {
      const button = build("button", { type: "button", class: "plain" }, words);
      button.addEventListener("click", async () => {
        item.inert = true; // one answer at a time
        const isSettled = await act().finally(() => (item.inert = false));
        if (isSettled) settle(item.remove());
      });
      item.append(button);
    }
  });
}

/** A server's words, which may lack the capital and the full stop. */
export function asSentence(text) {
  const trimmed = text.trim();
  const capital = trimmed.charAt(0).toUpperCase() + trimmed.slice(1);
  return /[.!?]$/.test(capital) ? capital : `${capital}.`;
}

/** Only for screen readers. */
export function announce(text, { isTrouble = false } = {}) {
  find(isTrouble ? "#alert-region" : "#live-region").textContent = text;
}
