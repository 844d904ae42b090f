/** The measured figures: frames per second, glass to glass, drops, and each stage. */

import { build, find } from "/assets/dom.js";
import { BrowserPart } from "/assets/latency.js";
import { asSentence } from "/assets/say.js";

const TREND_POINTS = 60;
const READ_MS = 1000;

const STAGE_NAMES = {
  wait: "wait for the step",
  find: "find the face",
  read: "read the motion",
  step: "the whole step",
};

export function setUpHud(store, session) {
  const browser = new BrowserPart(find("#output"));
  const trend = [];

  setInterval(async () => {
    if (store.get().phase !== "live" || !session.peer) return;
    const reading = await browser.read(session.peer);
    const whole = sumOf(store.get().stats, reading);
    store.set({ glassToGlass: whole, shownFps: reading.shownFps });
    if (whole) trend.push(whole.p50);
    if (trend.length > TREND_POINTS) trend.shift();
    draw(store.get(), reading, trend);
  }, READ_MS);

  store.watch(
    (state) => state.phase,
    (phase) => {
      if (phase === "live") return;
      browser.restart();
      trend.length = 0;
      store.set({ glassToGlass: null, shownFps: null });
    },
  );
  store.watch(
    (state) => state.preferences.showStats,
    (shown) => {
      find("#hud").hidden = !shown;
      find("#stats").setAttribute("aria-pressed", String(shown));
    },
  );
}

/** The server's time and the browser's, added; null until each has been measured. */
function sumOf(stats, { parts }) {
  const all = [stats?.end_to_end, ...Object.values(parts)];
  if (all.some((part) => part?.p50 == null)) return null;
  const sum = (name) => all.reduce((total, part) => total + part[name], 0);
  return { p50: sum("p50"), p95: sum("p95") };
}

function draw({ stats, glassToGlass }, { shownFps, parts, coversScreen }, trend) {
  find("#hud-fps").replaceChildren(shownFps.toFixed(0), build("small", {}, stats?.fps ? ` of ${stats.fps.toFixed(0)}` : ""));
  find("#hud-latency").replaceChildren(
    ...(glassToGlass ? [glassToGlass.p50.toFixed(0), build("small", {}, ` ms · p95 ${glassToGlass.p95.toFixed(0)}`)] : ["–"]),
  );
  find("#hud-drops").textContent = stats ? String(stats.drops) : "–";
  find("#hud-trend").setAttribute("points", pointsOf(trend));
  const encode = "Browser: encode";
  const { [encode]: first, ...rest } = parts;
  find("#hud-rows").replaceChildren(
    row(encode, first),
    row("Server, in to out", stats?.end_to_end),
    ...Object.entries(stats?.stages ?? {}).map(([name, part]) => row(STAGE_NAMES[name] ?? name.replaceAll("_", " "), part, "within")),
    ...Object.entries(rest).map(([name, part]) => row(name, part)),
  );
  find("#hud-note").textContent = noteOf(stats, coversScreen);
}

function row(name, part, kind) {
  const figure = (value) => build("td", {}, value == null ? "–" : value.toFixed(1));
  return build("tr", kind ? { class: kind } : {}, build("th", { scope: "row" }, name), figure(part?.p50), figure(part?.p95));
}

function noteOf(stats, coversScreen) {
  const covered = coversScreen ? "" : " This browser does not tell when a picture is drawn, so drawing is missing too.";
  const sum = `Glass to glass is the sum of these parts, without the delay of the camera and of the screen themselves.${covered}`;
  const { quality, voice_lips: byVoice } = stats ?? {};
  if (byVoice) return `${sum} Lips: by voice, until your mouth is seen again.`;
  return quality?.reason ? `${sum} Output: ${quality.size} px. ${asSentence(quality.reason)}` : sum;
}

function pointsOf(trend) {
  const most = Math.max(40, ...trend);
  return trend.map((ms, at) => `${(at * 120) / (TREND_POINTS - 1)},${(27 - (ms / most) * 25).toFixed(1)}`).join(" ");
}
