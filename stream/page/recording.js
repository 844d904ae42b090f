/** Recording on the server, and the file brought to the user whatever ends the session. */

import { fetchRecording, Refused, setRecording, Unreachable } from "/assets/api.js";
import { build, find } from "/assets/dom.js";
import { toast } from "/assets/say.js";
import { explain } from "/assets/troubles.js";

export class Recording {
  #store;

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
      await setRecording(id, true);
      this.#store.set({ recordingSince: Date.now() });
      toast("Recording. Press R again to end it and save the file.");
    } catch (error) {
      toast(explain(error).text, { isTrouble: true });
    }
  }

  /** End it and save the file; does nothing while nothing is recorded. Never throws a refusal. */
  async finish(id) {
    if (!this.#store.get().recordingSince) return;
    this.#store.set({ recordingSince: null });
    try {
      await this.#end(id);
      save(await fetchRecording(id));
      toast("The recording is saved with your downloads.");
    } catch (error) {
      if (!(error instanceof Refused || error instanceof Unreachable)) throw error;
      toast(`The recording could not be fetched. ${explain(error).text}`, { isTrouble: true });
    }
  }

  /** A session that has ended by itself has ended its recording, which is kept for a while. */
  async #end(id) {
    try {
      await setRecording(id, false);
    } catch (error) {
      if (!(error instanceof Refused && error.status === 404)) throw error;
    }
  }
}

function save(blob) {
  const address = URL.createObjectURL(blob);
  const moment = new Date().toISOString().slice(0, 19).replace("T", " ").replaceAll(":", "-");
  build("a", { href: address, download: `understudy ${moment}.mp4` }).click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}

function clockText(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}
