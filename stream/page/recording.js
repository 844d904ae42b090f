/** Recording on the server, and the file brought to the user whatever ends the session or the page. */

import {
  beginRecording,
  deleteRecording,
  endRecording,
  fetchRecording,
  hasRecording,
  Refused,
  Unreachable,
} from "/assets/api.js";
import { find } from "/assets/dom.js";
import { download } from "/assets/download.js";
import { offer, toast } from "/assets/say.js";
import { explain } from "/assets/troubles.js";
import { claim, forget, listUnsaved, remember, withUnclaimed } from "/assets/unsaved.js";

const LOOKS = 8; // a session that ends takes a moment to complete its recording
const LOOK_EVERY_MS = 1000;
const WHEN = { day: "numeric", month: "short", hour: "numeric", minute: "2-digit" };

export class Recording {
  #store;
  #running = null; // {id, number, since, settle}
  #isHeard = false; // whether the server's figures have said that it goes on
  #held = new Set(); // of this visit, and not saved

  constructor(store) {
    this.#store = store;
    store.watch((state) => Boolean(state.recordingSince), (isOn) => {
      find("#record").setAttribute("aria-pressed", String(isOn));
      find("#recording-flag").hidden = !isOn;
    });
    store.watch(({ recordingSince, clock }) => (recordingSince ? clockText(clock - recordingSince) : ""), (text) => {
      find("#recording-time").textContent = text;
    });
  }

  async toggle(id) {
    if (this.#store.get().recordingSince) return this.finish(id);
    try {
      this.#begin({ id, number: await beginRecording(id), since: Date.now() });
      toast("Recording. Press R again to end it and save the file.");
    } catch (error) {
      toast(explain(error).text, { isTrouble: true });
    }
  }

  /** End it and save the file; does nothing while nothing is recorded. Never throws a refusal. */
  async finish(id) {
    if (!this.#store.get().recordingSince) return;
    const recording = this.#running ?? { id, number: null, since: this.#store.get().recordingSince };
    this.#running = null;
    this.#isHeard = false;
    this.#store.set({ recordingSince: null });
    let problem = null;
    try {
      problem = await this.#end(recording.id);
      await this.#save(recording);
      if (problem) toast(problem, { isTrouble: true });
      else toast("The recording is saved with your downloads.");
    } catch (error) {
      if (!(error instanceof Refused || error instanceof Unreachable)) throw error;
      if (isGone(error)) this.#let(recording);
      else this.#offer(recording);
      // A recording that is not there was never begun, and the server has said why.
      const why = isGone(error) && problem;
      toast(why || `The recording could not be fetched. ${explain(error).text}`, { isTrouble: true });
    }
  }

  /** The server's word on it: on a full disk, or after half an hour, a recording ends by itself. */
  hear(isOn, id) {
    if (isOn) this.#isHeard = true;
    else if (this.#isHeard) this.finish(id); // not before: figures may be older than the recording
  }

  /** What an earlier visit recorded and did not save, as far as the server still has it. */
  async offerUnsaved() {
    await Promise.all(
      listUnsaved().map((recording) =>
        withUnclaimed(recording, async () => {
          const isThere = await this.#look(recording);
          if (isThere) await this.#offer(recording);
          else if (isThere === false) forget(recording);
        }),
      ),
    );
  }

  #begin(recording) {
    this.#running = recording;
    this.#isHeard = false;
    this.#hold(recording);
    remember(recording);
    claim(recording, new Promise((settle) => (recording.settle = settle)));
    this.#store.set({ recordingSince: recording.since });
  }

  /** Warn before the page is left as long as something of this visit is not saved. */
  #hold(recording) {
    this.#held.add(recording);
    addEventListener("beforeunload", warn);
  }

  /** It is saved, or gone. */
  #let(recording) {
    forget(recording);
    recording.settle?.();
    this.#held.delete(recording);
    if (!this.#held.size) removeEventListener("beforeunload", warn);
  }

  async #save(recording) {
    save(await fetchRecording(recording.id, recording.number), recording.since);
    this.#let(recording);
  }

  /** Settled once the user has decided. */
  #offer(recording) {
    const began = new Date(recording.since).toLocaleString([], WHEN);
    return offer(`Your recording of ${began} is not saved yet.`, {
      Save: () => this.#attempt(() => this.#save(recording)),
      Delete: () =>
        this.#attempt(async () => {
          await deleteRecording(recording.id, recording.number);
          this.#let(recording);
        }),
    });
  }

  /** Whether it is done; a recording that is gone is. */
  async #attempt(act) {
    try {
      await act();
      return true;
    } catch (error) {
      if (!(error instanceof Refused || error instanceof Unreachable)) throw error;
      toast(explain(error).text, { isTrouble: true });
      return isGone(error);
    }
  }

  /** Whether the server has it; undefined where it does not say. */
  async #look(recording) {
    try {
      for (let look = 0; look < LOOKS; look++) {
        await this.#end(recording.id);
        if (await hasRecording(recording.id, recording.number)) return true;
        await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
      }
      return false;
    } catch (error) {
      if (!(error instanceof Refused || error instanceof Unreachable)) throw error;
      return undefined;
    }
  }

  /** What went wrong, if anything. A session that has ended has ended its recording, which is kept. */
  async #end(id) {
    try {
      return await endRecording(id);
    } catch (error) {
      if (!isGone(error)) throw error;
      return null;
    }
  }
}

const isGone = (error) => error instanceof Refused && error.status === 404;

const warn = (event) => event.preventDefault();

function save(blob, since) {
  const moment = new Date(since).toISOString().slice(0, 19).replace("T", " ").replaceAll(":", "-");
  download(blob, `understudy ${moment}.mp4`);
}

function clockText(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}
