"""The eyeball seen through the lids' opening: lids cover it, gaze turns it, nothing squashes it.

A frame lays the iris where the gaze asks, on the white, and shows both through the opening. The
layers are cut by `eyeball.py`; what is warped beneath them has closed lids (`lids.py`).
"""

from dataclasses import dataclass
from math import hypot

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.frame import Pixels
from engine.geometry import Array
from engine.rig.landmarks import EYES, Eye
from engine.rig.paint.blend import Layer, polygon_mask
from engine.rig.paint.eyeball import RIM, Eyeball, cut_eyeball, eye_width
from engine.rig.paint.lids import lash_colours

_SHUT, _PEEPS = 0.04, 0.14
"""Of the portrait's own opening: up to the first an eye is shut, and over the second the eyeball
comes out of the dark line in which lids meet."""

_LASH_LINE = 0.03
"""Half the width of that line, in eye widths."""

_SOFT = 0.01
"""Of that line's edge, in eye widths: lashes end one by one."""

_AS_OPEN, _NOT_AS_OPEN = 0.08, 0.25
"""Change of the opening, over the portrait's own, up to which the lids are where they were, and
from which on they are not."""

_LOOKS_STRAIGHT, _LOOKS_AWAY = 0.05, 0.2
"""The same of the iris, in its radii."""


_NARROWER, _NARROW = 0.85, 0.6
"""Width of an eye over the other's, against the same in the portrait: from the first on it turns
away, and at the second it lies on the face's contour."""

_LID_AT_CONTOUR = 0.12
"""What is seen there of the lids beside it, in eye widths."""

_BESIDE = ((359, 446, 265, 372), (130, 226, 35, 143))
"""Landmarks beside the outer corners of EYES: of an eye on the contour they are the contour."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class EyePainter:
    """One eye of a portrait; points are (x, y) in px."""

    eye: Eye
    other: Eye
    beside: tuple[int, ...]
    """See `_BESIDE`."""
    source: Array
    """(478, 2) the portrait's landmarks."""
    opening: float
    width: float
    """Of the lids in the portrait, and between their corners, px."""
    ball: Eyeball
    lash: NDArray[np.float32]
    """(3,) what closed lids meet in."""

    def find_layer(self, size: tuple[int, int], target: Array) -> Layer | None:
        """The eyeball where the lids of `target` (478, 2) leave it open, in a picture of (H, W)."""
        back = self._to_portrait(target)
        asked = self._asked_opening(back, target)
        relative = asked / self.opening
        gaze = self.source[self.eye.iris] - _apply(back, target[self.eye.iris])
        away = hypot(*gaze) / max(self.ball.radius, 1e-3)
        own = 1.0 - max(
            _step(_AS_OPEN, _NOT_AS_OPEN, abs(relative - 1.0)),
            _step(_LOOKS_STRAIGHT, _LOOKS_AWAY, away),
        )
        shown = min(max((relative - _SHUT) / _PEEPS, 0.0), 1.0)
        grows = (
            (own * RIM + (1.0 - shown) * _LASH_LINE) * self.width / hypot(back[0, 0], back[1, 0])
        )
        contour = self._hidden(_grown(target[self.eye.contour], grows), target)
        soft = (1.0 - shown) * _SOFT * self.width / hypot(back[0, 0], back[1, 0])
        mask, box = polygon_mask(contour, size, blur_px=soft)
        if mask is None:
            return None
        if own == 1.0:
            colours = self._as_it_is(back, box)
        else:
            colours = self._ball(back, asked, gaze, box)
            if own > 0.0:
                colours += (self._as_it_is(back, box) - colours) * np.float32(own)
        if shown < 1.0:
            colours += (self.lash - colours) * np.float32(1.0 - shown)
        return Layer(box=box, colours=colours, mask=mask)

    def _hidden(self, contour: Array, target: Array) -> Array:
        """The opening (N, 2) px without what the face's contour hides of an eye that turns away."""
        wide, own = (
            _width(points, self.eye) / max(_width(points, self.other), 1e-6)
            for points in (target, self.source)
        )
        turns = 1.0 - _step(_NARROW, _NARROWER, wide / max(own, 1e-6))
        if turns <= 0.0:
            return contour
        outwards = target[self.eye.outer] - target[self.eye.inner]
        outwards = outwards / max(hypot(*outwards), 1e-6)
        lid = _LID_AT_CONTOUR * self.width
        farthest = (target[list(self.beside)] @ outwards).max() + (1.0 - 2.0 * turns) * lid
        beyond = np.maximum(contour @ outwards - farthest, 0.0)
        return np.asarray(contour - beyond[:, None] * outwards)

    def _as_it_is(self, back: Array, box: tuple[int, int, int, int]) -> NDArray[np.float32]:
        """The portrait's own eye."""
        return _fetch(self.ball.own, back, self.ball.corner, box).astype(np.float32)

    def _ball(
        self, back: Array, asked: float, gaze: Array, box: tuple[int, int, int, int]
    ) -> NDArray[np.float32]:
        """The iris on the white, where the gaze takes it."""
        white = _fetch(self.ball.white, self._fit_opening(back, asked), self.ball.corner, box)
        iris = _fetch(self.ball.iris, _moved(back, gaze), self.ball.corner, box)
        free = cv2.cvtColor(cv2.bitwise_not(cv2.extractChannel(iris, 3)), cv2.COLOR_GRAY2RGB)
        beside = cv2.multiply(white, free, scale=1.0 / 255.0, dtype=cv2.CV_32F)
        shown = cv2.cvtColor(iris, cv2.COLOR_RGBA2RGB)
        return np.asarray(cv2.add(beside, shown, dst=beside, dtype=cv2.CV_32F), np.float32)

    def _to_portrait(self, target: Array) -> Array:
        """(2, 3): the similarity that takes the output's eye corners to the portrait's."""
        a, b, own_a, own_b = (
            complex(*points[corner])
            for points in (target, self.source)
            for corner in (self.eye.outer, self.eye.inner)
        )
        turn = (own_b - own_a) / (b - a)
        shift = own_a - turn * a
        return np.array([[turn.real, -turn.imag, shift.real], [turn.imag, turn.real, shift.imag]])

    def _asked_opening(self, back: Array, target: Array) -> float:
        """Mean distance of the lids in the output, in the portrait's px."""
        x, y = (target[self.eye.upper] - target[self.eye.lower]).T
        return float(np.hypot(x, y).mean()) * hypot(back[0, 0], back[1, 0])

    def _fit_opening(self, back: Array, asked: float) -> Array:
        """An eye wider open than the portrait's shows more white than there is: stretch it."""
        stretch = min(self.opening / max(asked, 1e-6), 1.0)
        own_a, own_b = self.source[self.eye.outer], self.source[self.eye.inner]
        x, y = (own_b - own_a) / hypot(*(own_b - own_a))
        keep = 1.0 - stretch
        squeeze = np.array(
            [[stretch + keep * x * x, keep * x * y], [keep * x * y, stretch + keep * y * y]]
        )
        fitted: Array = squeeze @ back
        fitted[:, 2] += own_a - squeeze @ own_a
        return fitted


