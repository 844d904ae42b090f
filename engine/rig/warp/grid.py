"""Points of a picture at equal distances, at which a flow is worked out before it is enlarged."""

from dataclasses import dataclass
from math import ceil, floor
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from engine.geometry import Array

Box = tuple[int, int, int, int]
"""Left, top, right, bottom in px; right and bottom lie outside."""

Map: TypeAlias = NDArray[np.float32]
"""(h, w) source coordinates in px."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleGrid:
    """One point in the middle of each cell of step x step pixels."""

    left: float
    """Of the first point, in px; pixel centres lie at integers."""
    top: float
    step: int
    columns: int
    rows: int

    @classmethod
    def of_pixels(cls, box: Box) -> "SampleGrid":
        """Every pixel of a box."""
        left, top, right, bottom = box
        return cls(left=left, top=top, step=1, columns=right - left, rows=bottom - top)

    def part(self, box: Box) -> tuple[slice, slice]:
        """Rows and columns of the points around a box of pixels, one beyond it where there is."""
        left, top, right, bottom = box
        across = _around(left, right, self.left, self.step, self.columns)
        return _around(top, bottom, self.top, self.step, self.rows), across

    def cut(self, part: tuple[slice, slice]) -> "SampleGrid":
        """The sample grid of some of its rows and columns."""
        rows, columns = part
        return SampleGrid(
            left=self.left + columns.start * self.step,
            top=self.top + rows.start * self.step,
            step=self.step,
            columns=columns.stop - columns.start,
            rows=rows.stop - rows.start,
        )

    def places(self, points: Array) -> Array:
        """(N, 2) px -> columns and rows of the sample grid."""
        found: Array = (points - (self.left, self.top)) / self.step
        return found


def _around(low: int, high: int, first: float, step: int, count: int) -> slice:
    begin = min(max(floor((low - first) / step), 0), count)
    return slice(begin, min(max(ceil((high - 1 - first) / step) + 1, begin), count))
