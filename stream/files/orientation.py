"""Which way up a clip's pictures are shown: phones record sideways and write a matrix beside it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

import numpy as np
from av import VideoFrame

from engine.frame import Pixels


@dataclass(frozen=True, slots=True, kw_only=True)
class Orientation:
    """A turn by right angles, with or without a mirror: first transpose, then the flips."""

    transposes: bool = False
    flips_columns: bool = False
    flips_rows: bool = False

    def upright(self, pixels: Pixels) -> Pixels:
        """The picture as it is to be seen."""
        if self.transposes:
            pixels = pixels.transpose(1, 0, 2)
        if self.flips_columns:
            pixels = pixels[:, ::-1]
        if self.flips_rows:
            pixels = pixels[::-1]
        return np.ascontiguousarray(pixels)

    def size(self, width: int, height: int) -> tuple[int, int]:
        """Width and height as they are to be seen."""
        return (height, width) if self.transposes else (width, height)


def orientation_of(picture: VideoFrame) -> Orientation:
    """What the picture's display matrix says, to the nearest right angle."""
    try:
        # PyAV's stub lists only some of the kinds that it gives.
        matrix = cast("Mapping[str, bytes]", picture.side_data)["DISPLAYMATRIX"]
    except KeyError:
        return Orientation()
    except ValueError:  # PyAV 18 knows no name for a newer kind of side data, such as Exif
        return _turned_left(round(picture.rotation / 90) % 4)
    # It maps a stored point (x, y) to the shown (a x + c y, b x + d y); y points down.
    a, b, _, c, d, *_ = np.frombuffer(matrix, np.int32).tolist()
    if abs(b) > abs(a):
        return Orientation(transposes=True, flips_columns=c < 0, flips_rows=b < 0)
    return Orientation(flips_columns=a < 0, flips_rows=d < 0)


def _turned_left(quarters: int) -> Orientation:
    return Orientation(
        transposes=quarters in (1, 3),
        flips_columns=quarters in (2, 3),
        flips_rows=quarters in (1, 2),
    )
