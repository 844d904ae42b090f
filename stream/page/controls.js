/** The panel: mode, strengths, switches, camera. Draws the state, and hands on what is changed. */

import { build, find } from "/assets/dom.js";
import { FACTORS, GAIN } from "/assets/settings.js";

/** What the server says of the driver's neutral face, from which all motion is measured. */
const NEUTRAL = {
  "none yet": "Looking for your neutral face.",
  none: "This model reads your face as it is and needs no neutral one. Recalibrate takes the largest face.",
  automatic: "Neutral face found. Look straight ahead and recalibrate if the portrait does not.",
  "next face": "Taking your neutral face now.",
  yours: "Neutral face taken as you asked.",
};

/** `actions.change(patch)` for the session's settings, `actions.prefer(patch)` for this browser's. */
export function setUpControls(store, actions) {
  setUpModes(store, actions);
  for (const factor of Object.keys(FACTORS)) addGain(store, actions, factor);
  for (const box of document.querySelectorAll("[data-setting]")) {
    const { setting } = box.dataset;
    box.addEventListener("change", () => actions.change({ [setting]: box.checked }));
    store.watch((state) => state.settings[setting], (on) => (box.checked = on));
  }
  for (const box of document.querySelectorAll("[data-preference]")) {
    const { preference } = box.dataset;
    box.addEventListener("change", () => actions.prefer({ [preference]: box.checked }));
    store.watch((state) => state.preferences[preference], (on) => (box.checked = on));
  }
  setUpCameraChoice(store, actions);
  setUpLive(store);
}

function setUpModes(store, actions) {
  const modes = [...document.querySelectorAll("#modes input")];
  for (const mode of modes) {
    mode.addEventListener("change", () => actions.change({ mode: mode.value }));
  }
  store.watch((state) => state.settings.mode, (chosen) => {
    for (const mode of modes) mode.checked = mode.value === chosen;
  });
}

function addGain(store, actions, factor) {
  const slider = build("input", {
    type: "range", id: `gain-${factor}`, "data-testid": `gain-${factor}`,
    min: GAIN.least, max: GAIN.most, step: GAIN.step,
  });
  const figure = build("output", { for: slider.id });
  const label = build("label", { class: "gain", title: "Double click: back to 1" }, build("span", {}, FACTORS[factor]), slider, figure);
  const set = (gain) => actions.change({ gains: { [factor]: gain } });
  slider.addEventListener("input", () => set(Number(slider.value)));
  label.addEventListener("dblclick", () => set(GAIN.usual));
  slider.addEventListener("keydown", (event) => {
    if (event.key !== "Backspace" && event.key !== "Delete") return;
    event.preventDefault();
    set(GAIN.usual);
  });
  find("#gains").append(label);
  store.watch((state) => state.settings.gains[factor], (gain) => {
    slider.value = String(gain);
    slider.setAttribute("aria-valuetext", `${gain.toFixed(2)} times`);
    slider.style.setProperty("--filled", `${((gain - GAIN.least) / (GAIN.most - GAIN.least)) * 100}%`);
    figure.textContent = gain.toFixed(2);
    label.classList.toggle("changed", gain !== GAIN.usual);
  });
}

function setUpCameraChoice(store, actions) {
  const choice = find("#camera-choice");
  choice.addEventListener("change", () => actions.prefer({ cameraId: choice.value }));
  store.watch((state) => state.cameras, (cameras) => {
    const options = cameras.map(({ id, name }) => build("option", { value: id }, name));
    choice.replaceChildren(build("option", { value: "" }, "The browser's choice"), ...options);
    choice.value = store.get().preferences.cameraId;
    if (choice.selectedIndex < 0) choice.value = ""; // the one kept is not connected
  });
}

/** What works only while the picture moves, and what the buttons outside the panel show. */
function setUpLive(store) {
  store.watch((state) => state.phase === "live", (isLive) => {
    for (const id of ["pause", "record", "recalibrate", "copy-view"]) find(`#${id}`).disabled = !isLive;
  });
  store.watch((state) => state.settings.paused, (on) => find("#pause").setAttribute("aria-pressed", String(on)));
  store.watch((state) => state.stats?.model_notice ?? "", (notice) => {
    find("#model-notice").hidden = !notice;
    find("#model-notice").textContent = notice;
  });
  store.watch((state) => state.stats?.neutral, (neutral) => {
    find("#neutral").textContent = NEUTRAL[neutral] ?? "Look straight ahead with a relaxed face, then recalibrate.";
  });
}
