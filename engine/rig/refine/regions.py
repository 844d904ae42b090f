"""Where the refiner corrects: around lips that speak and lids that close.

Everywhere else the rig's picture is the portrait's own skin, which the network would only smooth:
corrected there, too, the person is less like himself.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.geometry import Array, smoothstep
from engine.rig.landmarks import (
    EYES,
    INNER_LIPS,
    INNER_LOWER,
    INNER_UPPER,
    OUTER_LIPS,
    OVAL,
)
from engine.rig.motion.motion import RigMotion
from engine.rig.refine.corrections import Map
from engine.rig.refine.head_crop import PART_TOPS

_CLOSING = 0.5, 0.85
"""Of the neutral opening: below the first an eye is refined, above the second left to the rig.
Trained on rendered heads, the network draws a closed lid better than a warp does, and an open eye
worse."""

_OF_CLOSED = 0.8
"""How much of the corrections closed lids get: with all of them a portrait with closed eyes
flickers by 2.3 % more than the rig's."""

_PARTED_CM = 0.1, 0.4
"""Change of the gap between the lips: below the first the mouth is left to the rig, above the
second it is refined. Lips that only shift are the portrait's own pixels, and the network blurs
them."""

_MOVED_CM = 0.45, 0.8
"""The same of the mean way of the lips from rest: where they go far, skin folds."""

_TURNED_RAD = 0.14, 0.25
"""The same of the head's turn: lips are then seen from where the portrait does not show them."""

_OF_TURNED = 0.5
"""How much of the corrections a turn alone asks for: with all of them lips that rest are nearer to
the truth (L1), and blurred (LPIPS)."""

_LIPS = np.unique(np.array(OUTER_LIPS + INNER_LIPS))

_REACH = 1.3
"""Half axes of the ellipse that is corrected, over those of what it surrounds. Farther out hardly
anything gets nearer to the truth, and skin flickers."""

_FULL, _NONE = 0.5, 1.7
"""Squared distance from its middle, in half axes: up to the first all is kept, from the second on
nothing."""

_LIP_FLATNESS, _LID_FLATNESS = 0.5, 0.65
"""Height of the ellipse over its width, at least: a closed mouth or eye has no height."""

_RIM = np.ones((9, 9), np.uint8)
"""Twice the width of the face's rim over which corrections fade, px of the crop."""


_TEETH_RIM = 5, 5
"""Over what the portrait's own teeth pass into what is drawn beside them, px of the crop."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Place:
    """What is refined of a part."""

    contour: NDArray[np.int64]
    """Indices of the landmarks around it."""
    flatness: float
    share: float
    """0..1: how much of the corrections is shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trusted:
    """How far parts show pixels that were filmed, 0..1: there the network is silent."""

    mouth: float = 0.0
    lids: tuple[float, float] = (0.0, 0.0)
    """Left and right."""


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the head's crop that the network looks at, if there is anything to do in it."""

    name: str
    wanted: Callable[[RigMotion, Trusted], list[Place]]
    has_teeth: bool = False

    @property
    def top(self) -> int:
        """In the crop, px."""
        return PART_TOPS[self.name]


def _lids(motion: RigMotion, trusted: Trusted) -> list[Place]:
    """The eyes that are closing."""
    shares = [
        _OF_CLOSED * (1.0 - float(smoothstep(*_CLOSING, np.asarray(opening)))) * (1.0 - own)
        for opening, own in zip(motion.aperture, trusted.lids, strict=True)
    ]
    return [
        Place(contour=np.asarray(eye.contour), flatness=_LID_FLATNESS, share=share)
        for eye, share in zip(EYES, shares, strict=True)
        if share > 0.0
    ]


def _lips(motion: RigMotion, trusted: Trusted) -> list[Place]:
    """The mouth where it speaks or is turned; a filmed one is as sharp as the camera was."""
    moved_cm = np.linalg.norm(motion.offsets[_LIPS], axis=1).mean()
    gaps = motion.offsets[list(INNER_LOWER)] - motion.offsets[list(INNER_UPPER)]
    parted_cm = np.linalg.norm(gaps, axis=1).mean()
    turned_rad = np.asarray(np.linalg.norm(motion.rotation))
    shares = (
        smoothstep(*_MOVED_CM, moved_cm),
        smoothstep(*_PARTED_CM, parted_cm),
        _OF_TURNED * smoothstep(*_TURNED_RAD, turned_rad),
    )
    share = float(max(shares)) * (1.0 - trusted.mouth)
    contour = np.array(OUTER_LIPS)
    return [Place(contour=contour, flatness=_LIP_FLATNESS, share=share)] if share > 0.0 else []


PARTS = (Part("eyes", _lids), Part("mouth", _lips, has_teeth=True))


def correction_mask(points: Array, places: Sequence[Place], size: tuple[int, int]) -> Map:
    """(height, width) in 0..1: how much of the corrections stays.

    Args:
        points: (478, 2) the landmarks, px of the part.
        places: what is refined of it.
        size: its width and height.
    """
    shares = [
        place.share * _around(points[place.contour], place.flatness, size) for place in places
    ]
    return np.asarray(np.maximum.reduce(shares) * _face(points, size), np.float32)


def between_lips(points: Array, size: tuple[int, int]) -> Map:
    """(height, width) in 0..1: the opening of a mouth in a part of this width and height.

    `points` are the landmarks, (478, 2) px of the part.
    """
    inside = _filled(points[list(INNER_LIPS)], size)
    return np.asarray(cv2.blur(inside, _TEETH_RIM), np.float32) * np.float32(1.0 / 255.0)


def own_teeth(points: Array, own: Array, size: tuple[int, int]) -> Map:
    """(height, width) in 0..1: where the portrait's own teeth are seen, which no network betters.

    Args:
        points: (478, 2) the landmarks, px of the part.
        own: (20, 2) the outline of the portrait's own mouth interior, likewise.
        size: the part's width and height.
    """
    seen = np.minimum(_filled(points[list(INNER_LIPS)], size), _filled(own, size))
    return np.asarray(cv2.blur(seen, _TEETH_RIM), np.float32) * np.float32(1.0 / 255.0)


def _filled(outline: Array, size: tuple[int, int]) -> NDArray[np.uint8]:
    inside = np.zeros(size[::-1], np.uint8)
    cv2.fillPoly(inside, [np.round(outline).astype(np.int32)], 255)
    return inside


def _around(contour: Array, flatness: float, size: tuple[int, int]) -> Map:
    low, high = contour.min(axis=0), contour.max(axis=0)
    middle, half = (low + high) / 2.0, np.maximum((high - low) / 2.0, 1.0)
    half[1] = max(half[1], half[0] * flatness)
    columns, rows = (np.arange(length, dtype=np.float32) for length in size)
    x = np.square((columns - np.float32(middle[0])) / np.float32(half[0] * _REACH))
    y = np.square((rows - np.float32(middle[1])) / np.float32(half[1] * _REACH))
    along = np.clip((np.float32(_NONE) - x - y[:, None]) / np.float32(_NONE - _FULL), 0.0, 1.0)
    return np.asarray(along * along * (np.float32(3.0) - 2.0 * along), np.float32)


def _face(points: Array, size: tuple[int, int]) -> Map:
    """1 within the face: at a far cheek the network would smear the collar."""
    face = _filled(points[list(OVAL)], size)
    # Beyond the part's own edge the face goes on.
    worn = cv2.erode(face, _RIM, borderType=cv2.BORDER_REPLICATE)
    soft = cv2.blur(worn, _RIM.shape, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(soft, np.float32) * np.float32(1.0 / 255.0)
