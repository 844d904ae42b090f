/** Draws the time code of `benchmarks/camera/filmed_code.py`, which says what each part of it is for. */

export const TICK_MS = 1000 / 60;
export const TICKS = 1 << 12;
const WIDTH = 20;
const HEIGHT = 12;
const CORNERS = [[1, 1], [15, 1], [1, 7], [15, 7]];
const DATA = { left: 5.5, top: 1, width: 9, height: 10, columns: 8, rows: 6 };
const [SLOW, FAST, KINDS, CHECK] = [8, 4, 2, 4];

/** OpenCV's markers 0 to 7 of 4 x 4 cells, with their black rim. */
export const MARKERS = [
  "000000 010110 001010 000110 000100 000000",
  "000000 000000 011110 010010 010100 000000",
  "000000 000110 000110 000100 011010 000000",
  "000000 010010 010010 001000 001100 000000",
  "000000 001010 001000 010010 011100 000000",
  "000000 001110 010010 011000 011010 000000",
  "000000 010010 011100 000100 011100 000000",
  "000000 011000 001000 011110 000100 000000",
];

const split = (value, bits) => Array.from({ length: bits }, (_, place) => (value >> place) & 1);

function checkOf(slow, kind) {
  let rest = (slow | (kind << SLOW)) << CHECK;
  for (let place = SLOW + KINDS + CHECK - 1; place >= CHECK; place--) {
    if ((rest >> place) & 1) rest ^= 0b10011 << (place - CHECK);
  }
  return rest;
}

function bitsOf(tick, kind) {
  const gray = tick ^ (tick >> 1);
  const slow = gray >> FAST;
  const fast = split(gray, FAST);
  return [1, ...fast, ...split(slow, SLOW), ...split(kind, KINDS), ...split(checkOf(slow, kind), CHECK), ...fast, 0];
}

/** Paint the code over the whole canvas, whose sides should be as 20 to 12. */
export function drawCode(pen, tick, kind, { isReturned = false } = {}) {
  const unit = pen.canvas.width / WIDTH;
  const fill = (colour, x, y, width, height) => {
    pen.fillStyle = colour;
    const [left, top] = [Math.round(x * unit), Math.round(y * unit)];
    pen.fillRect(left, top, Math.round((x + width) * unit) - left, Math.round((y + height) * unit) - top);
  };
  fill("#fff", 0, 0, WIDTH, HEIGHT);
  CORNERS.forEach(([left, top], corner) => {
    const rows = MARKERS[corner + (isReturned ? 4 : 0)].split(" ");
    const cell = 4 / rows.length;
    rows.forEach((row, y) => {
      [...row].forEach((sign, x) => {
        if (sign === "0") fill("#000", left + x * cell, top + y * cell, cell, cell);
      });
    });
  });
  const [wide, high] = [DATA.width / DATA.columns, DATA.height / DATA.rows];
  bitsOf(tick, kind).flatMap((bit) => [bit, 1 - bit]).forEach((isWhite, cell) => {
    const [column, row] = [cell % DATA.columns, Math.floor(cell / DATA.columns)];
    fill(isWhite ? "#fff" : "#000", DATA.left + column * wide, DATA.top + row * high, wide, high);
  });
}
