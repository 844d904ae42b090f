"""The opening between the lips: a window onto whatever lies behind it, in the shade of the lips."""

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.geometry import Array
from engine.rig.landmarks import INNER_LOWER, INNER_UPPER, MOUTH_LEFT, MOUTH_RIGHT
from engine.rig.paint.blend import polygon_mask
from engine.rig.warp.grid import Box

UPPER = (MOUTH_RIGHT, *INNER_UPPER, MOUTH_LEFT)
LOWER = (MOUTH_RIGHT, *INNER_LOWER, MOUTH_LEFT)
"""The inner lips from the subject's right corner to the left; their points are paired."""

_FINER = 4
"""Points of the outline for each of the tracker's: its straight pieces would be seen."""

_EDGE, _LEAST_EDGE_PX = 0.012, 0.6
"""Softness of the window's edge, in mouth widths and px: lips are round."""

_SHADE_REACH, _SHADE_DROP = 0.035, 0.03
"""How far the lips' shade reaches, and how much farther the upper lip's does: light comes from
above. Mouth widths."""

_SUBPIXEL_BITS = 4

_DARKEST = np.array([0.86, 0.82, 0.82], np.float32)
"""Of the light, what reaches the rim below the upper lip: red is shone back by the lips."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Window:
    """Where the inside of a mouth is seen."""

    box: Box
    mask: NDArray[np.float32]
    """(h, w, 1) in 0..1."""

    def shade(self, colours: NDArray[np.float32], width: float) -> None:
        """Darken what is seen, (h, w, 3), along the lips, in place; `width` of the mouth in px."""
        drop = max(round(_SHADE_DROP * width), 1)
        seen = self.mask[..., 0]
        low = np.zeros_like(seen)
        low[drop:] = seen[:-drop]
        both = np.minimum(low, seen)
        blurred = cv2.GaussianBlur(both, (0, 0), max(_SHADE_REACH * width, 0.5))
        # Half of it is beyond the edge.
        lit = np.clip(np.float32(2.0) * np.asarray(blurred, np.float32) - np.float32(1.0), 0.0, 1.0)
        for channel, darkest in enumerate(_DARKEST):
            colours[..., channel] *= lit * (1.0 - darkest) + darkest

    def inked(
        self, colours: NDArray[np.float32], ink: Array, line_px: float, target: Array
    ) -> "Window":
        """Draw the window's outline over `colours` (h, w, 3), in place: the window with its line.

        Args:
            colours: RGB 0..255.
            ink: RGB, (3,).
            line_px: how wide it is.
            target: (478, 2) px: whose inner lips it follows.
        """
        corners = np.round((outline(target) - self.box[:2]) * (1 << _SUBPIXEL_BITS))
        line = np.zeros(self.mask.shape[:2], np.uint8)
        thick = max(round(line_px), 1)
        cv2.polylines(
            line,
            [corners.astype(np.int32)],
            isClosed=True,
            color=255,
            thickness=thick,
            lineType=cv2.LINE_AA,
            shift=_SUBPIXEL_BITS,
        )
        cover = line[..., None].astype(np.float32) * np.float32(1.0 / 255.0)
        colours += (ink.astype(np.float32) - colours) * cover
        return Window(box=self.box, mask=np.maximum(self.mask, cover))


def find_window(target: Array, size: tuple[int, int], width: float) -> Window | None:
    """The window between the inner lips of `target` (478, 2) px, in a picture of (H, W).

    `width` of the mouth in px; None where the lips are closed or outside the picture.
    """
    blur_px = max(_LEAST_EDGE_PX, _EDGE * width)
    mask, box = polygon_mask(outline(target), size, blur_px=blur_px)
    return None if mask is None else Window(box=box, mask=mask)


def outline(points: Array) -> Array:
    """(N, 2): the inner lips of `points` (478, 2) as a smooth polygon."""
    finer = _finer(len(UPPER))
    upper, lower = finer @ points[list(UPPER), :2], finer @ points[list(LOWER), :2]
    return np.concatenate([upper, lower[-2:0:-1]])


@cache
def _finer(points: int) -> Array:
    """Puts points between those of a line, along a Catmull-Rom spline through them.

    (_FINER * (points - 1) + 1, points).
    """
    t = np.arange(_FINER)[:, None] / _FINER
    powers = np.hstack([np.ones_like(t), t, t**2, t**3])
    spline = 0.5 * np.array([[0, 2, 0, 0], [-1, 0, 1, 0], [2, -5, 4, -1], [-1, 3, -3, 1]])
    piece = powers @ spline
    weights = np.zeros((_FINER * (points - 1) + 1, points))
    for start in range(points - 1):
        rows = slice(start * _FINER, (start + 1) * _FINER)
        for offset, column in enumerate(piece.T, start=-1):
            weights[rows, min(max(start + offset, 0), points - 1)] += column
    weights[-1, -1] = 1.0
    return weights
