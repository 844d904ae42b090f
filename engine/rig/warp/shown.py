"""Where a moved picture shows the person, or showed them at rest: the rest of it never changes.

A head is narrower than the shoulders below it, and beside both lies what doesn't move. So the
picture is made anew in bands, each no wider than what is seen in it.
"""

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.rig.warp.grid import Box, Map

_CELL = 16, 32
"""Pixels between the places at which the flow is asked, and how far around the person counts as
seen; of large pictures the longer side over the second. Between two places the flow hardly turns,
and a background is filled in a little beyond the person."""

_BAND = 4
"""Rows of cells."""

_NEIGHBOURS = np.ones((3, 3), np.uint8)


class Shown:
    """What may be seen of one portrait's person."""

    def __init__(self, opacity: NDArray[np.uint8]) -> None:
        """`opacity` is (H, W), 0 where nothing of the person is."""
        least, part = _CELL
        self._cell = max(least, max(opacity.shape) // part)
        around = np.ones((2 * self._cell + 1, 2 * self._cell + 1), np.uint8)
        self._near = np.asarray(cv2.dilate((opacity > 0).astype(np.uint8), around), np.uint8)

    def bands(self, box: Box, x: Map, y: Map) -> Iterator[Box]:
        """The parts of a box that may show the person, from above to below.

        `x` and `y`, px, are where the pixels of the box come from.
        """
        left, top, right, bottom = box
        cell = self._cell
        if min(right - left, bottom - top) <= cell:
            yield box
            return
        places = slice(cell // 2, None, cell)
        at_rest = self._near[top:bottom, left:right][places, places]
        moved = cv2.remap(
            self._near,
            np.ascontiguousarray(x[places, places]),
            np.ascontiguousarray(y[places, places]),
            cv2.INTER_NEAREST,
            borderMode=cv2.BORDER_REPLICATE,
        )
        seen = cv2.dilate(cv2.bitwise_or(moved, at_rest), _NEIGHBOURS)
        rows, columns = seen.shape[:2]
        for first in range(0, rows, _BAND):
            found = np.flatnonzero(np.asarray(seen[first : first + _BAND]).any(axis=0))
            if not len(found):
                continue
            begin, end = int(found[0]), int(found[-1]) + 1
            below = first + _BAND
            yield (
                left + begin * cell,
                top + first * cell,
                right if end == columns else left + end * cell,
                bottom if below >= rows else top + below * cell,
            )
