"""What is seen between parted lips: the portrait's own teeth if it shows any, else a generic mouth.

Upper teeth stay with the skull, lower teeth and tongue go with the jaw, and the lips are a window
onto them: nothing stretches when the mouth opens.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.frame import Pixels
from engine.geometry import Array, smoothstep
from engine.rig.landmarks import INNER_LIPS, INNER_LOWER, MOUTH_LEFT, MOUTH_RIGHT, relative_lip_gap
from engine.rig.paint.blend import Layer, blend_rgba, polygon_mask
from engine.rig.paint.teeth import EDGE_ROW, PER_WIDTH, Texture, lower_teeth, tongue, upper_teeth
from engine.rig.warp.grid import Box

_SKULL = (2, 97, 326, 98, 327, 64, 294, 168, 6, 197)
"""Nose base, wings and bridge: they move with the upper teeth."""

_UPPER_EDGE = 0.02
"""Biting edge of the upper teeth below the line of the closed lips, in mouth widths."""

_LOWER_SHOWN, _LOWER_SHARE = 0.04, 0.08
"""The lower teeth rise above the lower lip by this much, in mouth widths, and by no more than this
share of the lips' gap: a mouth that opens a little shows none."""

_TONGUE_BACK, _TONGUE_RISES = 0.02, 0.55
"""The tongue's back above the lower lip: mouth widths, and a share of the lips' gap."""

_HIDDEN, _SHOWN = 0.03, 0.18
"""Lip gap over mouth width between which the interior fades in: thinner than that, what the lips'
own pixels show is truer."""

_SHADE, _DARK, _DEEP = np.array([128.0, 64.0, 60.0]), np.array([74.0, 34.0, 33.0]), 0.5
"""Between lips that part a little, and down the throat of a mouth open by the last, in mouth
widths."""

_NEUTRAL_SKIN = 150.0
"""Mean brightness of a well lit face, which the textures are drawn for."""

_SHOWS = 0.17
"""Inner lip gap over mouth width from which the portrait has a mouth interior of its own."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MouthPainter:
    """The mouth of one portrait."""

    source: Array
    """(478, 2) px: the portrait's landmarks."""
    light: Array
    """(3,) factor on the drawn mouth's colours."""
    tongue: Texture
    lower_teeth: Texture
    upper_teeth: Texture
    """In this light."""
    own: NDArray[np.uint8] | None
    """(H, W, 4) the portrait's own mouth interior, continued upwards and to the sides, and its
    opacity, which ends at the lower lip; None if the portrait shows too little of it."""
    own_gap: float
    """Between the portrait's lips, over the mouth's width."""
    blur_px: float

    def find_layer(self, size: tuple[int, int], target: Array) -> Layer | None:
        """The interior where the inner lips of `target` (478, 2) open, in a picture of (H, W)."""
        mask, box = polygon_mask(target[list(INNER_LIPS)], size, blur_px=self.blur_px)
        wider = relative_lip_gap(target) - (self.own_gap if self.own is None else 0.0)
        share = float(smoothstep(_HIDDEN, _SHOWN, np.asarray(wider)))
        if mask is None or share <= 0.0:
            return None
        interior = self._generic(target, box)
        if self.own is not None:
            self._add_own(interior, target, box)
        return Layer(box=box, colours=interior, mask=mask * np.float32(share))

    def _generic(self, target: Array, box: Box) -> NDArray[np.float32]:
        """The drawn mouth, behind the lips' window."""
        left, top, right, bottom = box
        frame = _mouth_frame(self.source)
        skull = _carry(self.source, target, _SKULL)
        width = float(np.linalg.norm(frame[:2, 0]))
        gap = float(np.linalg.norm(target[13] - target[14])) / (
            width * float(np.linalg.norm(skull[:, 0]))
        )
        depth = min(gap / _DEEP, 1.0)
        canvas = np.empty((bottom - top, right - left, 3), np.float32)
        canvas[:] = (_SHADE + (_DARK - _SHADE) * depth) * self.light
        jaw = _on_lower_lip(skull, frame, target)
        shown = -min(_LOWER_SHOWN, _LOWER_SHARE * gap)
        layers: list[tuple[Texture, Array, float, float]] = [
            (self.tongue, jaw, -_TONGUE_BACK - _TONGUE_RISES * gap, 0.0),
            (self.lower_teeth, jaw, shown, self.lower_teeth.shape[0] - EDGE_ROW),
        ]
        if self.own is None:
            layers.append((self.upper_teeth, skull, _UPPER_EDGE, EDGE_ROW))
        for texture, carry, below, anchor_row in layers:
            place = carry @ frame @ _texture_frame(texture, below, anchor_row)
            _overlay(canvas, texture, place, (left, top))
        return canvas

    def _add_own(self, canvas: NDArray[np.float32], target: Array, box: Box) -> None:
        """The portrait's own interior, carried rigidly with the skull, over the drawn one."""
        assert self.own is not None
        left, top, right, bottom = box
        back = np.asarray(cv2.invertAffineTransform(_carry(self.source, target, _SKULL)), float)
        back[:, 2] += back[:, :2] @ np.array([left, top], float)
        own = np.asarray(
            cv2.warpAffine(
                self.own,
                back,
                (right - left, bottom - top),
                flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            ),
            np.float32,
        )
        own[..., 3] *= np.float32(1.0 / 255.0)
        blend_rgba(canvas, own)


