/** Leads whoever is on camera through an enrolment: asks first, prompts, ticks, makes the portrait. */

import { beginEnrolment, cancelEnrolment, fetchFile, finishEnrolment, leadEnrolment, Refused, Unreachable } from "/assets/api.js";
import { build, find, icon, setIcon } from "/assets/dom.js";
import { announce, asSentence } from "/assets/say.js";
import { explain } from "/assets/troubles.js";

const PROMPTS = {
  straight: { name: "Face at rest", words: "Look straight ahead", hint: "Lips closed, nothing else." },
  smile: { name: "Smile", words: "Smile with your teeth", hint: "Wide, so that they show." },
  ee: { name: "“ee”", words: "Say “ee”", hint: "As in “cheese”, and hold it." },
  aah: { name: "“aah”", words: "Say “aah”", hint: "With the mouth wide open." },
  ooh: { name: "“ooh”", words: "Say “ooh”", hint: "As in “moon”, and hold it." },
  pucker: { name: "Pursed lips", words: "Purse your lips", hint: "As for a kiss." },
  eyes: { name: "Closed eyes", words: "Close your eyes", hint: "For a second." },
  brows: { name: "Raised brows", words: "Raise your brows", hint: "High, as if surprised." },
  left: { name: "Left side", words: "Turn to your left", hint: "The head alone, slowly." },
  right: { name: "Right side", words: "Turn to your right", hint: "The head alone, slowly." },
};
const REST = { words: "That is all", hint: "Finish now, or choose what is still missing." };
const STATES = { done: ["tick", "done"], now: ["next", "now"], skipped: ["skip", "skipped"], open: ["open", ""] };

export class Guide {
  #session;
  #portraits;
  #store;
  #step = null;
  #id = null; // of the session that is filmed
  #isBeginning = false;
  #isHeard = false; // whether the figures have said that it goes on
  #last = null;

