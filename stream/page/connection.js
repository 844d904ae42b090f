/** One WebRTC connection: camera up, portrait down, sound both ways, and the server's figures. */

import { endSession, openSession } from "/assets/api.js";
import { Trouble } from "/assets/troubles.js";
import { watchName } from "/assets/watch.js";

const GATHER_MS = 2000; // without STUN all candidates are local: milliseconds
const CONNECT_MS = 12_000;

const NO_WAY = new Trouble(
  "The picture does not get through",
  "The server answers, but no video connection comes about. A firewall or VPN may block UDP between this browser and the server.",
);

/**
 * Connect, and resolve once media can flow.
 *
 * `camera` is a track; `microphone` one or null: the sound's line is offered always, so that a
 * microphone can join later without another offer. `session` is the id of one to take up again; if
 * it has ended meanwhile, the server gives a new one.
 */
export async function connect({ camera, microphone, portrait, settings, session, signal, onStats, onTrack }) {
  const peer = new RTCPeerConnection({ iceServers: [] });
  const video = peer.addTransceiver(camera, { direction: "sendrecv" });
  const audio = peer.addTransceiver(microphone ?? "audio", { direction: "sendrecv" });
  const channel = peer.createDataChannel("stats");
  channel.onmessage = ({ data }) => onStats(JSON.parse(data));
  peer.ontrack = ({ track }) => onTrack(track);
  let id = null;
  const close = () => {
    channel.onclose = null;
    peer.onconnectionstatechange = null;
    peer.close();
  };
  try {
    await peer.setLocalDescription();
    await gathered(peer);
    const { type, sdp } = peer.localDescription;
    const answer = await openSession({
      type, sdp, settings, watch: watchName(), ...(portrait ? { portrait } : {}), ...(session ? { session } : {}),
    });
    id = answer.id; // from here on the server holds a place, given back below if this fails
    signal.throwIfAborted();
    await peer.setRemoteDescription({ type: answer.type, sdp: answer.sdp });
    await connected(peer, signal);
    return { id, peer, channel, video: video.sender, audio: audio.sender, close };
  } catch (error) {
    close();
    if (id && id !== session) await endSession(id);
    throw error;
  }
}

function gathered(peer) {
  return new Promise((resolve) => {
    const finish = () => {
      clearTimeout(timer);
      peer.onicegatheringstatechange = null;
      resolve();
    };
    const timer = setTimeout(finish, GATHER_MS);
    const look = () => peer.iceGatheringState === "complete" && finish();
    peer.onicegatheringstatechange = look;
    look();
  });
}

function connected(peer, signal) {
  return new Promise((resolve, reject) => {
    const settle = (act, value) => {
      clearTimeout(timer);
      signal.removeEventListener("abort", abort);
      peer.onconnectionstatechange = null;
      act(value);
    };
    const abort = () => settle(reject, signal.reason);
    const timer = setTimeout(() => settle(reject, NO_WAY), CONNECT_MS);
    const look = () => {
      if (peer.connectionState === "connected") settle(resolve);
      if (peer.connectionState === "failed") settle(reject, NO_WAY);
    };
    peer.onconnectionstatechange = look;
    signal.addEventListener("abort", abort);
    look();
  });
}
