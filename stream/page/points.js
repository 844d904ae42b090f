/** Puts a portrait's eight points in their places: by mouse, finger and keys, with the face between them. */

import { placePoints, Refused, showPoints, tryPoints } from "/assets/api.js";
import { build, find } from "/assets/dom.js";
import { announce, asSentence } from "/assets/say.js";
import { explain } from "/assets/troubles.js";

const NAMES = {
  right_eye_outer: "Right eye, outer corner",
  right_eye_inner: "Right eye, inner corner",
  left_eye_inner: "Left eye, inner corner",
  left_eye_outer: "Left eye, outer corner",
  mouth_right: "Right mouth corner",
  mouth_left: "Left mouth corner",
  lips: "Middle of the mouth",
  chin: "Chin",
};
const LEADS = {
  face: "No face was found in this picture. Put each point in its place, and it can move nevertheless.",
  eyes: "The eyes may be off. Put the points in their places before it moves.",
  mouth: "The mouth may be off. Put the points in their places before it moves.",
  both: "Eyes and mouth may be off. Put the points in their places before it moves.",
  none: "Put eyes, mouth and chin in their places.",
};
const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const FAR = 10; // times as far, with Shift
const FINE = 1 / 400; // of what is seen: a step by key
const REACH_PX = 48; // of a finger, on the screen
const AROUND = 0.3; // of the face's size: what is seen on each side of it

export class Points {
  #dialog = find("#points");
  #board = find("#points-board");
  #handles = new Map();
  #at = null; // what the server told, with the points as they are now
  #url = "";
  #view = null; // {left, top, width, height} of what is seen, px of the picture
  #held = null; // {name, dx, dy} while a pointer drags
  #isAsking = false; // whether a fit is under way
  #isStale = false; // whether the points have moved since it was asked for
  #isRefused = false;
  #settle = null;

  constructor() {
    for (const [name, words] of Object.entries(NAMES)) {
      const handle = build("button", { type: "button", "aria-label": words, "aria-describedby": "points-hint", "data-testid": `point-${name}` });
      handle.addEventListener("focus", () => (find("#points-name").textContent = words));
      handle.addEventListener("keydown", (event) => this.#byKey(name, event));
      this.#handles.set(name, handle);
      this.#board.append(handle);
    }
    this.#board.addEventListener("pointerdown", (event) => this.#hold(event));
    this.#board.addEventListener("pointermove", (event) => this.#drag(event));
    for (const end of ["pointerup", "pointercancel"]) this.#board.addEventListener(end, () => this.#release());
    find("#points-reset").addEventListener("click", () => this.#reset());
    find("#points-whole").addEventListener("click", () => this.#look(!this.#seesWhole()));
    find("#points-save").addEventListener("click", () => this.#save());
    find("#points-leave").addEventListener("click", () => this.#leave());
    this.#dialog.addEventListener("cancel", (event) => {
      event.preventDefault();
      this.#leave();
    });
  }

  /** The portrait with the points as the user left them; null where it is not to be used. */
  async adjust(portrait, picture) {
    this.#at = await showPoints(portrait.points);
    this.#url = portrait.points;
    const { doubts, found } = this.#at;
    const doubt = doubts.length > 1 ? "both" : (doubts[0] ?? "none");
    find("#points-lead").textContent = LEADS[doubt];
    find("#points-leave").textContent = found ? "Leave it as it was" : "Use another picture";
    find("#points-picture").src = picture;
    this.#at.first = structuredClone(this.#at.points);
    this.#say("");
    this.#look(!found);
    this.#dialog.showModal();
    find("#points-title").focus({ focusVisible: false });
    find("#points-name").textContent = "";
    const isUnfound = !found && !portrait.file;
    return new Promise((settle) => {
      this.#settle = (moved) => {
        this.#dialog.close();
        find("#points-picture").removeAttribute("src");
        settle(moved ?? (isUnfound ? null : portrait));
      };
    });
  }

  async #save() {
    try {
      this.#settle(await placePoints(this.#url, this.#at.points));
    } catch (error) {
      this.#say(explain(error).text);
    }
  }

  #leave() {
    this.#settle(null);
  }

