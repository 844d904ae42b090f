/** The page of `understudy bench camera`: shows the code, sends what films it, reads what returns. */

import { authorization, call } from "/assets/call.js";
import { drawCode, TICK_MS, TICKS } from "/assets/code.js";
import { stripReader } from "/assets/strip.js";

const KINDS = { echo: 0, model: 1 };
const LOCKED = 0.5; // of the returned pictures of the last second carry a code that was read
const STALE_MS = 5000; // an older code is a wrong one
const FACE_MS = 1000 / 30;
const SHEET = { side: 192, columns: 10, count: 60 };
const find = (id) => document.getElementById(id);
const wait = (ms) => new Promise((done) => setTimeout(done, ms));
const quantile = (values, share) => [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(share * values.length))];

const asked = await (await fetch("/api/asked", { headers: authorization() })).json();
const turns = Array.from({ length: asked.rounds }, () => asked.kinds).flat();
find("lasts").textContent = `${Math.ceil((turns.length * (asked.seconds + asked.settle)) / 5) * 5} seconds`;

/** The code on the screen, and when each tick of it was put there. */
const screen = {
  kind: "echo",
  shownAt: new Map(),
  refreshes: [],
  last: null,
  start() {
    const pen = find("code").getContext("2d", { alpha: false });
    const face = find("face").getContext("2d", { alpha: false });
    const sheet = new Image();
    sheet.src = "/assets/faces.jpg";
    let [tick, before] = [null, null];
    const draw = () => {
      const now = performance.now();
      if (before !== null) this.refreshes.push(now - before);
      before = now;
      const due = Math.floor(now / TICK_MS) % TICKS;
      if (due !== tick) {
        tick = due;
        drawCode(pen, tick, KINDS[this.kind]);
        this.shownAt.set(tick, performance.now());
      }
      if (sheet.complete) drawFace(face, sheet, Math.floor(now / FACE_MS));
      requestAnimationFrame(draw);
    };
    requestAnimationFrame(draw);
  },
};

function drawFace(pen, sheet, number) {
  const { side, columns, count } = SHEET;
  const along = number % (2 * count);
  const place = along < count ? along : 2 * count - 1 - along;
  const [x, y] = [(place % columns) * side, Math.floor(place / columns) * side];
  pen.drawImage(sheet, x, y, side, side, 0, 0, pen.canvas.width, pen.canvas.height);
}

/** What returns: every picture is read, and belongs to the turn of the moment. */
const returned = {
  turn: null,
  recent: [],
  last: null,
  start() {
    const output = find("output");
    const read = stripReader(output);
    const look = () => {
      if (output.videoWidth) this.note(read(), performance.now());
      output.requestVideoFrameCallback(look);
    };
    output.requestVideoFrameCallback(look);
  },
  note(tick, now) {
    const late = tick === null ? null : now - (screen.shownAt.get(tick) ?? -Infinity);
    const isRead = late !== null && late < STALE_MS;
    this.recent = [...this.recent.filter(([at]) => at > now - 1000), [now, isRead]];
    if (!this.turn) return;
    if (tick === null) this.turn.unread++;
    else if (!isRead) this.turn.misread++;
    else if (tick === this.last) this.turn.repeated++;
    else {
      this.turn.latencies.push(late);
      this.turn.at.push(now - this.turn.began);
    }
    this.last = tick ?? this.last;
  },
  share() {
    const good = this.recent.filter(([, isRead]) => isRead).length;
    return this.recent.length < 5 ? 0 : good / this.recent.length;
  },
};

function say(text, kind, detail = "") {
  find("status").textContent = text;
  find("status").dataset.is = kind;
  find("detail").textContent = detail;
}

const TROUBLES = {
  NotAllowedError: "The camera is blocked. Allow it for this page, by the camera or lock sign in the address bar, and press Start again.",
  NotFoundError: "No camera was found. Connect one, and press Start again.",
  NotReadableError: "Another program holds the camera. Close that, and press Start again.",
};

/** The camera as it is: nothing that a browser could do to its picture takes time. */
const openCamera = (id) =>
  navigator.mediaDevices.getUserMedia({
    video: { width: { ideal: asked.width }, height: { ideal: asked.height }, frameRate: { ideal: 60 }, ...(id ? { deviceId: { exact: id } } : {}) },
  });

