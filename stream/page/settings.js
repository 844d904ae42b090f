/** What the user can set: `settings` belong to the server's session, `preferences` to this browser. */

export const MODES = ["expression", "pose", "both"];

export const FACTORS = {
  lips: "Lips",
  gaze: "Gaze",
  blink: "Blink",
  emotion: "Emotion",
  pose: "Head pose",
};

export const GAIN = { least: 0, most: 2, step: 0.05, usual: 1 };

export const DEFAULT_SETTINGS = Object.freeze({
  mode: "both",
  gains: Object.fromEntries(Object.keys(FACTORS).map((factor) => [factor, GAIN.usual])),
  mirror_output: false,
  paused: false,
  freeze_pose: false,
  gaze_to_camera: false,
  voice_lips: false,
});

export const DEFAULT_PREFERENCES = Object.freeze({
  mirrorPreview: true, // people know themselves from mirrors; what is sent stays as it is
  showStats: false,
  shortcuts: true,
  cameraId: "",
  microphone: false,
  hearBack: false,
});

const KEPT_SETTINGS = ["mode", "gains", "mirror_output", "gaze_to_camera", "voice_lips"];
const KEPT_PREFERENCES = ["mirrorPreview", "showStats", "shortcuts", "cameraId"];
const PLACE = "understudy.kept";

/** What the last visit left; a held picture or an open microphone does not outlive a visit. */
export function recall() {
  const kept = readKept();
  const settings = { ...DEFAULT_SETTINGS, ...pick(kept.settings, KEPT_SETTINGS) };
  return {
    settings: checked({ ...settings, gains: { ...DEFAULT_SETTINGS.gains, ...settings.gains } }),
    preferences: { ...DEFAULT_PREFERENCES, ...pick(kept.preferences, KEPT_PREFERENCES) },
  };
}

export function keep({ settings, preferences }) {
  const kept = {
    settings: pick(settings, KEPT_SETTINGS),
    preferences: pick(preferences, KEPT_PREFERENCES),
  };
  try {
    localStorage.setItem(PLACE, JSON.stringify(kept));
  } catch {
    // Storage is full or forbidden (private windows): the choices last for this visit only.
  }
}

/** Only what this page knows and the server would take; an older page may have kept other things. */
export function checked(settings) {
  const gains = {};
  for (const factor of Object.keys(FACTORS)) {
    const gain = Number(settings.gains?.[factor]);
    const known = Number.isFinite(gain) && gain >= GAIN.least && gain <= GAIN.most;
    gains[factor] = known ? gain : GAIN.usual;
  }
  const switches = ["mirror_output", "paused", "freeze_pose", "gaze_to_camera", "voice_lips"];
  return {
    mode: MODES.includes(settings.mode) ? settings.mode : DEFAULT_SETTINGS.mode,
    gains,
    ...Object.fromEntries(switches.map((name) => [name, settings[name] === true])),
  };
}

function pick(source, names) {
  return Object.fromEntries(names.filter((name) => source?.[name] != null).map((name) => [name, source[name]]));
}

function readKept() {
  try {
    return JSON.parse(localStorage.getItem(PLACE) ?? "{}") ?? {};
  } catch {
    return {};
  }
}
