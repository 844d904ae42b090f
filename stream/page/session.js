/** The life of a session: start, settings, reconnecting after a break, stop. */

import { changeSession, endSession, recalibrate, Refused } from "/assets/api.js";
import { connect } from "/assets/connection.js";
import { Devices } from "/assets/devices.js";
import { createPatches } from "/assets/patches.js";
import { createPatience, delayMs, signMs } from "/assets/retries.js";
import { explain, mayPass } from "/assets/troubles.js";

const SILENCE_MS = 5000; // figures come every 500 ms; ten of them missing is a break
const WOBBLE_MS = 2500; // ICE often finds its way back by itself

export class Session {
  #store;
  #hooks;
  #devices;
  #connection = null;
  #lost = null; // the id of a session whose connection broke
  #run = null;
  #heardAt = 0;
  #patience = createPatience();
  #send = createPatches((patch) => changeSession(this.id, patch));

  /**
   * `hooks`: `onTrack(track)` for what comes back; `beforeEnd(id)` is awaited before a session is
   * given back, or when it is found to be gone; `beforeRetry(patienceMs)` before a connection is made
   * anew: it fails where the server gives no sign for so long.
   */
  constructor(store, hooks) {
    this.#store = store;
    this.#hooks = hooks;
    this.#devices = new Devices(store, () => this.#connection);
    setInterval(() => this.#listen(), 1000);
    addEventListener("online", () => this.retryNow());
    document.addEventListener("visibilitychange", () => (this.#heardAt = performance.now()));
    addEventListener("pagehide", () => this.#connection && endSession(this.#connection.id));
  }

  get id() {
    return this.#connection?.id ?? null;
  }

  get peer() {
    return this.#connection?.peer ?? null;
  }

  get devices() {
    return this.#devices;
  }

  async start() {
    if (this.#run) return;
    const run = new AbortController();
    this.#run = run;
    this.#store.set({ phase: "asking", notice: null });
    try {
      await this.#devices.open(run.signal);
      this.#store.set({ phase: "connecting" });
      await this.#open(run.signal);
    } catch (error) {
      if (!run.signal.aborted) await this.#fail(error);
    }
  }

  async stop() {
    if (!this.#run) return;
    this.#run.abort(new DOMException("stopped", "AbortError"));
    this.#run = null;
    const ended = this.#letGo();
    this.#devices.close();
    this.#store.set({ phase: "idle", retryAt: null, stats: null, notice: null });
    await ended;
  }

  retryNow() {
    this.#patience.hurry();
  }

  /** Send a change; a session that is gone is opened anew, with all settings. */
  async change(patch) {
    if (!this.id) return;
    try {
      await this.#send(patch);
    } catch (error) {
      if (!(error instanceof Refused && error.status === 404 && !patch.portrait)) throw error;
      this.#recover();
    }
  }

  async recalibrate() {
    if (this.id) await recalibrate(this.id);
  }

  async #open(signal) {
    const { portraitId: portrait, settings } = this.#store.get();
    const connection = await connect({
      ...this.#devices.tracks,
      portrait,
      settings,
      session: this.#lost,
      signal,
      onStats: (stats) => this.#hear(stats),
      onTrack: this.#hooks.onTrack,
    });
    const gone = this.#lost === connection.id ? null : this.#lost;
    this.#lost = null;
    this.#connection = connection;
    this.#heardAt = performance.now();
    connection.peer.onconnectionstatechange = () => this.#look(connection);
    connection.channel.onclose = () => connection === this.#connection && this.#recover();
    this.#store.set({ phase: "live", retryAt: null, notice: null });
    if (gone) await this.#hooks.beforeEnd(gone);
    await this.#catchUp(connection, portrait, settings);
  }

  /** What was changed while the connection came about. */
  async #catchUp(connection, portrait, settings) {
    const now = this.#store.get();
    const { camera, microphone } = this.#devices.tracks;
    await connection.video.replaceTrack(camera);
    await connection.audio.replaceTrack(microphone);
    if (now.settings !== settings) await this.change(now.settings);
    if (now.portraitId !== portrait) await this.change({ portrait: now.portraitId });
  }

  #hear(stats) {
    this.#heardAt = performance.now();
    if (this.#connection) this.#store.set({ stats });
  }

  #listen() {
    if (this.#connection && performance.now() - this.#heardAt > SILENCE_MS) this.#recover();
  }

  #look(connection) {
    const { connectionState } = connection.peer;
    if (connectionState === "failed" || connectionState === "closed") this.#recover();
    if (connectionState !== "disconnected") return;
    setTimeout(() => {
      const still = connection === this.#connection && connection.peer.connectionState === "disconnected";
      if (still) this.#recover();
    }, WOBBLE_MS);
  }

  async #recover() {
    const signal = this.#run?.signal;
    if (!signal || !this.#connection) return;
    this.#store.set({ phase: "reconnecting", stats: null });
    this.#lost = this.#connection.id; // the server keeps it for a while
    this.#connection.close();
    this.#connection = null;
    let waited = null;
    for (let attempt = 0, began = 0; ; attempt++) {
      try {
        await waited;
        began = performance.now();
        await this.#hooks.beforeRetry(signMs(attempt));
        signal.throwIfAborted();
        return await this.#open(signal);
      } catch (error) {
        if (signal.aborted) return;
        if (!mayPass(error)) return this.#fail(error);
        waited = this.#waitForNext(error, attempt, began, signal);
      }
    }
  }

  /** Attempts begin at least `delayMs` apart: one that itself took longer is followed at once. */
  async #waitForNext(error, attempt, began, signal) {
    const left = began + delayMs(attempt) - performance.now();
    const wait = Math.max(left, (error.retryAfterS ?? 0) * 1000, 0);
    this.#store.set({ retryAt: wait ? Date.now() + wait : null, notice: { ...explain(error), action: "retry" } });
    await this.#patience.wait(wait, signal);
    this.#store.set({ retryAt: null });
  }

  async #letGo() {
    const [connection, id] = [this.#connection, this.#connection?.id ?? this.#lost];
    this.#connection = this.#lost = null;
    if (!id) return;
    await this.#hooks.beforeEnd(id); // while pictures still come
    connection?.close();
    await endSession(id);
  }

  async #fail(error) {
    await this.stop();
    this.#store.set({ notice: { ...explain(error), action: "start" } });
  }
}
