"""Pictures that say their number, and by which a damaged one is told from a blurred one.

A field of slow waves moves under a row of black and white cells: 16 bits of the number and 8 of a
checksum. Where the decoder shows what was never sent, whole blocks are off by much; blur is not.
"""

from functools import lru_cache

import cv2
import numpy as np

from engine.frame import Pixels

NUMBER_BITS, CHECK_BITS = 16, 8
CELLS = NUMBER_BITS + CHECK_BITS
BLOCK = 32
OFF_BY = 28.0
"""Grey levels, mean of a block; at a tenth of the usual bitrate blocks are off by half of that."""


@lru_cache(maxsize=256)
def picture(number: int, side: int) -> Pixels:
    """(side, side, 3): the picture with this number."""
    y, x = np.mgrid[:side, :side] * (2 * np.pi / side)
    shift = number * 0.11
    grey = 128 + 60 * np.sin(3 * x + shift) * np.cos(2 * y - shift / 2) + 30 * np.sin(9 * y + shift)
    cells = np.repeat(_bits(number), side // CELLS)[None].repeat(side // 8, axis=0) * 255
    grey[: cells.shape[0], : cells.shape[1]] = cells
    return np.repeat(grey.clip(0, 255).astype(np.uint8)[..., None], 3, axis=2)


def read(shown: Pixels) -> int | None:
    """The number of a picture; None where it cannot be read."""
    side = shown.shape[1]
    row, cell = side // 16, side // CELLS
    centres = np.arange(CELLS) * cell + cell // 2
    bits = shown[row, centres, 1] > 127
    number = int(sum(1 << place for place, bit in enumerate(bits[:NUMBER_BITS]) if bit))
    return number if np.array_equal(bits, _bits(number).astype(bool)) else None


def is_damaged(shown: Pixels, number: int) -> bool:
    """Whether a block shows what the picture with this number has not there."""
    side = shown.shape[1]
    off = cv2.absdiff(shown[..., 1], picture(number, side)[..., 1])
    blocks = cv2.resize(off, (side // BLOCK, side // BLOCK), interpolation=cv2.INTER_AREA)
    return bool((blocks > OFF_BY).any())


def _bits(number: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    check = (number * 37 + 11) & 0xFF
    both = number | check << NUMBER_BITS
    return np.array([both >> place & 1 for place in range(CELLS)], np.uint8)