  #reset() {
    this.#at.points = structuredClone(this.#at.found ?? this.#at.first);
    this.#moved();
    announce("The points are where they were found.");
  }

  #hold(event) {
    const { x, y, scale } = this.#place(event);
    const far = ([px, py]) => Math.hypot(px - x, py - y);
    const [name, at] = Object.entries(this.#at.points).sort(([, one], [, other]) => far(one) - far(other))[0];
    if (far(at) * scale > REACH_PX || event.button > 0) return;
    event.preventDefault();
    // From where it is taken, so that a finger beside it does not hide it.
    this.#held = { name, dx: at[0] - x, dy: at[1] - y };
    this.#board.setPointerCapture(event.pointerId);
    this.#handles.get(name).classList.add("held");
    this.#handles.get(name).focus({ focusVisible: false });
  }

  #drag(event) {
    if (!this.#held) return;
    const { x, y } = this.#place(event);
    this.#put(this.#held.name, x + this.#held.dx, y + this.#held.dy);
  }

  #release() {
    if (!this.#held) return;
    this.#handles.get(this.#held.name).classList.remove("held");
    this.#held = null;
  }

  #byKey(name, event) {
    const step = STEPS[event.key];
    if (!step || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    const far = this.#view.width * FINE * (event.shiftKey ? FAR : 1);
    const [x, y] = this.#at.points[name];
    this.#put(name, x + step[0] * far, y + step[1] * far);
    const [newX, newY] = this.#at.points[name].map(Math.round);
    announce(`${NAMES[name]}: ${newX} across, ${newY} down`);
  }

  /** Where a pointer is, px of the picture, and how many px of the screen one of them is. */
  #place({ clientX, clientY }) {
    const box = this.#board.getBoundingClientRect();
    const scale = box.width / this.#view.width;
    return { x: this.#view.left + (clientX - box.left) / scale, y: this.#view.top + (clientY - box.top) / scale, scale };
  }

  #put(name, x, y) {
    const { width, height } = this.#at;
    const within = (value, most) => Math.min(Math.max(value, 0), most - 1);
    this.#at.points[name] = [within(x, width), within(y, height)];
    this.#moved();
  }

  #moved() {
    this.#drawHandles();
    this.#isStale = true;
    this.#fit();
  }

  /** Ask for the face between the points; of those that moved meanwhile only the newest count. */
  async #fit() {
    if (this.#isAsking) return;
    this.#isAsking = true;
    const asked = this.#at;
    while (this.#isStale && this.#at === asked) {
      this.#isStale = false;
      try {
        const { lines } = await tryPoints(this.#url, asked.points);
        asked.lines = lines;
        this.#say("");
      } catch (error) {
        this.#say(error instanceof Refused ? asSentence(error.message) : explain(error).text);
      }
      this.#drawLines();
    }
    this.#isAsking = false;
  }

  #say(trouble) {
    this.#isRefused = Boolean(trouble);
    const words = Object.entries(NAMES).reduce((text, [name, shown]) => text.replaceAll(name, shown.toLowerCase()), trouble);
    if (find("#points-trouble").textContent !== asTold(words)) find("#points-trouble").textContent = asTold(words);
    find("#points-save").disabled = this.#isRefused;
    this.#board.classList.toggle("refused", this.#isRefused);
  }

  #seesWhole() {
    return find("#points-whole").getAttribute("aria-pressed") === "true";
  }

  /** See the whole picture, or the face with something around it. */
  #look(isWhole) {
    find("#points-whole").setAttribute("aria-pressed", String(isWhole));
    const { width, height } = this.#at;
    this.#view = isWhole ? { left: 0, top: 0, width, height } : this.#aroundFace();
    const { left, top, width: seen, height: tall } = this.#view;
    const style = this.#board.style;
    style.setProperty("--ratio", String(seen / tall));
    style.setProperty("--width", `${(100 * width) / seen}%`);
    style.setProperty("--left", `${(-100 * left) / seen}%`);
    style.setProperty("--top", `${(-100 * top) / tall}%`);
    // Pixel centres lie at integers.
    find("#points-lines").setAttribute("viewBox", `${left - 0.5} ${top - 0.5} ${seen} ${tall}`);
    this.#drawHandles();
    this.#drawLines();
  }

  #aroundFace() {
    const places = [...this.#at.lines.outline, ...Object.values(this.#at.points)];
    const [xs, ys] = [0, 1].map((axis) => places.map((place) => place[axis]));
    const room = AROUND * Math.max(Math.max(...xs) - Math.min(...xs), Math.max(...ys) - Math.min(...ys));
    const left = Math.max(Math.min(...xs) - room, 0);
    const top = Math.max(Math.min(...ys) - room, 0);
    const right = Math.min(Math.max(...xs) + room, this.#at.width);
    const bottom = Math.min(Math.max(...ys) + room, this.#at.height);
    return { left, top, width: Math.max(right - left, 1), height: Math.max(bottom - top, 1) };
  }

  #drawHandles() {
    const { left, top, width, height } = this.#view;
    for (const [name, handle] of this.#handles) {
      const [x, y] = this.#at.points[name];
      handle.style.setProperty("--x", `${(100 * (x + 0.5 - left)) / width}%`);
      handle.style.setProperty("--y", `${(100 * (y + 0.5 - top)) / height}%`);
    }
  }

  #drawLines() {
    const space = "http://www.w3.org/2000/svg";
    const drawn = Object.entries(this.#at.lines).map(([name, places]) => {
      const line = document.createElementNS(space, "polygon");
      line.setAttribute("points", places.map((place) => place.join(",")).join(" "));
      line.dataset.line = name;
      return line;
    });
    find("#points-lines").replaceChildren(...drawn);
  }
}

const asTold = (words) => (words ? asSentence(words) : "");
