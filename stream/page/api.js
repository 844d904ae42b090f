/** Requests to the server, with the token of the link and errors that are sentences. */

import { asSentence } from "/assets/say.js";

const TOKEN_PLACE = "understudy.token";
const UPLOAD_MS = 120_000;
const DOWNLOAD_MS = 600_000;
const MAKING_MS = 60_000;

/** The server answered, and refused. */
export class Refused extends Error {
  constructor(message, status, retryAfterS) {
    super(message);
    this.status = status;
    this.retryAfterS = retryAfterS;
  }
}

/** No answer came. */
export class Unreachable extends Error {}

const token = takeToken();

/**
 * The token came in the address's fragment; it is kept for this tab and taken off the address bar,
 * which is on screen when a streamer shares it.
 */
function takeToken() {
  const given = new URLSearchParams(location.hash.slice(1)).get("token");
  if (!given) return sessionStorage.getItem(TOKEN_PLACE);
  sessionStorage.setItem(TOKEN_PLACE, given);
  history.replaceState(null, "", location.pathname + location.search);
  return given;
}

/** The fragment of a link that another program opens. */
export function tokenFragment() {
  return token ? `#token=${encodeURIComponent(token)}` : "";
}

/** `patienceMs` is how long an answer may take; a server that hangs is as good as none. */
export async function request(method, path, { json, body, type, keepalive, patienceMs = 20_000 } = {}) {
  const headers = {};
  if (token) headers.Authorization = `Bearer ${token}`;
  if (json !== undefined) headers["Content-Type"] = "application/json";
  if (type) headers["Content-Type"] = type;
  let response;
  try {
    response = await fetch(path, {
      method,
      headers,
      body: json === undefined ? body : JSON.stringify(json),
      keepalive,
      signal: AbortSignal.timeout(patienceMs),
      credentials: "same-origin",
      cache: "no-store",
    });
  } catch (error) {
    throw new Unreachable("The server does not answer.", { cause: error });
  }
  if (!response.ok) throw await refusal(response);
  return response;
}

async function refusal(response) {
  const wait = Number(response.headers.get("Retry-After"));
  const retryAfterS = Number.isFinite(wait) && wait > 0 ? wait : null;
  const text = await response.text();
  let sentence = "";
  try {
    sentence = JSON.parse(text).error ?? "";
  } catch {
    // Not from our server but from a proxy before it; its status is all there is to say.
  }
  const fallback = `The server refused with status ${response.status}.`;
  return new Refused(asSentence(sentence || fallback), response.status, retryAfterS);
}

const readJson = (response) => response.json();

const at = (id, rest = "") => `/api/sessions/${encodeURIComponent(id)}${rest}`;

export const listPortraits = async ({ patienceMs } = {}) =>
  readJson(await request("GET", "/api/portraits", { patienceMs }));

/** `byHand`: a picture in which no face is found is taken, too, and its points are put by hand. */
export async function addPortrait(file, { byHand = false } = {}) {
  const body = new FormData();
  body.append("file", file, file.name);
  const path = byHand ? "/api/portraits?by_hand=1" : "/api/portraits";
  return readJson(await request("POST", path, { body, patienceMs: UPLOAD_MS }));
}

/** A portrait's eight points in px of its picture; `url` is the portrait's `points`. */
export const showPoints = async (url) => readJson(await request("GET", url));
/** The lines of the face with these points; nothing is changed. */
export const tryPoints = async (url, points) => readJson(await request("POST", `${url}/fit`, { json: { points } }));
/** The portrait with these points. */
export const placePoints = async (url, points) => readJson(await request("PUT", url, { json: { points } }));

export const forgetPortrait = (id) => request("DELETE", `/api/portraits/${encodeURIComponent(id)}`);

/** An address an <img> can show: pictures behind a token are fetched, for <img> cannot send it. */
export async function pictureAddress(url) {
  if (!token) return url;
  const response = await request("GET", url);
  return URL.createObjectURL(await response.blob());
}

export const openSession = async (offer) =>
  readJson(await request("POST", "/api/sessions", { json: offer }));

export const changeSession = (id, patch) => request("PATCH", at(id), { json: patch });
export const recalibrate = (id) => request("POST", at(id, "/recalibrate"));
/** Begin one: its number among those of the session. */
export async function beginRecording(id) {
  const response = await request("POST", at(id, "/recording"), { json: { on: true } });
  const place = new URL(response.headers.get("Location") ?? "", location.href);
  return Number(place.searchParams.get("number")) || null;
}

/** End it: why it is not whole, or nothing. */
export const endRecording = async (id) =>
  (await readJson(await request("POST", at(id, "/recording"), { json: { on: false } }))).problem;

const ofRecording = (id, number) => at(id, number ? `/recording?number=${number}` : "/recording");

export const fetchRecording = async (id, number) =>
  (await request("GET", ofRecording(id, number), { patienceMs: DOWNLOAD_MS })).blob();
export const deleteRecording = (id, number) => request("DELETE", ofRecording(id, number));

/** Whether there is a finished one. */
export async function hasRecording(id, number) {
  try {
    await request("HEAD", ofRecording(id, number));
    return true;
  } catch (error) {
    if (error instanceof Refused && [404, 422].includes(error.status)) return false;
    throw error;
  }
}

/** How it goes: docs/enrolment.md says what each figure means. Whoever is on camera has consented. */
export const beginEnrolment = async (id) =>
  readJson(await request("POST", at(id, "/enrolment"), { json: { consent: true } }));
export const leadEnrolment = async (id, patch) => readJson(await request("PATCH", at(id, "/enrolment"), { json: patch }));
export const cancelEnrolment = (id) => request("DELETE", at(id, "/enrolment"));
/** The portrait. */
export const finishEnrolment = async (id, name) =>
  readJson(await request("POST", at(id, "/enrolment/portrait"), { json: { name }, patienceMs: MAKING_MS }));

export const fetchFile = async (url) => (await request("GET", url)).blob();

/** Give the place back; also while the page is being closed. */
export async function endSession(id) {
  try {
    await request("DELETE", at(id), { keepalive: true });
  } catch (error) {
    if (!(error instanceof Refused || error instanceof Unreachable)) throw error;
    // Gone already, or out of reach: the server ends sessions that nobody feeds.
  }
}