def eye_painters(portrait: Pixels, source: Array) -> tuple[EyePainter, ...]:
    """Both eyes of a portrait with landmarks `source` (478, 2) px."""
    return tuple(
        EyePainter(
            eye=eye,
            other=other,
            beside=beside,
            source=source,
            opening=float(np.linalg.norm(source[eye.upper] - source[eye.lower], axis=1).mean()),
            width=eye_width(source, eye),
            ball=cut_eyeball(portrait, source, eye),
            lash=lash.astype(np.float32),
        )
        for eye, other, beside, lash in zip(
            EYES, reversed(EYES), _BESIDE, lash_colours(portrait, source), strict=True
        )
    )


def _width(points: Array, eye: Eye) -> float:
    """Between the corners."""
    return hypot(*(points[eye.outer] - points[eye.inner]))


def _grown(contour: Array, by: float) -> Array:
    """(N, 2) px: an outline moved outwards by so many px, but for its corners."""
    half = len(contour) // 2  # the outer corner comes first, the inner one half way
    along = contour[half] - contour[0]
    aside = np.array([-along[1], along[0]]) / max(hypot(*along), 1e-6)
    if (contour[half + half // 2] - contour[half // 2]) @ aside < 0.0:
        aside = -aside
    return np.asarray(contour + _OUTWARDS * (by * aside))


_TAPERED = np.sin(np.linspace(0.0, np.pi, len(EYES[0].contour) // 2 + 1)) ** 0.5
_OUTWARDS = np.concatenate([-_TAPERED[:-1], _TAPERED[:-1]])[:, None]
"""For each point of an eye's contour: up along the upper lid, then down along the lower one."""


def _step(low: float, high: float, value: float) -> float:
    """`smoothstep` of one number, without the price of an array."""
    along = min(max((value - low) / (high - low), 0.0), 1.0)
    return along * along * (3.0 - 2.0 * along)


def _fetch(
    layer: NDArray[np.uint8], back: Array, corner: Array, box: tuple[int, int, int, int]
) -> NDArray[np.uint8]:
    """The layer as seen in a box of the output; `back` takes the output to the portrait."""
    left, top, right, bottom = box
    to_layer = back.copy()
    to_layer[:, 2] += back[:, :2] @ (left, top) - corner
    return np.asarray(
        cv2.warpAffine(
            layer,
            to_layer,
            (right - left, bottom - top),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        ),
        np.uint8,
    )


def _moved(back: Array, by: Array) -> Array:
    moved = back.copy()
    moved[:, 2] += by
    return moved


def _apply(affine: Array, point: Array) -> Array:
    moved: Array = affine[:, :2] @ point + affine[:, 2]
    return moved