def shows_interior(source: Array) -> bool:
    """Whether a portrait with landmarks `source` (478, 2) px has a mouth interior of its own."""
    return relative_lip_gap(source) > _SHOWS


def own_interior_at(source: Array, target: Array) -> Array:
    """(20, 2) px: the outline of the portrait's own interior in the output."""
    skull = _carry(source, target, _SKULL)
    placed: Array = source[list(INNER_LIPS)] @ skull[:, :2].T + skull[:, 2]
    return placed


def mouth_painter(portrait: Pixels, source: Array) -> MouthPainter:
    """Prepare the mouth of a portrait with landmarks `source` (478, 2) px."""
    width = float(np.linalg.norm(source[MOUTH_LEFT] - source[MOUTH_RIGHT]))
    gap = float(np.linalg.norm(source[13] - source[14]))
    own_gap = gap / width
    light = _light(portrait, source)
    lit = np.array([*light, 1.0], np.float32)
    return MouthPainter(
        source=source,
        light=light,
        tongue=tongue() * lit,
        lower_teeth=lower_teeth() * lit,
        upper_teeth=upper_teeth() * lit,
        own=_own_interior(portrait, source, width) if shows_interior(source) else None,
        own_gap=own_gap,
        blur_px=max(0.5, 0.012 * width),
    )


def _own_interior(portrait: Pixels, source: Array, width: float) -> NDArray[np.uint8]:
    """Cut the interior out and continue its colours, so that a rising lip uncovers more of it."""
    shape = portrait.shape[:2]
    inside = np.zeros(shape, np.uint8)
    cv2.fillPoly(inside, [np.round(source[list(INNER_LIPS)] * 16).astype(np.int32)], 255, shift=4)
    rim = max(int(0.05 * width), 1)
    cv2.erode(inside, np.ones((rim, rim), np.uint8), dst=inside)
    _, nearest = cv2.distanceTransformWithLabels(
        255 - inside, cv2.DIST_L2, 3, labelType=cv2.DIST_LABEL_PIXEL
    )
    rows, columns = np.nonzero(inside)
    of_label = np.zeros(int(nearest.max()) + 1, np.int64)
    of_label[nearest[rows, columns]] = rows * shape[1] + columns
    colours = portrait.reshape(-1, 3)[of_label[nearest]]
    along, down = _mouth_frame(source)[:2, 0] / width, _mouth_frame(source)[:2, 1] / width
    lower = source[[MOUTH_RIGHT, *INNER_LOWER, MOUTH_LEFT]]
    grid = np.stack(np.meshgrid(np.arange(shape[1]), np.arange(shape[0])), axis=-1) - lower[0]
    lip = np.interp(grid @ along, (lower - lower[0]) @ along, (lower - lower[0]) @ down)
    above_lip = np.clip((lip - grid @ down) / rim, 0.0, 1.0)
    return np.dstack([colours, (above_lip * 255.0).astype(np.uint8)])


