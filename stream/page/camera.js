/** The browser's camera and microphone, or a trouble that says what to do. */

import { cameraTrouble, INSECURE, microphoneTrouble, UNSUPPORTED } from "/assets/troubles.js";

/** Wishes, never `exact`: a camera that cannot fulfil them is better than none. */
const VIDEO = { width: { ideal: 640 }, frameRate: { ideal: 30, max: 60 }, facingMode: "user" };
const AUDIO = { echoCancellation: true, noiseSuppression: true };

export function checkBrowser() {
  if (!window.isSecureContext || !navigator.mediaDevices?.getUserMedia) throw INSECURE;
  if (!window.RTCPeerConnection) throw UNSUPPORTED;
}

/** The track of the camera chosen, or of the browser's choice where the id is empty. */
export async function openCamera(id) {
  checkBrowser();
  const { facingMode, ...wishes } = VIDEO;
  const video = id ? { ...wishes, deviceId: { ideal: id } } : { ...wishes, facingMode };
  try {
    const [track] = (await navigator.mediaDevices.getUserMedia({ video })).getVideoTracks();
    track.contentHint = "motion"; // when bits are short: coarser pictures, not fewer
    return track;
  } catch (error) {
    throw cameraTrouble(error);
  }
}

export async function openMicrophone() {
  checkBrowser();
  try {
    const [track] = (await navigator.mediaDevices.getUserMedia({ audio: AUDIO })).getAudioTracks();
    return track;
  } catch (error) {
    throw microphoneTrouble(error);
  }
}

/** `[{id, name}]`; names and ids are there only once a camera has been allowed. */
export async function listCameras() {
  if (!navigator.mediaDevices?.enumerateDevices) return [];
  const devices = await navigator.mediaDevices.enumerateDevices();
  const cameras = devices.filter(({ kind, deviceId }) => kind === "videoinput" && deviceId);
  return cameras.map(({ deviceId, label }, at) => ({ id: deviceId, name: label || `Camera ${at + 1}` }));
}
