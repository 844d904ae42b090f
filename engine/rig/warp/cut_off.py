"""Where the picture's border cuts a person off: what moves in from there is stretched, not torn.

What moves out of the picture goes freely, and so does whatever lies beside a cut: a crown that the
upper border cuts is drawn out to the border as a whole, and no column of hair is left standing.
"""

import numpy as np
from numpy.typing import NDArray

from engine.geometry import Array, smoothstep

_REACH = 0.25
"""Distance from a cut, in face heights, over which what moves in is stretched."""

_RIM_PX = 3
"""Of the matte: it may be a little short of the border."""


class CutOff:
    """The cuts of one portrait at its left, its upper and its right border."""

    def __init__(self, points: Array, matte: NDArray[np.float32], face_height: float) -> None:
        """Find them.

        Args:
            points: (N, 2) px, what is held.
            matte: (H, W), 1 where the person is.
            face_height: in px.
        """
        rows, columns = matte.shape
        inside = np.clip(points, 0.0, (columns - 1.0, rows - 1.0))
        reach = _REACH * face_height
        x, y = inside[:, 0], inside[:, 1]
        self._left = _held(x, y, matte[:, :_RIM_PX].max(axis=1), reach)
        self._right = _held(columns - 1.0 - x, y, matte[:, -_RIM_PX:].max(axis=1), reach)
        self._above = _held(y, x, matte[:_RIM_PX].max(axis=0), reach)

    def hold(self, forward: Array) -> None:
        """Take from displacements (N, 2) px what would open a gap at a cut."""
        x, y = forward[:, 0], forward[:, 1]
        x -= self._left * np.maximum(x, 0.0) + self._right * np.minimum(x, 0.0)
        y -= self._above * np.maximum(y, 0.0)


def _held(away: Array, place: Array, opacity: NDArray[np.float32], reach: float) -> Array:
    """(N,) 1 at a cut, 0 far from all: `away` from the border and at `place` along it, px."""
    cut = np.flatnonzero(opacity > 0.5)
    if not len(cut):
        return np.zeros(len(away))
    beside = np.abs(place[:, None] - _nearest(cut, place)).min(axis=1)
    return 1.0 - smoothstep(0.0, reach, np.hypot(away, beside))


def _nearest(cut: NDArray[np.int64], place: Array) -> Array:
    """(N, 2) the pixels of a cut before and behind each place along the border."""
    behind = np.searchsorted(cut, place)
    last = len(cut) - 1
    return np.stack([cut[np.clip(behind - 1, 0, last)], cut[np.clip(behind, 0, last)]], axis=1)