  /** `save(portrait)` brings a portrait to the user as a file. */
  constructor(store, session, portraits, { save }) {
    this.#store = store;
    this.#session = session;
    this.#portraits = portraits;
    find("#guide-prompts").append(...Object.entries(PROMPTS).map(([prompt, { name }]) => this.#row(prompt, name)));
    for (const [id, act] of Object.entries({
      "guide-open": () => this.open(),
      "guide-begin": () => this.#begin(),
      "guide-again": () => this.#begin(),
      "guide-skip": () => this.#last?.prompt && this.#lead({ skip: this.#last.prompt }),
      "guide-finish": () => this.#finish(),
      "guide-save": () => save(this.#store.get().portraits.find(({ id: own }) => own === this.#store.get().portraitId)),
      "guide-close": () => this.close(),
      "guide-decline": () => this.close(),
      "guide-done": () => this.close(),
      "guide-leave": () => this.close(),
    })) {
      find(`#${id}`).addEventListener("click", act);
    }
    find("#guide").addEventListener("keydown", (event) => event.key === "Escape" && this.close());
    store.watch((state) => state.stats, (stats) => stats && this.#hear(stats.enrolment));
    store.watch((state) => state.phase, (phase) => {
      if (this.#step !== "film") return;
      if (phase === "idle") this.#fail("The camera was stopped.");
      if (phase === "reconnecting") this.#say("The connection is lost. It goes on as soon as it is back.");
    });
  }

  open() {
    if (this.#step) return find("#guide-title").focus();
    this.#show("ask");
  }

  /** Close it; what was filmed and is no portrait yet is forgotten. */
  async close() {
    const isFilming = this.#step === "film";
    this.#show(null);
    find("#guide-open").focus();
    if (isFilming) await this.#cancel();
  }

  async #begin() {
    if (this.#isBeginning) return; // a double click
    this.#isBeginning = true;
    try {
      if (this.#store.get().phase === "idle") await this.#session.start();
      if (!this.#step) return; // closed meanwhile
      this.#id = this.#session.id;
      if (!this.#id) return this.#fail("The camera is not running yet.");
      this.#isHeard = false;
      this.#last = null;
      const progress = await beginEnrolment(this.#id);
      if (!this.#step) return await this.#cancel();
      this.#show("film");
      this.#draw(progress);
    } catch (error) {
      this.#failOf(error);
    } finally {
      this.#isBeginning = false;
    }
  }

  async #lead(patch) {
    try {
      this.#draw(await leadEnrolment(this.#id, patch));
    } catch (error) {
      if (error instanceof Refused && error.status === 422) this.#say(error.message);
      else this.#failOf(error);
    }
  }

  async #finish() {
    if (this.#step !== "film") return;
    const { missing } = this.#last;
    this.#show("make");
    try {
      const made = await finishEnrolment(this.#id, this.#portraits.freeName("Me"));
      await this.#portraits.take(made, new File([await fetchFile(made.file)], `${made.name}.portrait`));
      const names = missing.map((name) => PROMPTS[name].name.toLowerCase());
      find("#guide-missing").textContent = names.length ? `Not filmed: ${names.join(", ")}.` : "Everything was filmed.";
      find("#guide-picture").src = this.#portraits.picture(made.id);
      if (this.#step === "make") this.#show("done");
    } catch (error) {
      this.#failOf(error);
    }
  }

  async #cancel() {
    try {
      await cancelEnrolment(this.#id);
    } catch (error) {
      if (!(error instanceof Refused || error instanceof Unreachable)) throw error;
      // Over already; a server out of reach forgets it by itself.
    }
  }

  #failOf(error) {
    if (!(error instanceof Refused || error instanceof Unreachable)) console.error(error);
    this.#fail(explain(error).text);
  }

  #fail(why) {
    if (!this.#step) return;
    find("#guide-why").textContent = why;
    this.#show("fail");
  }

  /** The figures' word on it. */
  #hear(progress) {
    if (this.#step !== "film") return;
    const isAnother = this.#session.id !== this.#id; // what was filmed ended with its session
    if (isAnother || (!progress && this.#isHeard)) return this.#fail("The session ended meanwhile.");
    if (!progress) return; // older than the enrolment
    this.#isHeard = true;
    this.#draw(progress);
  }

  #draw(progress) {
    if (this.#step !== "film") return;
    if (progress.over) return this.#fail("It took too long.");
    const before = this.#last;
    this.#last = progress;
    const { prompt, nearness, done, skipped, enough } = progress;
    const { words, hint } = PROMPTS[prompt] ?? REST;
    find("#guide-prompt").textContent = words;
    find("#guide-hint").textContent = hint;
    find("#guide-meter").setAttribute("aria-valuenow", String(Math.round(100 * nearness)));
    find("#guide-meter span").style.setProperty("--near", String(nearness));
    find("#guide-finish").disabled = !enough;
    find("#guide-skip").disabled = !prompt;
    if (progress.trouble !== before?.trouble || prompt !== before?.prompt) this.#say(progress.trouble);
    for (const name of Object.keys(PROMPTS)) {
      const isDone = done.includes(name);
      this.#mark(name, isDone ? "done" : name === prompt ? "now" : skipped.includes(name) ? "skipped" : "open");
    }
    if (prompt !== before?.prompt) {
      const ticked = before && done.length > before.done.length ? "Done. " : "";
      announce(`${ticked}${words}. ${hint}`);
    }
    if (!progress.missing.length) this.#finish();
  }

  #mark(name, state) {
    const button = find(`#guide-prompts [data-prompt=${name}]`);
    if (button.dataset.state === state) return;
    const [sign, words] = STATES[state];
    button.dataset.state = state;
    button.setAttribute("aria-current", state === "now" ? "step" : "false");
    button.disabled = state === "done";
    setIcon(button, sign);
    find("small", button).textContent = words;
  }

  #row(prompt, name) {
    const button = build("button", { type: "button", "data-prompt": prompt, "data-testid": `guide-${prompt}` }, icon("open"), build("span", {}, name), build("small", {}));
    button.addEventListener("click", () => this.#lead({ prompt }));
    return build("li", {}, button);
  }

  #say(trouble) {
    const text = trouble ? asSentence(trouble) : "";
    if (find("#guide-trouble").textContent === text) return;
    find("#guide-trouble").textContent = text;
    if (text) announce(text);
  }

  #show(step) {
    this.#step = step;
    find("#guide").hidden = !step;
    for (const part of document.querySelectorAll("#guide [data-step]")) part.hidden = part.dataset.step !== step;
    if (!step) return;
    const words = find(`#guide [data-step=${step}] .lead`).textContent;
    if (step === "film") scrollTo(0, 0); // to the picture, where there is something to scroll
    else announce(words);
    find("#guide-title").focus();
  }
}
