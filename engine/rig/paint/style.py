"""How a portrait is made, as far as a drawn mouth must be made alike.

A drawing of flat colours has lines of its own (`comic.py`). All else is told by two measures and by
no name: the finest detail that its face has, and its grain. A painting has soft strokes on canvas,
into which teeth that were drawn sharp look pasted; what is measured of a photograph changes nothing
that is seen.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.frame import Pixels
from engine.geometry import Array
from engine.rig.landmarks import EYES, OUTER_LIPS, OVAL
from engine.rig.paint.comic import find_ink

Grey = NDArray[np.float32]

_FINE_PX = 0.7
"""Standard deviation of the blur that takes the finest detail away."""

_STRONGEST = 99.0
"""Percentile of what is finest in a face, in levels: the edges of lids, nostrils and irises."""

_AS_FINE = 1.4
"""How much finer than the finest of its face teeth may be, which have more contrast."""

_RIM = 0.08
"""What is left out along outline, eyes and lips, over the distance of the eyes' outer corners."""

_BLOCK_PX, _CALM = 16, 25.0
"""Side of the blocks whose grain is compared, and the percentile of them that has no detail."""

_DARK, _BRIGHT = 25.0, 235.0
"""Mean levels between which a block shows grain."""

_NO_GRAIN = 0.8
"""Levels that no eye sees."""

_GRAIN_PX, _COARSEST_PX, _SEED = 0.5, 3.0, 23
"""Of grain that is drawn: how soft it is, and what is coarser is none."""

_TO_DEVIATION = 1.4826
"""From the median of absolute values to the standard deviation."""

_BLURS_PX = (0.4, 0.6, 0.8, 1.0, 1.25, 1.5, 1.8, 2.2)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Style:
    """Of one portrait."""

    ink: Array | None
    """RGB, (3,), of the lines of a drawing of flat colours; None for all else."""
    finest: float
    """Levels by which its strongest edges stand out from what is blurred a little."""
    grain: float
    """Standard deviation of its grain, levels; 0 where none is seen."""

    def softened(self, texture: NDArray[np.float32], finer: float) -> NDArray[np.float32]:
        """A texture (h, w, 4), premultiplied, blurred until it is no finer than the face.

        `finer`: its pixels for each of the picture's.
        """
        if self.ink is not None:
            return texture
        for blur_px in (0.0, *_BLURS_PX):
            soft = texture if blur_px == 0.0 else _blurred(texture, blur_px * finer)
            if _strongest(soft[..., :3].mean(axis=2), _FINE_PX * finer) <= _AS_FINE * self.finest:
                return soft
        return _blurred(texture, _BLURS_PX[-1] * finer)

    def grained(self, side: int, level: float) -> Grey | None:
        """Square (side, side, 1) of grain, to be multiplied; None where the picture has none.

        `level`: brightness of the skin that the grain was measured on.
        """
        if self.grain == 0.0:
            return None
        noise = np.random.default_rng(_SEED).normal(size=(side, side)).astype(np.float32)
        soft = np.asarray(cv2.GaussianBlur(noise, (0, 0), _GRAIN_PX), np.float32)
        noise = _fine(soft, _COARSEST_PX)
        noise *= self.grain / max(level, 1.0) / float(_fine(noise, _FINE_PX).std())
        return np.asarray(1.0 + noise, np.float32)[..., None]


def style_of(picture: Pixels, landmarks: Array) -> Style:
    """Measure a portrait with landmarks (478, 2 or 3) px."""
    grey = np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.float32)
    face, skin = _areas(picture.shape[:2], landmarks[:, :2])
    if not skin.any():
        return Style(ink=None, finest=np.inf, grain=0.0)
    fine = np.abs(_fine(grey, _FINE_PX))
    of_skin = _TO_DEVIATION * float(np.median(fine[skin]))
    grain = min(of_skin, _calm_blocks(grey))
    return Style(
        ink=find_ink(picture, landmarks),
        finest=float(np.percentile(fine[face], _STRONGEST)),
        grain=grain if grain > _NO_GRAIN else 0.0,
    )


def _fine(grey: Grey, blur_px: float) -> Grey:
    return np.asarray(grey - cv2.GaussianBlur(grey, (0, 0), blur_px), np.float32)


def _strongest(grey: Grey, blur_px: float) -> float:
    return float(np.percentile(np.abs(_fine(np.ascontiguousarray(grey), blur_px)), _STRONGEST))


def _blurred(texture: NDArray[np.float32], blur_px: float) -> NDArray[np.float32]:
    return np.asarray(cv2.GaussianBlur(texture, (0, 0), blur_px), np.float32)


def _areas(size: tuple[int, int], points: Array) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """(H, W) within the outline, and of that the bare skin."""
    outer = points[[EYES[0].outer, EYES[1].outer]]
    rim = 2 * max(int(_RIM * float(np.linalg.norm(outer[1] - outer[0]))), 1) + 1
    around = np.ones((rim, rim), np.uint8)
    face = cv2.erode(_filled(size, points[list(OVAL)]), around)
    parts = np.zeros(size, np.uint8)
    for contour in (list(OUTER_LIPS), *(eye.contour.tolist() for eye in EYES)):
        parts |= _filled(size, points[contour])
    return face > 0, (face > 0) & (cv2.dilate(parts, around) == 0)


def _filled(size: tuple[int, int], outline: Array) -> NDArray[np.uint8]:
    filled = np.zeros(size, np.uint8)
    cv2.fillPoly(filled, [np.round(outline).astype(np.int32)], 1)
    return filled


def _calm_blocks(grey: Grey) -> float:
    """Grain where the picture shows nothing else: skin has pores, and they are no grain."""
    rows, columns = (length // _BLOCK_PX for length in grey.shape)
    shape = rows, _BLOCK_PX, columns, _BLOCK_PX

    def blocks(values: Grey) -> Grey:
        cut = values[: rows * _BLOCK_PX, : columns * _BLOCK_PX].reshape(shape)
        return np.asarray(cut.mean(axis=(1, 3)), np.float32)

    level = blocks(grey)
    seen = (level > _DARK) & (level < _BRIGHT)
    if not seen.any():
        return 0.0
    power = blocks(_fine(grey, _FINE_PX) ** 2)[seen]
    return float(np.sqrt(np.percentile(power, _CALM)))
