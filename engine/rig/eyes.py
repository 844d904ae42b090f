"""The eyeball seen through the lids' opening: lids cover it, gaze turns it, nothing squashes it.

Two layers are cut from the portrait once: the white of the eye, filled in where the iris was, and
the iris, completed where a lid hid it. A frame lays the iris where the gaze asks, on the white, and
shows both through the opening.
"""

from dataclasses import dataclass
from math import hypot

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.frame import Pixels
from engine.geometry import Array
from engine.rig.painting import Layer, polygon_mask
from engine.rig.topology import EYES, Eye

_IRIS_RIM, _IRIS_FADE = 1.25, 1.5
"""Radii of the cut iris over the landmarks' iris radius: within the first it is whole (its dark rim
and the shade beside it belong to it), at the second it has faded."""

_MARGIN = 0.6
"""Eye widths around the eye that the layers cover."""

_SHUT, _PEEPS = 0.04, 0.14
"""Of the portrait's own opening: up to the first an eye is shut, and the eyeball fades in over the
second. A soft polygon of no area would still paint a bright line between closed lids."""

_LEAST_WHITE = 8
"""Pixels of visible white below which it is not filled in but mixed from the eye's light."""

_WHITE_ENOUGH = 0.75
"""White is what is at least this bright, as a share of the eye's brightest tenth."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class EyePainter:
    """One eye of a portrait; points are (x, y) in px."""

    eye: Eye
    source: Array
    """(478, 2) the portrait's landmarks."""
    opening: float
    """Of the lids in the portrait, px."""
    corner: Array
    """(2,) of both layers in the portrait."""
    white: Pixels
    """(h, w, 3)"""
    iris: NDArray[np.uint8]
    """(h, w, 4) RGB and opacity"""

    def find_layer(self, size: tuple[int, int], target: Array) -> Layer | None:
        """The eyeball where the lids of `target` (478, 2) leave it open, in a picture of (H, W)."""
        mask, box = polygon_mask(target[self.eye.contour], size)
        if mask is None:
            return None
        back = self._to_portrait(target)
        asked = self._asked_opening(back, target)
        shown = min(max((asked / self.opening - _SHUT) / _PEEPS, 0.0), 1.0)
        white = _fetch(self.white, self._fit_opening(back, asked), self.corner, box)
        gaze = self.source[self.eye.iris] - _apply(back, target[self.eye.iris])
        iris = _fetch(self.iris, _moved(back, gaze), self.corner, box)
        share = cv2.cvtColor(cv2.extractChannel(iris, 3), cv2.COLOR_GRAY2RGB)
        change = cv2.subtract(cv2.cvtColor(iris, cv2.COLOR_RGBA2RGB), white, dtype=cv2.CV_32F)
        change = cv2.multiply(change, share, dst=change, scale=1.0 / 255.0, dtype=cv2.CV_32F)
        eyeball = cv2.add(white, change, dst=change, dtype=cv2.CV_32F)
        colours = np.asarray(eyeball, np.float32)
        return Layer(box=box, colours=colours, mask=mask * np.float32(shown))

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
    return tuple(_cut(portrait, source, eye) for eye in EYES)


def _cut(portrait: Pixels, source: Array, eye: Eye) -> EyePainter:
    """Cut both layers of one eye."""
    height, width = portrait.shape[:2]
    contour = source[eye.contour]
    margin = _MARGIN * np.linalg.norm(source[eye.outer] - source[eye.inner])
    low = np.clip(np.floor(contour.min(axis=0) - margin), 0, (width - 4, height - 4)).astype(int)
    high = np.clip(np.ceil(contour.max(axis=0) + margin), low + 4, (width, height)).astype(int)
    patch = np.ascontiguousarray(portrait[low[1] : high[1], low[0] : high[0]])
    open_part = np.zeros(patch.shape[:2], np.uint8)
    cv2.fillPoly(open_part, [np.round((contour - low) * 16).astype(np.int32)], 255, cv2.LINE_8, 4)
    centre = source[eye.iris] - low
    radius = np.linalg.norm(source[eye.iris + 1] - source[eye.iris + 3]) / 2.0
    columns, rows = np.meshgrid(np.arange(patch.shape[1]), np.arange(patch.shape[0]))
    distance = np.hypot(columns - centre[0], rows - centre[1]) / max(float(radius), 1e-3)
    white = _white(patch, open_part, distance > _IRIS_RIM)
    disc = np.clip((_IRIS_FADE - distance) / (_IRIS_FADE - _IRIS_RIM), 0.0, 1.0)
    return EyePainter(
        eye=eye,
        source=source,
        opening=float(np.linalg.norm(source[eye.upper] - source[eye.lower], axis=1).mean()),
        corner=low.astype(np.float64),
        white=white,
        iris=_iris(patch, white, open_part, centre, disc),
    )


def _white(patch: Pixels, open_part: NDArray[np.uint8], beside_iris: NDArray[np.bool_]) -> Pixels:
    """The patch as it is, but with the white of the eye where the iris was."""
    light = patch.max(axis=2).astype(np.float32)
    inside = open_part > 0
    bright = np.percentile(light[inside], 90) if inside.any() else 200.0
    seen = inside & beside_iris & (light > _WHITE_ENOUGH * bright)
    if int(seen.sum()) >= _LEAST_WHITE:
        filled = cv2.inpaint(patch, (~seen).astype(np.uint8), 2.0, cv2.INPAINT_TELEA)
        filled = cv2.GaussianBlur(filled, (0, 0), 1.0)
    else:
        filled = np.full_like(patch, np.uint8(min(0.9 * bright + 10.0, 235.0)))
    return np.where(beside_iris[..., None], patch, filled).astype(np.uint8)


def _iris(
    patch: Pixels, white: Pixels, open_part: NDArray[np.uint8], centre: Array, disc: Array
) -> NDArray[np.uint8]:
    """The iris as a disc; what a lid hides is taken from the point opposite, or else is white."""
    half_turn = np.array([[-1.0, 0.0, 2.0 * centre[0]], [0.0, -1.0, 2.0 * centre[1]]])
    size = (patch.shape[1], patch.shape[0])
    seen = cv2.blur(open_part, (3, 3)).astype(np.float32) / np.float32(255.0)
    there = cv2.warpAffine(seen, half_turn, size)[..., None]
    opposite = cv2.warpAffine(patch, half_turn, size, borderMode=cv2.BORDER_REPLICATE)
    hidden = white + (opposite - white.astype(np.float32)) * there
    whole = hidden + (patch - hidden) * seen[..., None]
    return np.dstack([whole, disc * 255.0]).round().clip(0, 255).astype(np.uint8)


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
