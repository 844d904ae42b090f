"""The refiner's inputs besides pixels: where the openings of the face lie, and the motion.

Shared by training and the live step, so that the network always sees the same.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.geometry import Array, vector_from_rotation
from engine.rig.landmarks import EYES, INNER_LIPS, OUTER_LIPS
from engine.rig.motion.motion import RigMotion
from engine.rig.refine.head_crop import SIDE
from engine.rig.warp.target import HeadMotion, PortraitFace

MAPS = ("mouth opening", "lips", "eye openings", "irises", "brows")
"""Channels of `region_maps`."""

_BROWS = (
    (70, 63, 105, 66, 107, 55, 65, 52, 53, 46),
    (300, 293, 334, 296, 336, 285, 295, 282, 283, 276),
)

_NOSE_CHEEKS_CHIN = (
    1, 98, 327, 205, 425, 50, 280, 117, 346, 152, 176, 400, 172, 397, 9, 151, 108, 337,
)  # fmt: skip

EXPRESSION_POINTS = np.unique(
    np.concatenate(
        [
            np.array(INNER_LIPS), np.array(OUTER_LIPS), np.array(_BROWS).ravel(),
            np.array(_NOSE_CHEEKS_CHIN),
            *[np.concatenate([eye.crease, [eye.iris]]) for eye in EYES],
        ]
    )
)  # fmt: skip
"""The landmarks whose offsets describe the expression."""

MOTION_LENGTH = 3 * len(EXPRESSION_POINTS) + 2 + 1 + 3 + 3
"""Of `motion_vector`."""

_SUBPIXEL_BITS = 4


def region_maps(points: Array, size: tuple[int, int] = (SIDE, SIDE)) -> NDArray[np.uint8]:
    """(478, 2) px of a crop of width and height `size` -> (height, width, 5).

    255 inside the regions of `MAPS`, soft at the edge.
    """
    maps = [np.zeros(size[::-1], np.uint8) for _ in MAPS]
    mouth, lips, eyes, irises, brows = maps
    _fill(mouth, points[list(INNER_LIPS)])
    _fill(lips, points[list(OUTER_LIPS)])
    for eye in EYES:
        _fill(eyes, points[eye.contour])
        _fill(irises, _ring(points[eye.iris : eye.iris + 5]))
    for brow in _BROWS:
        _fill(brows, points[list(brow)])
    return np.asarray(cv2.merge(maps), np.uint8)


def _ring(iris: Array) -> Array:
    """(5, 2) centre and four border points -> (16, 2) on the ellipse through them."""
    angles = np.linspace(0.0, 2.0 * np.pi, 16, endpoint=False)[:, None]
    across, down = (iris[1] - iris[3]) / 2.0, (iris[4] - iris[2]) / 2.0
    ring: Array = iris[0] + np.cos(angles) * across + np.sin(angles) * down
    return ring


def _fill(canvas: NDArray[np.uint8], polygon: Array) -> None:
    corners = np.round(np.clip(polygon, -SIDE, 2 * SIDE) * (1 << _SUBPIXEL_BITS)).astype(np.int32)
    cv2.fillPoly(canvas, [corners], 255, cv2.LINE_AA, _SUBPIXEL_BITS)


def motion_vector(face: PortraitFace, motion: RigMotion, head: HeadMotion) -> NDArray[np.float32]:
    """(MOTION_LENGTH,): expression offsets (cm), lids, lip contact, the head's turn and pose.

    Angles are radians; each entry is of the order of one.
    """
    flip = np.diag([1.0, -1.0, -1.0])
    scale = np.cbrt(np.linalg.det(head.linear))
    posed = flip @ (head.linear / scale) @ flip @ face.pose.placement.rotation
    entries = [
        motion.offsets[EXPRESSION_POINTS].ravel(),
        motion.aperture - 1.0,
        [motion.lip_contact],
        motion.rotation,
        vector_from_rotation(posed),
    ]
    return np.concatenate(entries).astype(np.float32)
