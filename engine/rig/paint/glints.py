"""Glints on glasses: they lie on the lens, and no lid or brow behind it pulls at them.

What is warped has skin in their place; they are painted above it, and go with the head alone.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.frame import Pixels
from engine.geometry import Array, smoothstep
from engine.rig.landmarks import EYES, Eye
from engine.rig.paint.blend import Layer
from engine.rig.paint.eyeball import eye_width, grown, opening_in
from engine.rig.warp.target import HeadMotion, PortraitFace

_REACH = 0.75
"""Around an eye's opening, in eye widths: as far as a lens goes."""

_WHITE, _LIGHTER = 185, 70
"""The least of its three colours that a glint has, and by how much it is more than the skin's."""

_HOLE, _RIM, _EYE_RIM = 0.03, 0.09, 0.08
"""Around a glint: what the skin is continued over, and what goes along with it, so that a head at
rest shows all of it; and what beside an opening is the eye's own. Eye widths."""

_STAYS, _GONE = 0.15, 0.35
"""Sine of the head's turn up to which a lens shows the same glint, and from which on it shows none:
light comes from elsewhere, and skin behind a turned lens lies elsewhere."""

_LEAST, _MOST = 0.002, 0.25
"""Area of one, in squared eye widths: less is a pore, more a window that the lens mirrors."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Glints:
    """Those of one lens."""

    corner: tuple[int, int]
    """x and y of the first pixel in the portrait."""
    pixels: NDArray[np.uint8]
    """(h, w, 3)"""
    hole: NDArray[np.uint8]
    """(h, w): 255 where one is."""
    cover: NDArray[np.uint8]
    """(h, w) 0..255: 255 there, with a soft edge around it."""
    depth: float
    """Of the eye behind it, px; picture axes."""

    def remove_from(self, picture: Pixels) -> None:
        """Continue the skin around them, in place."""
        x, y = self.corner
        height, width = self.cover.shape
        region = picture[y : y + height, x : x + width]
        region[:] = cv2.inpaint(np.ascontiguousarray(region), self.hole, 3.0, cv2.INPAINT_TELEA)

    def find_layer(self, size: tuple[int, int], head: HeadMotion) -> Layer | None:
        """Where the head takes them, in a picture of (H, W); None where it turned them away."""
        aside = float(np.hypot(*head.linear[:2, 2]) / np.linalg.norm(head.linear[2]))
        stays = 1.0 - float(smoothstep(_STAYS, _GONE, np.asarray(aside)))
        if stays <= 0.0:
            return None
        linear = head.linear[:2, :2]
        offset = linear @ np.array(self.corner, float) + head.at_depth(self.depth)
        height, width = self.cover.shape
        corners = np.array([[0, 0], [width, 0], [0, height], [width, height]]) @ linear.T + offset
        low = np.maximum(np.floor(corners.min(axis=0)).astype(int), 0)
        high = np.minimum(np.ceil(corners.max(axis=0)).astype(int) + 1, size[::-1])
        if (high - low < 1).any():
            return None
        to_box = np.column_stack([linear, offset - low])
        box_size = int(high[0] - low[0]), int(high[1] - low[1])
        pixels, cover = (
            cv2.warpAffine(layer, to_box, box_size, flags=cv2.INTER_LINEAR, borderMode=border)
            for layer, border in (
                (self.pixels, cv2.BORDER_REPLICATE),
                (self.cover, cv2.BORDER_CONSTANT),
            )
        )
        mask = np.asarray(cover, np.float32)[..., None] * np.float32(stays / 255.0)
        box = int(low[0]), int(low[1]), int(high[0]), int(high[1])
        return Layer(box=box, colours=np.asarray(pixels, np.uint8), mask=mask)


def find_glints(picture: Pixels, face: PortraitFace) -> tuple[Glints, ...]:
    """The glints of a portrait that wears glasses; a lens without one has no entry."""
    found = (_of_lens(picture, face.landmarks, eye) for eye in EYES)
    return tuple(each for each in found if each is not None)


def _of_lens(picture: Pixels, landmarks: Array, eye: Eye) -> Glints | None:
    points = landmarks[:, :2]
    width = eye_width(points, eye)
    reach = _REACH * width
    low = np.clip(np.floor(points[eye.contour].min(axis=0) - reach), 0, None).astype(int)
    high = np.ceil(points[eye.contour].max(axis=0) + reach).astype(int)
    high = np.minimum(high, picture.shape[1::-1])
    if (high - low < 8).any():
        return None
    region = np.ascontiguousarray(picture[low[1] : high[1], low[0] : high[0]])
    least = region.min(axis=2)
    opening = grown(opening_in(points, eye, low, high), _EYE_RIM * width)
    bright = (least >= max(_WHITE, float(np.median(least)) + _LIGHTER)) & (opening == 0)
    glints = _of_their_size(np.where(bright, np.uint8(255), np.uint8(0)), width)
    if not glints.any():
        return None
    beside = np.where(opening > 0, np.uint8(0), np.uint8(255))
    hole = cv2.min(grown(glints, _HOLE * width), beside)
    cover = cv2.blur(grown(glints, _RIM * width), (3, 3))
    return Glints(
        corner=(int(low[0]), int(low[1])),
        pixels=region,
        hole=np.asarray(hole, np.uint8),
        cover=np.asarray(cv2.min(np.asarray(cover, np.uint8), beside), np.uint8),
        depth=float(landmarks[eye.contour, 2].mean()),
    )


def _of_their_size(mask: NDArray[np.uint8], width: float) -> NDArray[np.uint8]:
    """The mask without specks, and without what goes on beyond the lens or is too large."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask)
    kept = np.zeros_like(mask)
    for label in range(1, count):
        left, top, across, down, area = stats[label].tolist()
        inside = left > 0 and top > 0
        inside &= left + across < mask.shape[1] and top + down < mask.shape[0]
        if inside and _LEAST * width**2 <= area <= _MOST * width**2:
            kept[labels == label] = 255
    return kept