async function begin() {
  find("problem").hidden = true;
  let stream;
  try {
    stream = await openCamera();
  } catch (error) {
    find("problem").textContent = TROUBLES[error.name] ?? `The camera could not be started: ${error.message}`;
    find("problem").hidden = false;
    return;
  }
  document.body.dataset.stage = "during";
  find("camera").srcObject = stream;
  screen.start();
  const { peer, end } = await call(stream.getVideoTracks()[0], find("output"), null);
  await listCameras(peer, stream);
  returned.start();
  if (document.body.classList.contains("phone")) return sayForPhone();
  const found = [];
  for (const kind of turns) found.push(await watched(kind, found.length));
  await end();
  await finish(found, find("camera").srcObject.getVideoTracks()[0].getSettings());
  for (const track of find("camera").srcObject.getTracks()) track.stop();
}

async function watched(kind, number) {
  screen.kind = kind;
  await wait(1000 * asked.settle);
  while (returned.share() < LOCKED) {
    say("The code is not read yet.", "bad", `Move the camera so that all four corners of the code are in its picture, sharp and without reflections. ${Math.round(100 * returned.share())} % of the pictures are read.`);
    await wait(250);
  }
  const turn = { kind, latencies: [], at: [], unread: 0, misread: 0, repeated: 0, began: performance.now() };
  returned.turn = turn;
  say("The code is read: leave the camera alone.", "good", `Turn ${number + 1} of ${turns.length}: ${kind === "echo" ? "the camera's picture comes back as it is" : "the portrait comes back"}.`);
  for (let part = 0; part < 20; part++) {
    await wait(50 * asked.seconds);
    find("progress").value = (number + part / 20) / turns.length;
  }
  returned.turn = null;
  turn.seconds = (performance.now() - turn.began) / 1000;
  return turn;
}

async function finish(found, { width, height, frameRate }) {
  const refreshMs = quantile(screen.refreshes.slice(-600), 0.5);
  await fetch("/api/measured", {
    method: "POST",
    headers: { "Content-Type": "application/json", ...authorization() },
    body: JSON.stringify({ turns: found, refreshMs, camera: { width, height, frameRate } }),
  });
  for (const kind of asked.kinds) {
    const all = found.filter((turn) => turn.kind === kind);
    const late = all.flatMap((turn) => turn.latencies);
    const pictures = late.length + all.reduce((sum, turn) => sum + turn.unread + turn.misread, 0);
    const row = find("found").insertRow();
    const shown = late.length ? [0.5, 0.95].map((share) => `${Math.round(quantile(late, share))} ms`) : ["-", "-"];
    for (const text of [kind === "echo" ? "the camera's picture itself" : "the portrait", ...shown, `${late.length} of ${pictures}`]) row.insertCell().textContent = text;
  }
  find("noted").textContent = `The screen changes every ${refreshMs.toFixed(1)} ms: no figure is surer than that.`;
  document.body.dataset.stage = "after";
}

async function listCameras(peer, stream) {
  const [own] = stream.getVideoTracks();
  const cameras = (await navigator.mediaDevices.enumerateDevices()).filter(({ kind }) => kind === "videoinput");
  find("cameras").replaceChildren(...cameras.map(({ deviceId, label }, number) => new Option(label || `Camera ${number + 1}`, deviceId, false, deviceId === own.getSettings().deviceId)));
  find("choose").hidden = cameras.length < 2;
  find("cameras").addEventListener("change", async ({ target }) => {
    for (const track of find("camera").srcObject.getTracks()) track.stop();
    const chosen = await openCamera(target.value);
    find("camera").srcObject = chosen;
    await peer.getSenders()[0].replaceTrack(chosen.getVideoTracks()[0]);
  });
}

function sayForPhone() {
  say("Film this screen with the phone for ten seconds.", "good", "The code at the left and the one in the returned picture must both be in the film; the camera of this machine must see the code, too, or what returns has none. It returns as it is: a film is of the way alone, without the portrait. Then stop the command in your terminal with Ctrl-C, and give it the film.");
}

find("start").addEventListener("click", begin);
find("phone").addEventListener("click", () => {
  document.body.classList.add("phone");
  return begin();
});
find("full").addEventListener("click", () => document.documentElement.requestFullscreen());
window.ready = true;