def _light(portrait: Pixels, source: Array) -> Array:
    """Brightness of the cheeks and forehead over that of a well lit face, with half their tint."""
    spots = np.round(source[[50, 280, 205, 425, 151, 9]]).astype(int)
    limit = np.array(portrait.shape[1::-1]) - 3
    patches = [
        portrait[y - 2 : y + 3, x - 2 : x + 3].reshape(-1, 3).mean(axis=0)
        for x, y in np.clip(spots, 2, limit)
    ]
    skin: Array = np.median(patches, axis=0)
    brightness = float(np.clip(skin.mean() / _NEUTRAL_SKIN, 0.25, 1.15))
    tint = skin / max(float(skin.mean()), 1.0) / np.array([1.22, 0.97, 0.81])
    light: Array = brightness * np.clip(tint, 0.6, 1.6) ** 0.5
    return light


def _mouth_frame(source: Array) -> Array:
    """(3, 3) from mouth widths (x along the mouth, y down, origin amid the lips' line) to px."""
    right, left = source[MOUTH_RIGHT], source[MOUTH_LEFT]
    line = (source[13] + source[14]) / 2.0
    along = left - right
    down = np.array([-along[1], along[0]])
    return np.array([[along[0], down[0], line[0]], [along[1], down[1], line[1]], [0.0, 0.0, 1.0]])


def _texture_frame(texture: Texture, below: float, anchor_row: float) -> Array:
    """(3, 3) from texture px to mouth widths; `anchor_row` lies `below` the line of the lips."""
    k = 1.0 / PER_WIDTH
    middle = (texture.shape[1] - 1) / 2.0
    return np.array([[k, 0.0, -middle * k], [0.0, k, below - anchor_row * k], [0.0, 0.0, 1.0]])


def _carry(source: Array, target: Array, points: tuple[int, ...]) -> Array:
    """(2, 3): the similarity that takes those landmarks of the portrait to the output."""
    a, b = source[list(points)], target[list(points)]
    a_mean, b_mean = a.mean(axis=0), b.mean(axis=0)
    a_complex = (a - a_mean) @ (1, 1j)
    turn = np.vdot(a_complex, (b - b_mean) @ (1, 1j)) / np.vdot(a_complex, a_complex).real
    linear = np.array([[turn.real, -turn.imag], [turn.imag, turn.real]])
    return np.hstack([linear, (b_mean - linear @ a_mean)[:, None]])


def _on_lower_lip(skull: Array, frame: Array, target: Array) -> Array:
    """(2, 3): turned and scaled with the skull, the lips' line laid onto the lower lip's middle."""
    shift: Array = target[14] - skull[:, :2] @ frame[:2, 2]
    return np.hstack([skull[:, :2], shift[:, None]])


def _overlay(
    canvas: NDArray[np.float32],
    texture: Texture,
    place: Array,
    corner: tuple[int, int],
) -> None:
    """Lay a texture over the canvas, whose upper left pixel is `corner` of the picture."""
    place = place.copy()
    place[:, 2] -= corner
    size = (canvas.shape[1], canvas.shape[0])
    warped = cv2.warpAffine(texture, place, size, flags=cv2.INTER_AREA)
    blend_rgba(canvas, np.asarray(warped, np.float32))


def carry_by_skull(source: Array, target: Array) -> Array:
    """(2, 3): the similarity by which upper teeth go from landmarks `source` to `target`."""
    return _carry(source, target, _SKULL)
