/** The page put together: which part hears of what. */

import { fetchFile, tokenFragment } from "/assets/api.js";
import { setUpAwake } from "/assets/awake.js";
import { checkBrowser } from "/assets/camera.js";
import { setUpControls } from "/assets/controls.js";
import { find, setIcon } from "/assets/dom.js";
import { download } from "/assets/download.js";
import { setUpDrawer } from "/assets/drawer.js";
import { Guide } from "/assets/guide.js";
import { setUpHud } from "/assets/hud.js";
import { setUpKeys } from "/assets/keys.js";
import { merge } from "/assets/patches.js";
import { Points } from "/assets/points.js";
import { Portraits } from "/assets/portraits.js";
import { Recording } from "/assets/recording.js";
import { toast } from "/assets/say.js";
import { Session } from "/assets/session.js";
import { keep, MODES, recall } from "/assets/settings.js";
import { setUpStage, showTrack } from "/assets/stage.js";
import { createStore } from "/assets/store.js";
import { explain } from "/assets/troubles.js";
import { watchName } from "/assets/watch.js";

const store = createStore({
  phase: "idle", // idle, asking, connecting, live, reconnecting
  notice: null,
  retryAt: null,
  clock: Date.now(),
  portraits: [],
  portraitId: null,
  swappingTo: null,
  cameras: [],
  cameraTrack: null,
  microphoneOn: false,
  recordingSince: null,
  stats: null,
  glassToGlass: null,
  shownFps: null,
  ...recall(),
});

const recording = new Recording(store);
const session = new Session(store, {
  onTrack: showTrack,
  beforeEnd: (id) => recording.finish(id),
  beforeRetry: (patienceMs) => portraits.restore(patienceMs),
});
const points = new Points();
const portraits = new Portraits(store, (id) => session.change({ portrait: id }), (portrait, picture) => points.adjust(portrait, picture));
new Guide(store, session, portraits, { save: savePortrait });

/** Do it; what goes wrong becomes a message. */
async function attempt(act) {
  try {
    await act();
  } catch (error) {
    toast(explain(error).text, { isTrouble: true });
  }
}

/** Show a change at once, and take it back where the server refuses it. */
async function change(patch) {
  const before = store.get().settings;
  store.set({ settings: merge(before, patch) });
  try {
    await session.change(patch);
  } catch (error) {
    const undone = Object.fromEntries(Object.keys(patch).map((name) => [name, before[name]]));
    store.set({ settings: merge(store.get().settings, undone) });
    toast(explain(error).text, { isTrouble: true });
  }
}

function prefer(patch) {
  store.set({ preferences: { ...store.get().preferences, ...patch } });
}

const flip = (setting) => change({ [setting]: !store.get().settings[setting] });
const flipPreference = (name) => prefer({ [name]: !store.get().preferences[name] });
const startOrStop = () => (store.get().phase === "idle" ? session.start() : session.stop());
const record = () => session.id && recording.toggle(session.id);
const nextMode = () => change({ mode: MODES[(MODES.indexOf(store.get().settings.mode) + 1) % MODES.length] });

async function recalibrate() {
  if (!session.id) return;
  await attempt(async () => {
    await session.recalibrate();
    toast("Recalibrating: look straight ahead with a relaxed face.");
  });
}

async function toggleFullScreen() {
  if (document.fullscreenElement) return document.exitFullscreen();
  const frame = find("#frame");
  if (frame.requestFullscreen) return frame.requestFullscreen();
  return find("#output").webkitEnterFullscreen?.(); // iPhones show only a video full screen
}

/** Bring a filmed portrait to the user; it has its name in the file's. */
async function savePortrait({ name, file }) {
  await attempt(async () => {
    download(await fetchFile(file), `${name}.portrait`);
    toast(`${name} is saved with your downloads.`);
  });
}

async function copyViewLink() {
  const link = `${location.origin}/view?session=${watchName()}${tokenFragment()}`;
  await navigator.clipboard.writeText(link);
  toast("Copied. In OBS, add a Browser source and paste it as its URL.");
}

async function load() {
  try {
    checkBrowser();
    await portraits.load();
    store.set({ notice: null });
    recording.offerUnsaved(); // not awaited: it lasts until the user has decided
  } catch (error) {
    store.set({ notice: { ...explain(error), action: "reload" } });
  }
}

const actions = {
  start: () => session.start(),
  retry: () => session.retryNow(),
  camera: () => session.devices.changeCamera(),
  reload: load,
};

setUpStage(store, (name) => actions[name]());
setUpControls(store, { change, prefer });
setUpHud(store, session);
setUpDrawer();
setUpAwake(store);
setUpKeys(
  [
    { key: "S", says: "Start or stop", act: startOrStop },
    { key: "C", says: "Recalibrate", act: recalibrate },
    { key: "E", says: "Next of expression, head pose, both", act: nextMode },
    { key: "P", says: "Pause the picture", act: () => flip("paused") },
    { key: "H", says: "Freeze the head", act: () => flip("freeze_pose") },
    { key: "G", says: "Look into the camera", act: () => flip("gaze_to_camera") },
    { key: "T", says: "Show my own teeth", act: () => flip("driver_teeth") },
    { key: "L", says: "Lips by voice while the mouth is hidden", act: () => flip("voice_lips") },
    { key: "V", says: "Mirror my preview", act: () => flipPreference("mirrorPreview") },
    { key: "X", says: "Mirror the output", act: () => flip("mirror_output") },
    { key: "M", says: "Microphone", act: () => flipPreference("microphone") },
    { key: "R", says: "Record, or save the recording", act: record },
    { key: "F", says: "Full screen", act: () => attempt(toggleFullScreen) },
    { key: "I", says: "Measured figures", act: () => flipPreference("showStats") },
    { key: "U", says: "Add a portrait", act: () => find("#portrait-add").click() },
    { key: "1", shown: "1-9", says: "Choose a portrait", act: () => portraits.chooseNumber(1) },
    ...[2, 3, 4, 5, 6, 7, 8, 9].map((number) => ({ key: String(number), act: () => portraits.chooseNumber(number) })),
  ],
  () => store.get().preferences.shortcuts,
);

for (const [id, act] of Object.entries({
  start: startOrStop,
  pause: () => flip("paused"),
  record,
  recalibrate,
  microphone: () => flipPreference("microphone"),
  fullscreen: () => attempt(toggleFullScreen),
  stats: () => flipPreference("showStats"),
  "portrait-save": () => savePortrait(store.get().portraits.find(({ id }) => id === store.get().portraitId)),
  "copy-view": () => attempt(copyViewLink),
})) {
  find(`#${id}`).addEventListener("click", act);
}

store.watch((state) => state.stats, (stats) => stats && session.id && recording.hear(stats.recording, session.id));
store.watch((state) => state.settings, () => keep(store.get()));
store.watch((state) => state.preferences, () => keep(store.get()));
store.watch((state) => state.preferences.cameraId, () => session.devices.changeCamera());
store.watch((state) => state.preferences.microphone, async (isWanted) => {
  const button = find("#microphone");
  button.setAttribute("aria-pressed", String(isWanted));
  setIcon(button, isWanted ? "microphone" : "microphone-off");
  if (!store.get().cameraTrack) return; // opened with the camera, when the session starts
  try {
    await session.devices.setMicrophone(isWanted);
  } catch (error) {
    prefer({ microphone: false });
    toast(explain(error).text, { isTrouble: true });
  }
});
store.watch((state) => state.preferences.hearBack, (isWanted) => (find("#sound").muted = !isWanted));
setInterval(() => store.set({ clock: Date.now() }), 500);
await load();
