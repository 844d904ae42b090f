/** One call: a track up, the picture back, and the server's figures. */

/** Send `track`, show what returns in `output`; `codec` (H264, VP8) is the only one offered. */
export async function call(track, output, codec) {
  const peer = new RTCPeerConnection({ iceServers: [] });
  const heard = { stats: null };
  peer.ontrack = (event) => (output.srcObject = new MediaStream([event.track]));
  const video = peer.addTransceiver(track, { direction: "sendrecv" });
  if (codec) offerOnly(video, codec);
  const channel = peer.createDataChannel("stats");
  channel.onmessage = (event) => (heard.stats = JSON.parse(event.data));
  await peer.setLocalDescription();
  await new Promise((done) => {
    const look = () => peer.iceGatheringState === "complete" && done();
    peer.onicegatheringstatechange = look;
    look();
  });
  const response = await fetch("/api/sessions", {
    method: "POST",
    headers: { "Content-Type": "application/json", ...authorization() },
    body: JSON.stringify({ sdp: peer.localDescription.sdp, type: "offer" }),
  });
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.error);
  await peer.setRemoteDescription({ type: "answer", sdp: answer.sdp });
  const end = async () => {
    peer.close();
    await fetch(`/api/sessions/${answer.id}`, { method: "DELETE", headers: authorization() });
  };
  return { peer, id: answer.id, heard, end };
}

/** The token came in the address's fragment. */
export function authorization() {
  const token = new URLSearchParams(location.hash.slice(1)).get("token");
  return token ? { Authorization: `Bearer ${token}` } : {};
}

function offerOnly(transceiver, codec) {
  const known = RTCRtpReceiver.getCapabilities("video").codecs;
  const chosen = known.filter(({ mimeType }) => mimeType === `video/${codec}`);
  if (!chosen.length) throw new Error(`this browser has no ${codec}`);
  const helpers = known.filter(({ mimeType }) => mimeType === "video/rtx");
  transceiver.setCodecPreferences([...chosen, ...helpers]);
}

/** What the browser knows of the picture that returns: frames decoded, codec, own delays. */
export async function received(peer) {
  const reports = await peer.getStats();
  const found = { decoded: 0, dropped: 0, codec: null, freezes: 0, lost: 0, nacks: 0, plis: 0 };
  for (const entry of reports.values()) {
    if (entry.type !== "inbound-rtp" || entry.kind !== "video") continue;
    found.decoded = entry.framesDecoded ?? 0;
    found.dropped = entry.framesDropped ?? 0;
    found.freezes = entry.freezeCount ?? 0;
    found.lost = entry.packetsLost ?? 0;
    found.nacks = entry.nackCount ?? 0;
    found.plis = entry.pliCount ?? 0;
    found.codec = reports.get(entry.codecId)?.mimeType ?? null;
  }
  return found;
}
