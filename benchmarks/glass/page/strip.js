/**
 * The time code of a drawn picture: 24 bits of milliseconds and 8 bits of checksum, in two rows of
 * 16 black or white cells over the picture's whole width. `strip.py` is the same in Python.
 */

const CELLS = 16;
const SPAN = 2 ** 24; // ms until the times begin anew

const check = (time) => ((time & 255) ^ ((time >> 8) & 255) ^ (time >> 16) ^ 0xa5) & 255;

/** The wall clock, which a server on this machine shares; steady from the page's loading on. */
export const nowMs = () => Math.round(performance.timeOrigin + performance.now()) % SPAN;

/** How long ago a code was drawn. */
export const sinceMs = (code, now) => ((now - code + 1.5 * SPAN) % SPAN) - SPAN / 2;

export function drawStrip(pen, width, time) {
  const cell = width / CELLS;
  for (let bit = 0; bit < 32; bit++) {
    const on = bit < 24 ? (time >> bit) & 1 : (check(time) >> (bit - 24)) & 1;
    pen.fillStyle = on ? "#fff" : "#000";
    pen.fillRect((bit % CELLS) * cell, Math.floor(bit / CELLS) * cell, cell, cell);
  }
}

/** The time in RGBA pixels that have at least the two rows; null where it cannot be read. */
function readStrip(pixels, width) {
  const cell = width / CELLS;
  let time = 0;
  let sum = 0;
  for (let bit = 0; bit < 32; bit++) {
    const x = Math.round(((bit % CELLS) + 0.5) * cell);
    const y = Math.round((Math.floor(bit / CELLS) + 0.5) * cell);
    const on = pixels[4 * (y * width + x) + 1] > 127 ? 1 : 0;
    if (bit < 24) time |= on << bit;
    else sum |= on << (bit - 24);
  }
  return sum === check(time) ? time : null;
}

/** A reader of what a video element shows: the code's time, or null. */
export function stripReader(video) {
  const eye = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  return () => {
    const width = video.videoWidth;
    [eye.canvas.width, eye.canvas.height] = [width, Math.ceil(width / 8)];
    eye.drawImage(video, 0, 0);
    return readStrip(eye.getImageData(0, 0, width, eye.canvas.height).data, width);
  };
}
