"""The film's own grain on pixels that come from elsewhere.

What another frame lends brings that frame's grain, which would stand still on the face while the
grain around it moves; a drawn mouth has none. So the finest and faintest of what is shown is taken
off, and the frame's own at the same place is laid on. Whatever is stronger than grain stays: pores,
hairs and edges are far beyond it.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.frame import Pixels
from engine.rig.edit.regions import Mask

Colours = NDArray[np.float32]

_FINE_PX = 1.2
"""Standard deviation of the blur that grain does not pass."""
_GRAIN, _DETAIL = 2.0, 3.5
"""Of the usual size: up to the first all is grain, from the second on nothing is."""
_LEAST = 0.3
"""Levels; below, there is no grain to speak of."""
_MAD_TO_SIGMA = 1.4826


def with_grain_of(own: Pixels, new: Colours, lent: Mask) -> None:
    """Give `new` (h, w, 3), in place, the grain of `own` as far as its pixels are lent, 0..1."""
    where = lent > 0.0
    if np.count_nonzero(where) < 16:
        return
    rows, columns = np.flatnonzero(where.any(axis=1)), np.flatnonzero(where.any(axis=0))
    part = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    change = (_grain(own[part]) - _grain(new[part])) * lent[part]
    # Grain is of luma: what chroma has of it, films store at half the size.
    new[part] += cv2.merge((change, change, change))


def _grain(picture: Pixels | Colours) -> Mask:
    """(h, w) what is fine and faint in a picture's brightness."""
    luma = cv2.cvtColor(picture.astype(np.float32, copy=False), cv2.COLOR_RGB2GRAY)
    fine = luma - cv2.GaussianBlur(luma, (0, 0), _FINE_PX)
    size = np.abs(fine)
    # Half of all pixels are skin without an edge, so their median is grain.
    usual = _MAD_TO_SIGMA * float(np.median(size[::2, ::2]))
    if usual < _LEAST:
        return np.zeros_like(fine)
    share = (_DETAIL * usual - size) / np.float32((_DETAIL - _GRAIN) * usual)
    return np.asarray(fine * np.clip(share, 0.0, 1.0), np.float32)
