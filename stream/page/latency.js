/**
 * The browser's part of glass to glass, from what the browser itself measures.
 *
 * Covered: encoding the camera's picture, the network both ways, and from the last packet of a
 * portrait picture to the moment it is due on screen. Not covered, since no page can see it: the
 * camera's own delay and the screen's. Encoding and network are means of a second each, of which
 * the percentiles are taken; the last part is measured picture by picture.
 */

const WINDOW = 300; // pictures: ten seconds at thirty a second
const READINGS = 30;

export function percentiles(samples) {
  if (samples.length === 0) return null;
  const sorted = [...samples].sort((a, b) => a - b);
  const at = (share) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
  return { p50: at(0.5), p95: at(0.95) };
}

export class BrowserPart {
  #video;
  #toScreen = [];
  #shownAt = [];
  #last = new Map();
  #readings = new Map();

  constructor(video) {
    this.#video = video;
    if (video.requestVideoFrameCallback) this.#await();
  }

  /** Forget what an earlier connection measured. */
  restart() {
    this.#toScreen = [];
    this.#shownAt = [];
    this.#last.clear();
    this.#readings.clear();
  }

  #await() {
    this.#video.requestVideoFrameCallback((now, { receiveTime, expectedDisplayTime }) => {
      this.#shownAt.push(now);
      if (this.#shownAt.length > WINDOW) this.#shownAt.shift();
      if (receiveTime !== undefined) {
        this.#toScreen.push(Math.max(0, expectedDisplayTime - receiveTime));
        if (this.#toScreen.length > WINDOW) this.#toScreen.shift();
      }
      this.#await();
    });
  }

  /** `{shownFps, parts: {name: {p50, p95} | null}}`, all in milliseconds; call about once a second. */
  async read(peer) {
    const reports = [...(await peer.getStats()).values()];
    const kind = (type, media) => reports.find((report) => report.type === type && report.kind === media);
    const pair = reports.find(({ type, state, nominated }) => type === "candidate-pair" && state === "succeeded" && nominated);
    const sent = kind("outbound-rtp", "video");
    const back = kind("inbound-rtp", "video");
    const heard = kind("remote-inbound-rtp", "video");
    const roundTripS = heard?.roundTripTime ?? pair?.currentRoundTripTime;
    return {
      shownFps: this.#shownFps(),
      parts: {
        "Browser: encode": this.#spread("encode", this.#meanMs("encode", sent?.totalEncodeTime, sent?.framesEncoded)),
        "Network, both ways": this.#spread("network", roundTripS === undefined ? null : roundTripS * 1000),
        "Browser: to screen": percentiles(this.#toScreen) ?? this.#withoutScreen(back),
      },
      coversScreen: this.#toScreen.length > 0,
    };
  }

  /** Where pictures carry no receive time: waiting and decoding, not drawing. */
  #withoutScreen(back) {
    const waited = this.#meanMs("wait", back?.jitterBufferDelay, back?.jitterBufferEmittedCount);
    const decoded = this.#meanMs("decode", back?.totalDecodeTime, back?.framesDecoded);
    return this.#spread("screen", waited === null || decoded === null ? null : waited + decoded);
  }

  #spread(name, reading) {
    const readings = this.#readings.get(name) ?? [];
    this.#readings.set(name, readings);
    if (reading !== null) readings.push(reading);
    if (readings.length > READINGS) readings.shift();
    return percentiles(readings);
  }

  /** Mean since the last reading: totals over a whole session would hide a change. */
  #meanMs(name, seconds, count) {
    if (seconds === undefined || count === undefined) return null;
    const last = this.#last.get(name) ?? { seconds: 0, count: 0, mean: null };
    const fresh = count > last.count;
    const mean = fresh ? ((seconds - last.seconds) / (count - last.count)) * 1000 : last.mean;
    this.#last.set(name, { seconds, count, mean });
    return mean;
  }

  #shownFps() {
    const recent = this.#shownAt.filter((at) => at > performance.now() - 2000);
    if (recent.length < 2) return recent.length / 2;
    return ((recent.length - 1) * 1000) / (recent.at(-1) - recent[0]);
  }
}
