/** What went wrong, as a title and what to do about it. */

import { Refused, Unreachable } from "/assets/api.js";

/** A trouble with its words already found. */
export class Trouble extends Error {
  constructor(title, text, { cause } = {}) {
    super(text, { cause });
    this.title = title;
  }
}

/** `{title, text}` of any error that starting, or staying connected, may meet. */
export function explain(error) {
  if (error instanceof Trouble) return { title: error.title, text: error.message };
  if (error instanceof Unreachable) return UNREACHABLE;
  if (error instanceof Refused) return explainRefusal(error);
  return { title: "Something went wrong in this page", text: `${error.message ?? error}. Reload the page.` };
}

const UNREACHABLE = {
  title: "The server does not answer",
  text: "Is it still running? Start it again with “understudy serve”, then try again.",
};

function explainRefusal({ status, message }) {
  if (status === 401 || status === 403) {
    return {
      title: "This link is not complete",
      text: `${message} Open the link that “understudy serve” printed, with all that follows the #.`,
    };
  }
  if (status === 503) return { title: "The server is full", text: message };
  return { title: "The server refused", text: message };
}

/** Whether waiting may help. */
export function mayPass(error) {
  if (error instanceof Unreachable || error instanceof Trouble) return true;
  return error instanceof Refused && (error.status >= 500 || error.status === 429 || error.status === 404);
}

const CAMERA_TROUBLES = {
  NotAllowedError: [
    "The camera is blocked",
    "Allow the camera for this page: press the camera or lock sign in the address bar, allow it, then try again. The system's own privacy settings may block it too.",
  ],
  NotFoundError: ["No camera was found", "Connect one, or switch it on, then try again."],
  NotReadableError: [
    "The camera is busy",
    "Another program holds it. Close that program, or choose another camera in the controls, then try again.",
  ],
  AbortError: ["The camera could not be started", "Unplug it and plug it in again, then try again."],
  OverconstrainedError: ["The camera cannot do this", "Choose another camera in the controls, then try again."],
};

export function cameraTrouble(error) {
  const [title, text] = CAMERA_TROUBLES[error.name] ?? ["The camera could not be started", error.message];
  return new Trouble(title, text, { cause: error });
}

export function microphoneTrouble(error) {
  const blocked = error.name === "NotAllowedError";
  const text = blocked
    ? "The microphone is blocked. Allow it for this page in the address bar, then switch it on again."
    : "No microphone could be opened. Connect one, then switch it on again.";
  return new Trouble("No microphone", text, { cause: error });
}

export const INSECURE = new Trouble(
  "This page may not use a camera",
  "Browsers allow cameras over https, or on the machine that runs Understudy. There, open http://127.0.0.1 with this page's port; elsewhere, serve it over https.",
);

export const UNSUPPORTED = new Trouble(
  "This browser cannot do it",
  "It has no WebRTC. Use a current Chrome, Edge, Firefox or Safari.",
);
