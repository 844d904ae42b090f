/** The strip of portraits: choosing one, adding one's own by file or by drag and drop. */

import { addPortrait, fetchFile, forgetPortrait, listPortraits, pictureAddress, Refused, Unreachable } from "/assets/api.js";
import { build, find, icon } from "/assets/dom.js";
import { announce, asSentence, toast } from "/assets/say.js";
import { shrunk } from "/assets/shrink.js";
import { explain } from "/assets/troubles.js";

const KINDS = ["image/jpeg", "image/png", "image/webp"];
const PORTRAIT_FILE = /\.portrait$/i; // what this page and `understudy enroll` save
const STILL_HERE_MS = 4 * 60_000; // the server forgets own portraits of a page that it hears nothing of

export class Portraits {
  #store;
  #change;
  #adjust;
  #pictures = new Map(); // url -> what an <img> can show
  #added = new Map(); // id -> File: a server may forget uploads, this page does not

  /**
   * `change(id)` tells a running session; it may refuse. `adjust(portrait, picture)` lets the user
   * put its points in their places: the portrait as it is then, or null for one not to be used.
   */
  constructor(store, change, adjust) {
    this.#store = store;
    this.#change = change;
    this.#adjust = adjust;
    find("#portrait-points").addEventListener("click", () => this.adjustChosen());
    const file = find("#portrait-file");
    find("#portrait-add").addEventListener("click", () => file.click());
    file.addEventListener("change", async () => {
      const [chosen] = file.files;
      file.value = ""; // so that the same file can be chosen again
      if (chosen) await this.add(chosen);
    });
    takeDrops((dropped) => this.add(dropped));
    setInterval(() => this.#stayKnown(), STILL_HERE_MS);
    store.watch((state) => state.portraits, () => this.#draw());
    store.watch((state) => state.portraitId, () => this.#mark());
    store.watch((state) => state.swappingTo, () => this.#mark());
  }

  async load() {
    await this.#take(await listPortraits());
  }

  async #take(listed) {
    const portraits = await this.#withPictures(listed);
    const { portraitId } = this.#store.get();
    const isKnown = portraits.some(({ id }) => id === portraitId);
    this.#store.set({ portraits, portraitId: isKnown ? portraitId : (portraits[0]?.id ?? null) });
  }

  /**
   * After a break: what a restarted server no longer has is given to it again. A server that says
   * nothing within `patienceMs` is not there yet.
   */
  async restore(patienceMs) {
    const listed = await listPortraits({ patienceMs });
    const known = new Set(listed.map(({ id }) => id));
    const missing = [...this.#added].filter(([id]) => !known.has(id));
    for (const [id, file] of missing) await this.#addAgain(id, file);
    await (missing.length ? this.load() : this.#take(listed));
  }

  async choose(id) {
    const before = this.#store.get().portraitId;
    if (id === before) return;
    this.#store.set({ portraitId: id, swappingTo: id });
    try {
      await this.#change(id);
      announce(`Portrait: ${this.#find(id).name}`);
    } catch (error) {
      this.#store.set({ portraitId: before });
      toast(explain(error).text, { isTrouble: true });
    }
    this.#store.set({ swappingTo: null });
  }

  async chooseNumber(number) {
    const portrait = this.#store.get().portraits[number - 1];
    if (portrait) await this.choose(portrait.id);
  }

  async add(chosen) {
    const isPicture = KINDS.includes(chosen.type);
    if (!isPicture && !PORTRAIT_FILE.test(chosen.name)) {
      toast(`${chosen.name} is not a JPEG, PNG or WebP picture. Save it as one of these, then add it again.`, { isTrouble: true });
      return;
    }
    this.#setBusy(true);
    try {
      const file = isPicture ? await shrunk(chosen) : chosen;
      await this.#takeIfItFits(await addPortrait(file, { byHand: isPicture }), file);
    } catch (error) {
      toast(`${chosen.name}: ${explain(error).text}`, { isTrouble: true });
    } finally {
      this.#setBusy(false);
    }
  }

  /** Where the server doubts that its face fits, the user sees that before the portrait is shown. */
  async #takeIfItFits(added, file) {
    if (!added.doubts?.length) return this.take(added, file);
    const fits = await this.#adjust(added, await pictureAddress(added.url));
    if (!fits) return forgetPortrait(added.id);
    return this.take(fits, fits.file ? await this.#fileOf(fits) : file);
  }

  /** Put the points of the portrait that is chosen in their places. */
  async adjustChosen() {
    const chosen = this.#find(this.#store.get().portraitId);
    try {
      const moved = await this.#adjust(chosen, chosen.picture);
      if (!moved || moved === chosen) return;
      this.#added.set(moved.id, await this.#fileOf(moved));
      const portraits = this.#store.get().portraits.map((each) => (each.id === moved.id ? { ...each, ...moved } : each));
      this.#store.set({ portraits, swappingTo: moved.id });
      if (this.#store.get().portraitId === moved.id) await this.#change(moved.id);
      toast("The points are in their places.");
    } catch (error) {
      toast(explain(error).text, { isTrouble: true });
    } finally {
      this.#store.set({ swappingTo: null });
      find("#portrait-points").focus();
    }
  }

  /** Its portrait file, which has the points that were put by hand. */
  async #fileOf({ name, file }) {
    return new File([await fetchFile(file)], `${name}.portrait`);
  }

  /** Show a portrait that the server has just got, and keep its file should the server lose it. */
  async take(added, file) {
    this.#added.set(added.id, file);
    const [shown] = await this.#withPictures([added]);
    this.#store.set({ portraits: [...this.#store.get().portraits, shown] });
    await this.choose(added.id);
    for (const note of added.notes) toast(asSentence(note));
  }

  /** The name, or the first with a number that no portrait has. */
  freeName(name) {
    const taken = new Set(this.#store.get().portraits.map((portrait) => portrait.name));
    for (let number = 1; ; number++) {
      const free = number === 1 ? name : `${name} ${number}`;
      if (!taken.has(free)) return free;
    }
  }

  /** What an <img> shows of it. */
  picture(id) {
    return this.#find(id)?.picture ?? "";
  }

  /** Take an own portrait off the server; what shows it goes on with the first one. */
  async forget(id) {
    const { name, url, picture } = this.#find(id);
    const others = this.#store.get().portraits.filter((portrait) => portrait.id !== id);
    try {
      if (this.#store.get().portraitId === id) await this.choose(others[0].id);
      if (this.#store.get().portraitId === id) return; // the session refused; it has said why
      await forgetPortrait(id);
    } catch (error) {
      if (!(error instanceof Refused && error.status === 404)) {
        toast(explain(error).text, { isTrouble: true });
        return;
      } // the server had forgotten it already
    }
    this.#added.delete(id);
    this.#pictures.delete(url);
    if (picture.startsWith("blob:")) URL.revokeObjectURL(picture);
    this.#store.set({ portraits: this.#store.get().portraits.filter((portrait) => portrait.id !== id) });
    find("#portrait-add").focus();
    toast(asSentence(`${name} was deleted from the server`));
  }

  async #stayKnown() {
    if (!this.#store.get().portraits.some(({ own }) => own)) return;
    try {
      await this.restore();
    } catch (error) {
      if (!(error instanceof Refused || error instanceof Unreachable)) throw error;
      // The session's own connection says so, if there is one.
    }
  }

  async #addAgain(id, file) {
    this.#added.delete(id);
    try {
      const again = await addPortrait(file);
      this.#added.set(again.id, file);
      if (this.#store.get().portraitId === id) this.#store.set({ portraitId: again.id });
    } catch (error) {
      if (!(error instanceof Refused)) {
        this.#added.set(id, file); // no answer: the next attempt tries it again
        throw error;
      }
      toast(`${file.name} was lost when the server was started again. ${error.message}`, { isTrouble: true });
    }
  }

  #withPictures(portraits) {
    return Promise.all(portraits.map(async (portrait) => {
      const { url } = portrait;
      if (!this.#pictures.has(url)) this.#pictures.set(url, await pictureAddress(url));
      return { ...portrait, picture: this.#pictures.get(url) };
    }));
  }

  #find(id) {
    return this.#store.get().portraits.find((portrait) => portrait.id === id);
  }

  #setBusy(isBusy) {
    const button = find("#portrait-add");
    button.disabled = isBusy;
    button.setAttribute("aria-busy", String(isBusy));
    find("span", button).textContent = isBusy ? "Adding" : "Add yours";
  }

  #draw() {
    const tiles = this.#store.get().portraits.map(({ id, name, picture, own }, at) => {
      const picked = build("button", { type: "button", class: "tile", "data-portrait": id, "data-testid": `portrait-${id}` });
      picked.append(build("img", { src: picture, alt: "", draggable: "false" }), build("span", {}, name));
      if (at < 9) {
        picked.append(build("kbd", { "aria-hidden": "true" }, String(at + 1)));
        picked.setAttribute("aria-keyshortcuts", String(at + 1));
      }
      picked.addEventListener("click", () => this.choose(id));
      const item = build("li", {}, picked);
      if (own) item.append(this.#bin(id, name));
      return item;
    });
    find("#portraits").replaceChildren(...tiles, find("#portrait-add-item"), find("#guide-open-item"));
    this.#mark();
  }

  #bin(id, name) {
    const button = build("button", {
      type: "button", class: "forget", "data-testid": `forget-${id}`, title: "Delete it from the server",
      "aria-label": `Delete ${name} from the server`,
    }, icon("close"));
    button.addEventListener("click", () => this.forget(id));
    return button;
  }

  #mark() {
    const { portraitId, swappingTo } = this.#store.get();
    for (const tile of document.querySelectorAll("[data-portrait]")) {
      const { portrait } = tile.dataset;
      tile.setAttribute("aria-pressed", String(portrait === portraitId));
      tile.setAttribute("aria-busy", String(portrait === swappingTo));
    }
    const chosen = this.#find(portraitId);
    find("#portrait-save").hidden = !chosen?.file;
    find("#portrait-points").hidden = !chosen?.points;
    const still = find("#still");
    still.hidden = !chosen;
    if (chosen && still.getAttribute("src") !== chosen.picture) still.src = chosen.picture;
    still.alt = chosen ? `Portrait: ${chosen.name}` : "";
  }
}

/** Files dropped anywhere on the page. */
function takeDrops(take) {
  let depth = 0; // a drag enters and leaves every element on its way
  const carriesFile = (event) => event.dataTransfer?.types.includes("Files");
  const show = () => (find("#drop").hidden = depth === 0);
  addEventListener("dragenter", (event) => {
    if (!carriesFile(event)) return;
    depth += 1;
    show();
  });
  addEventListener("dragleave", (event) => {
    if (!carriesFile(event)) return;
    depth = Math.max(0, depth - 1);
    show();
  });
  addEventListener("dragover", (event) => carriesFile(event) && event.preventDefault());
  addEventListener("drop", async (event) => {
    if (!carriesFile(event)) return;
    event.preventDefault();
    depth = 0;
    show();
    const [file] = event.dataTransfer.files;
    if (file) await take(file);
  });
}
