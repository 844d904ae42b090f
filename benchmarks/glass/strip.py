"""The time code of a drawn picture: 24 bits of milliseconds and 8 of a checksum.

Two rows of 16 black or white cells over the picture's whole width; the same as `page/strip.js`.
"""

import time

import numpy as np

from engine.frame import Pixels

CELLS = 16
ROWS = 2
TIME_BITS, CHECK_BITS = 24, 8
SPAN = 1 << TIME_BITS
"""Milliseconds until the times begin anew: 4.6 hours."""


def now_ms() -> int:
    """The wall clock as a code says it: what a page and a server on one machine share."""
    return round(time.time() * 1e3) % SPAN


def since_ms(code: int, now: float) -> float:
    """How long ago a code was drawn, in -SPAN/2..SPAN/2."""
    return (now - code + SPAN / 2) % SPAN - SPAN / 2


def draw(picture: Pixels, code: int) -> None:
    """Paint a time on the top of a picture, whose width is a multiple of 16."""
    cell = picture.shape[1] // CELLS
    bits = np.array([_word(code) >> place & 1 for place in range(CELLS * ROWS)], np.uint8)
    cells = bits.reshape(ROWS, CELLS).repeat(cell, axis=0).repeat(cell, axis=1)
    picture[: cells.shape[0], : cells.shape[1]] = cells[..., None] * 255


def read(picture: Pixels) -> int | None:
    """The time on the top of a picture; None where the checksum says that it cannot be read."""
    cell = picture.shape[1] / CELLS
    if picture.shape[0] < ROWS * cell:
        return None
    columns = np.round((np.arange(CELLS) + 0.5) * cell).astype(int)
    rows = np.round((np.arange(ROWS) + 0.5) * cell).astype(int)
    bits = (picture[np.ix_(rows, columns)][..., 1] > 127).ravel()
    word = int(sum(1 << place for place in range(CELLS * ROWS) if bits[place]))
    code = word & (SPAN - 1)
    return code if word == _word(code) else None


def _word(code: int) -> int:
    check = (code ^ code >> 8 ^ code >> 16 ^ 0xA5) & 0xFF
    return code | check << TIME_BITS
