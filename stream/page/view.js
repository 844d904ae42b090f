/** The bare picture of a session, received by WHEP, for OBS's Browser source. Never stops trying. */

import { Refused, request, Unreachable } from "/assets/api.js";
import { find } from "/assets/dom.js";
import { createPatience, delayMs } from "/assets/retries.js";

const GATHER_MS = 1000;
const session = new URLSearchParams(location.search).get("session");
const source = session ? `/whep/${encodeURIComponent(session)}` : "/whep"; // which says what is missing
const output = find("#output");
const patience = createPatience();
const never = new AbortController().signal;
let resource = null;

const say = (text) => (find("#state").textContent = text);

/** Play until the connection breaks. */
async function play() {
  const peer = new RTCPeerConnection({ iceServers: [] });
  const stream = new MediaStream();
  for (const kind of ["video", "audio"]) peer.addTransceiver(kind, { direction: "recvonly" });
  peer.ontrack = ({ track }) => {
    stream.addTrack(track);
    // The last picture of an earlier connection stays until a new one comes.
    if (track.kind === "video") track.onunmute = () => show(stream);
  };
  try {
    await peer.setLocalDescription();
    await Promise.race([gathered(peer), new Promise((resolve) => setTimeout(resolve, GATHER_MS))]);
    const response = await request("POST", source, {
      body: peer.localDescription.sdp,
      type: "application/sdp",
    });
    resource = response.headers.get("Location");
    await peer.setRemoteDescription({ type: "answer", sdp: await response.text() });
    await broken(peer);
  } finally {
    peer.close();
    giveBack();
  }
}

function show(stream) {
  say("Playing");
  if (output.srcObject === stream) return;
  output.srcObject = stream;
  // OBS allows sound at once; other browsers only after a click, but pictures always.
  output.play().catch(() => {
    output.muted = true;
    return output.play();
  });
}

function gathered(peer) {
  return new Promise((resolve) => {
    const look = () => peer.iceGatheringState === "complete" && resolve();
    peer.addEventListener("icegatheringstatechange", look);
    look();
  });
}

function broken(peer) {
  return new Promise((resolve) => {
    peer.addEventListener("connectionstatechange", () => {
      if (["failed", "closed", "disconnected"].includes(peer.connectionState)) resolve();
    });
  });
}

function giveBack() {
  if (resource) request("DELETE", resource, { keepalive: true }).catch(() => {}); // gone already
  resource = null;
}

addEventListener("pagehide", giveBack);
addEventListener("online", () => patience.hurry());
for (let attempt = 0; ; attempt++) {
  const began = performance.now();
  try {
    await play();
    say("Connection lost");
  } catch (error) {
    if (!(error instanceof Refused || error instanceof Unreachable)) throw error;
    say(error.message);
  }
  if (performance.now() - began > 10_000) attempt = 0;
  await patience.wait(delayMs(attempt), never);
}
