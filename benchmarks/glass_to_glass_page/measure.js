// Draws a driving clip with a time code on a canvas, sends the canvas as a camera, and reads the time
// code back from the video that returns: 24 bits of milliseconds and 8 bits of check sum, in two
// rows of 16 black or white cells. Both clocks are this page's own. The corner at the bottom left
// asks the server for an echo (white), the rig alone (grey) or refined (black).

const SIDE = 512;
const CELLS = 16;
const CELL = SIDE / CELLS;
const CORNERS = { echo: "#fff", rig: "#808080", refined: "#000" };
const scene = document.getElementById("scene");
const output = document.getElementById("output");
scene.width = scene.height = SIDE;
const pen = scene.getContext("2d", { alpha: false });
const eye = document.createElement("canvas").getContext("2d", { willReadFrequently: true });

const check = (time) => ((time & 255) ^ ((time >> 8) & 255) ^ (time >> 16) ^ 0xa5) & 255;

function stamp(time) {
  for (let bit = 0; bit < 32; bit++) {
    const on = bit < 24 ? (time >> bit) & 1 : (check(time) >> (bit - 24)) & 1;
    pen.fillStyle = on ? "#fff" : "#000";
    pen.fillRect((bit % CELLS) * CELL, Math.floor(bit / CELLS) * CELL, CELL, CELL);
  }
}

function read(pixels, width) {
  const cell = width / CELLS;
  let time = 0;
  let sum = 0;
  for (let bit = 0; bit < 32; bit++) {
    const x = Math.round(((bit % CELLS) + 0.5) * cell);
    const y = Math.round((Math.floor(bit / CELLS) + 0.5) * cell);
    const on = pixels[4 * (y * width + x) + 1] > 127 ? 1 : 0;
    if (bit < 24) time |= on << bit;
    else sum |= on << (bit - 24);
  }
  return sum === check(time) ? time : null;
}

async function connect(stream) {
  const peer = new RTCPeerConnection({ iceServers: [] });
  peer.ontrack = (event) => (output.srcObject = new MediaStream([event.track]));
  peer.addTransceiver(stream.getVideoTracks()[0], { direction: "sendrecv" });
  const channel = peer.createDataChannel("stats");
  channel.onmessage = (event) => (window.stats = JSON.parse(event.data));
  await peer.setLocalDescription();
  await new Promise((done) => {
    const look = () => peer.iceGatheringState === "complete" && done();
    peer.onicegatheringstatechange = look;
    look();
  });
  const response = await fetch("/api/sessions", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ sdp: peer.localDescription.sdp, type: "offer" }),
  });
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.error);
  await peer.setRemoteDescription({ type: "answer", sdp: answer.sdp });
  return { peer, id: answer.id };
}

async function received(peer) {
  for (const entry of (await peer.getStats()).values()) {
    if (entry.type === "inbound-rtp" && entry.kind === "video") return entry.framesDecoded ?? 0;
  }
  return 0;
}

/**
 * For each of `blocks` ({kind: "echo" | "rig" | "refined", seconds}), in turn and over one
 * connection: the latencies in ms of all pictures that came back, frames a second and the server's
 * figures. `faces` are the addresses of the driving pictures.
 */
window.measure = async ({ faces, blocks, warmUp, settle, rate }) => {
  const shown = await Promise.all(
    faces.map(async (url) => createImageBitmap(await (await fetch(url)).blob())),
  );
  const stream = scene.captureStream(0);
  const [track] = stream.getVideoTracks();
  const origin = performance.now();
  const now = () => Math.round(performance.now() - origin) & 0xffffff;
  const wait = (seconds) => new Promise((done) => setTimeout(done, 1000 * seconds));
  let drawn = 0;
  let kind = blocks[0].kind;
  const draw = () => {
    const along = drawn++ % (2 * shown.length);
    const face = shown[along < shown.length ? along : 2 * shown.length - 1 - along];
    const height = SIDE - 2 * CELL; // below the time code
    const width = (height * face.width) / face.height;
    pen.fillStyle = "#777";
    pen.fillRect(0, 0, SIDE, SIDE);
    pen.drawImage(face, (SIDE - width) / 2, 2 * CELL, width, height);
    pen.fillStyle = CORNERS[kind];
    pen.fillRect(0, SIDE - CELL, CELL, CELL);
    stamp(now());
    track.requestFrame();
  };
  const clock = setInterval(draw, 1000 / rate);
  const { peer, id } = await connect(stream);
  let block = null;
  const look = () => {
    const { videoWidth: width, videoHeight: height } = output;
    if (block && width) {
      [eye.canvas.width, eye.canvas.height] = [width, Math.ceil(height / 8)];
      eye.drawImage(output, 0, 0);
      const time = read(eye.getImageData(0, 0, width, eye.canvas.height).data, width);
      if (time === null) block.misread++;
      else block.latencies.push((now() - time) & 0xffffff);
    }
    output.requestVideoFrameCallback(look);
  };
  output.requestVideoFrameCallback(look);
  await wait(warmUp);
  const found = [];
  for (const { kind: asked, seconds } of blocks) {
    kind = asked;
    await wait(settle);
    const begun = { kind, latencies: [], misread: 0 };
    const [framesBefore, drawnBefore, began] = [await received(peer), drawn, performance.now()];
    const dropsBefore = window.stats?.drops ?? 0;
    block = begun;
    await wait(seconds);
    block = null;
    const took = (performance.now() - began) / 1000;
    begun.fps = ((await received(peer)) - framesBefore) / took;
    begun.drawnFps = (drawn - drawnBefore) / took;
    begun.drops = window.stats.drops - dropsBefore;
    begun.stats = window.stats;
    found.push(begun);
  }
  clearInterval(clock);
  peer.close();
  await fetch(`/api/sessions/${id}`, { method: "DELETE" });
  return found;
};
