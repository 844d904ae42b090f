/** The camera and microphone in use; either can be changed, lost and found while a session lives. */

import { listCameras, openCamera, openMicrophone } from "/assets/camera.js";
import { explain } from "/assets/troubles.js";

const LOST = {
  title: "The camera stopped",
  text: "It was unplugged, or another program took it. The session waits: connect it again, or choose another one.",
  action: "camera",
};

export class Devices {
  #store;
  #connection;
  #camera = null;
  #microphone = null;
  #isLost = false;

  /** `connection()` is the connection whose tracks to exchange, or null. */
  constructor(store, connection) {
    this.#store = store;
    this.#connection = connection;
    navigator.mediaDevices?.addEventListener("devicechange", () => this.#lookAgain());
  }

  get tracks() {
    return { camera: this.#camera, microphone: this.#microphone };
  }

  async open(signal) {
    const { cameraId, microphone } = this.#store.get().preferences;
    this.#use(await openCamera(cameraId));
    if (signal.aborted) {
      this.close();
      signal.throwIfAborted();
    }
    this.#store.set({ cameras: await listCameras() });
    if (microphone) await this.setMicrophone(true);
  }

  close() {
    for (const track of [this.#camera, this.#microphone]) track?.stop();
    this.#camera = this.#microphone = null;
    this.#isLost = false;
    this.#store.set({ cameraTrack: null, microphoneOn: false });
  }

  /** Take the camera chosen in the preferences; the old one first, for some phones open only one. */
  async changeCamera() {
    if (!this.#camera) return;
    this.#camera.stop();
    try {
      this.#use(await openCamera(this.#store.get().preferences.cameraId));
    } catch (error) {
      this.#isLost = true;
      this.#store.set({ notice: { ...explain(error), action: "camera" } });
      return;
    }
    this.#store.set({ notice: null });
    await this.#connection()?.video.replaceTrack(this.#camera);
  }

  /** Throws a trouble where no microphone can be had. */
  async setMicrophone(on) {
    if (on === Boolean(this.#microphone)) return;
    const track = on ? await openMicrophone() : null;
    this.#microphone?.stop();
    this.#microphone = track;
    await this.#connection()?.audio.replaceTrack(track);
    this.#store.set({ microphoneOn: on });
  }

  #use(camera) {
    this.#camera = camera;
    this.#isLost = false;
    camera.onended = () => {
      this.#isLost = true;
      this.#store.set({ notice: LOST });
    };
    this.#store.set({ cameraTrack: camera });
  }

  async #lookAgain() {
    if (!this.#camera) return;
    this.#store.set({ cameras: await listCameras() });
    if (this.#isLost) await this.changeCamera();
  }
}
