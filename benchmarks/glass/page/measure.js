/**
 * Draws a driving clip with a time code on a canvas, sends the canvas as a camera, and reads the
 * time code back from the video that returns. The corner at the bottom left asks the server for an
 * echo (white), the rig alone (grey) or the model as it is (black).
 */

import { call, received } from "/assets/call.js";
import { drawStrip, nowMs, sinceMs, stripReader } from "/assets/strip.js";

const CORNERS = { echo: "#fff", unrefined: "#808080", model: "#000" };
const CELLS = 16;
const SOON_S = 30;
const scene = document.getElementById("scene");
const output = document.getElementById("output");
const wait = (seconds) => new Promise((done) => setTimeout(done, 1000 * seconds));

/** The canvas as a camera: `size` pixels, `rate` a second, showing `faces` there and back. */
class Scene {
  kind = "echo";
  drawn = 0;

  constructor({ faces, size, rate }) {
    scene.width = scene.height = this.size = size;
    this.faces = faces;
    this.pen = scene.getContext("2d", { alpha: false });
    [this.track] = scene.captureStream(0).getVideoTracks();
    this.clock = setInterval(() => this.draw(), 1000 / rate);
  }

  draw() {
    const { pen, size, faces } = this;
    const cell = size / CELLS;
    const along = this.drawn++ % (2 * faces.length);
    const face = faces[along < faces.length ? along : 2 * faces.length - 1 - along];
    const height = size - 2 * cell; // below the time code
    const width = (height * face.width) / face.height;
    pen.fillStyle = "#777";
    pen.fillRect(0, 0, size, size);
    pen.drawImage(face, (size - width) / 2, 2 * cell, width, height);
    pen.fillStyle = CORNERS[this.kind];
    pen.fillRect(0, size - cell, cell, cell);
    drawStrip(pen, size, nowMs());
    this.track.requestFrame();
  }

  stop() {
    clearInterval(this.clock);
    this.track.stop();
  }
}

/** Reads every picture that `output` shows; what it saw belongs to the block of the moment. */
class Watcher {
  block = null;
  #last = null;

  constructor() {
    const read = stripReader(output);
    const look = () => {
      if (this.block && output.videoWidth) this.#note(read(), nowMs());
      if (!this.stopped) output.requestVideoFrameCallback(look);
    };
    output.requestVideoFrameCallback(look);
  }

  #note(code, now) {
    const { block } = this;
    if (code === null) block.misread++;
    else if (code === this.#last) block.repeated++;
    else {
      block.latencies.push(sinceMs(code, now));
      block.at.push(performance.now() - block.began);
    }
    this.#last = code ?? this.#last;
  }

  /** Watch for so long: {latencies, at, misread, repeated}. */
  async watch(kind, seconds) {
    const block = { kind, latencies: [], at: [], misread: 0, repeated: 0, began: performance.now(), wallS: Date.now() / 1000 };
    this.block = block;
    await wait(seconds);
    this.block = null;
    block.seconds = (performance.now() - block.began) / 1000;
    return block;
  }

  stop() {
    this.stopped = true;
  }
}

const bitmaps = (faces) =>
  Promise.all(faces.map(async (url) => createImageBitmap(await (await fetch(url)).blob())));

/** The measurement's own part: the page shows its canvas to itself, with no server between. */
window.measureOwn = async ({ faces, size, rate, seconds, warmUp }) => {
  const scene = new Scene({ faces: await bitmaps(faces), size, rate });
  output.srcObject = new MediaStream([scene.track]);
  const watcher = new Watcher();
  await wait(warmUp);
  const block = await watcher.watch("own", seconds);
  watcher.stop();
  scene.stop();
  output.srcObject = null;
  return block;
};

/**
 * For each of `blocks` ({kind: "echo" | "unrefined" | "model", seconds}), in turn and over one
 * connection: the delay in ms of every picture that came back and when it did, frames a second,
 * the server's figures. `faces` are the addresses of the driving pictures.
 */
window.measure = async ({ faces, size, rate, codec, blocks, warmUp, settle }) => {
  const scene = new Scene({ faces: await bitmaps(faces), size, rate });
  const { peer, heard, end } = await call(scene.track, output, codec);
  const watcher = new Watcher();
  await firstPicture();
  window.state = "connected"; // whoever changes the network meanwhile looks at it
  await wait(warmUp);
  const found = [];
  for (const { kind, seconds } of blocks) {
    scene.kind = kind;
    await wait(settle);
    const [before, drawn, drops] = [await received(peer), scene.drawn, heard.stats?.drops ?? 0];
    window.state = "measuring";
    const block = await watcher.watch(kind, seconds);
    const took = block.seconds;
    const after = await received(peer);
    found.push({
      ...block,
      fps: (after.decoded - before.decoded) / took,
      drawnFps: (scene.drawn - drawn) / took,
      drops: (heard.stats?.drops ?? 0) - drops,
      codec: after.codec,
      received: after,
      stats: heard.stats,
    });
  }
  watcher.stop();
  scene.stop();
  await end();
  return found;
};

async function firstPicture() {
  const latest = performance.now() + 1000 * SOON_S;
  while (!output.videoWidth) {
    if (performance.now() > latest) throw new Error(`no picture came back within ${SOON_S} s`);
    await wait(0.1);
  }
}
window.ready = true;
