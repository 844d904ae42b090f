/** The large picture and the camera beside it, with what is to be said over them. */

import { find, setIcon } from "/assets/dom.js";
import { announce, asSentence, toast } from "/assets/say.js";

const FACE_PATIENCE_MS = 800; // a blink of the tracker is not worth a word

const ACTIONS = { start: "Try again", retry: "Try now", camera: "Try again", reload: "Reload" };

/** `act(name)` does what a notice's button says. */
export function setUpStage(store, act) {
  const output = find("#output");
  output.addEventListener("loadeddata", () => {
    output.classList.add("ready");
    find("#last").hidden = true;
  });
  output.addEventListener("emptied", () => output.classList.remove("ready"));
  output.addEventListener("resize", () => setRatio(output.videoWidth, output.videoHeight));
  find("#still").addEventListener("load", ({ target }) => {
    if (store.get().phase === "idle") setRatio(target.naturalWidth, target.naturalHeight);
  });
  find("#notice-action").addEventListener("click", () => act(store.get().notice.action));

  store.watch((state) => state.phase, (phase) => showPhase(phase));
  store.watch((state) => state.notice, showNotice);
  store.watch((state) => state.cameraTrack, showCamera);
  store.watch((state) => state.preferences.mirrorPreview, (on) => find("#camera").classList.toggle("mirrored", on));
  store.watch(statusOf, (text) => (find("#status-text").textContent = text));
  watchFlag(store);
  // Said once: a line that stays would cover the picture. The size stays in the status.
  store.watch((state) => state.stats?.quality?.reason, (reason, { stats }) => {
    if (reason) toast(`${asSentence(reason)} The picture has ${stats.quality.size} now, and gets sharper when there is room.`);
  });
}

/** Show what comes back; called for each track of a connection. */
export function showTrack(track) {
  if (track.kind === "audio") {
    find("#sound").srcObject = new MediaStream([track]);
    return;
  }
  track.onunmute = () => (find("#output").srcObject = new MediaStream([track]));
}

function setRatio(width, height) {
  if (width && height) find("#frame").style.setProperty("--ratio", String(width / height));
}

function showPhase(phase) {
  find("#status").dataset.phase = phase;
  find("#frame").dataset.phase = phase;
  const start = find("#start");
  const isIdle = phase === "idle";
  setIcon(start, isIdle ? "play" : "stop");
  find("span", start).textContent = isIdle ? "Start" : "Stop";
  start.classList.toggle("running", !isIdle);
  if (isIdle) {
    find("#output").srcObject = find("#sound").srcObject = null;
    find("#last").hidden = true;
    setRatio(find("#still").naturalWidth, find("#still").naturalHeight);
  }
  if (phase === "reconnecting") keepLastPicture();
  if (phase === "live") announce("Live. The portrait follows you.");
  if (phase === "reconnecting") announce("Connection lost. Reconnecting.");
}

/** A video goes black when its connection closes; its last picture stays until a new one comes. */
function keepLastPicture() {
  const [output, last] = [find("#output"), find("#last")];
  if (!output.videoWidth) return;
  last.width = output.videoWidth;
  last.height = output.videoHeight;
  last.getContext("2d").drawImage(output, 0, 0);
  last.hidden = false;
}

function showNotice(notice) {
  find("#notice").hidden = !notice;
  if (!notice) return;
  find("#notice-title").textContent = notice.title;
  find("#notice-text").textContent = notice.text;
  find("#notice-action").hidden = !notice.action;
  find("#notice-action").textContent = ACTIONS[notice.action] ?? "";
}

function showCamera(track) {
  find("#camera").srcObject = track ? new MediaStream([track]) : null;
  find("#camera-card").classList.toggle("on", Boolean(track));
}

function statusOf({ phase, stats, shownFps, glassToGlass, notice, clock, retryAt }) {
  switch (phase) {
    case "asking": return "Waiting for the camera";
    case "connecting": return "Connecting";
    case "reconnecting": return retryAt ? `Reconnecting in ${Math.max(0, Math.ceil((retryAt - clock) / 1000))} s` : "Reconnecting";
    case "live": return liveStatus(stats, shownFps, glassToGlass);
    default: return notice ? "Stopped" : "Ready";
  }
}

function liveStatus(stats, shownFps, glassToGlass) {
  const parts = [
    "Live",
    shownFps && `${shownFps.toFixed(0)} fps`,
    glassToGlass && `${glassToGlass.p50.toFixed(0)} ms`,
    stats?.quality?.reason && `${stats.quality.size} px`,
  ];
  return parts.filter(Boolean).join(" · ");
}

/** One short line at the foot of the picture: the most important thing to know now. */
function watchFlag(store) {
  let timer = null;
  let isFaceMissed = false;
  const show = () => {
    const text = flagOf(store.get(), isFaceMissed);
    find("#flag").hidden = !text;
    find("#flag").textContent = text ?? "";
  };
  store.watch(
    ({ phase, stats }) => phase === "live" && stats?.face === false,
    (isMissing) => {
      clearTimeout(timer);
      if (!isMissing && isFaceMissed) announce("Your face is in view again.");
      isFaceMissed = false;
      if (isMissing) {
        timer = setTimeout(() => {
          isFaceMissed = true;
          announce("No face in view. Come into the picture, facing the camera.");
          show();
        }, FACE_PATIENCE_MS);
      }
      show();
    },
  );
  store.watch((state) => flagOf(state, isFaceMissed), show);
}

function flagOf({ phase, settings, notice }, isFaceMissed) {
  if (notice) return null;
  if (phase === "asking") return "Allow the camera in your browser";
  if (phase === "connecting") return "Connecting";
  if (phase === "reconnecting") return "Connection lost. Reconnecting";
  if (phase !== "live") return null;
  if (settings.paused) return "Paused";
  if (isFaceMissed) return "No face in view";
  return null;
}
