"""Brings a portrait to the output's framing and size: its own picture, or a square on the face.

Both end in even sides, which 4:2:0 video needs. Pixel centres lie at integers, so a picture scaled
by s moves p to s * (p + 1/2) - 1/2.
"""

import logging
from typing import Literal, TypeAlias, get_args

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.errors import InputError
from engine.faces.face import Face
from engine.frame import Pixels

logger = logging.getLogger(__name__)

Framing: TypeAlias = Literal["full", "face"]
"""full: the portrait's own picture, aspect kept; face: a square around the face."""

FRAMINGS: tuple[Framing, ...] = get_args(Framing)

SIZE_LIMITS = (256, 1080)
"""Shorter side of the output in pixels. Below, the mouth has too few pixels to be read by a viewer;
above, the rig's warp no longer keeps up with a camera on the machines it is meant for."""

LONGEST_SIDE = 4096
"""What every H.264 decoder in use can take. A portrait longer than that is cropped by its owner."""

FACE_SIDE = 2.1
"""Side of the square over the height of the face's mesh (brow line to chin, about 3/4 of the head):
the head and some neck, with room to move, as in VoxCeleb's crops made by FOMM."""

FACE_CENTRE = 0.06
"""How far the square's middle lies above the mesh's, in mesh heights: the mesh has no hair."""


def fit_portrait(picture: Pixels, face: Face, *, frame: Framing, size: int) -> tuple[Pixels, Face]:
    """The picture as it will be animated, its shorter side `size` pixels, and the face in it."""
    if frame not in FRAMINGS:
        raise ValueError(f"frame must be one of {', '.join(FRAMINGS)}, got {frame!r}")
    low, high = SIZE_LIMITS
    if not low <= size <= high or size % 2:
        raise ValueError(f"size must be an even number in [{low}, {high}] pixels, got {size}")
    if frame == "face":
        picture, face = crop_square(picture, face)
    return resize_even(picture, face, shorter_side=size)


def crop_square(picture: Pixels, face: Face) -> tuple[Pixels, Face]:
    """A square around the face; where it leaves the picture, the edge is repeated."""
    left, top, right, bottom = face.box
    height = bottom - top
    side = max(2, round(FACE_SIDE * height))
    x = round((left + right) / 2 - side / 2)
    y = round((top + bottom) / 2 - FACE_CENTRE * height - side / 2)
    rows, columns = picture.shape[:2]
    inside = picture[max(y, 0) : max(y + side, 0), max(x, 0) : max(x + side, 0)]
    square = cv2.copyMakeBorder(
        inside,
        top=max(-y, 0),
        bottom=max(y + side - rows, 0),
        left=max(-x, 0),
        right=max(x + side - columns, 0),
        borderType=cv2.BORDER_REPLICATE,
    )
    return np.ascontiguousarray(square, np.uint8), face.moved(1.0, (-x, -y))


def resize_even(picture: Pixels, face: Face, *, shorter_side: int) -> tuple[Pixels, Face]:
    """Scale to the shorter side; the other side goes to the nearest even number, nothing is cut.

    That changes the aspect by less than one pixel of the longer side, and the landmarks likewise.
    """
    rows, columns = picture.shape[:2]
    scale = shorter_side / min(rows, columns)
    height, width = _even(rows * scale), _even(columns * scale)
    if max(height, width) > LONGEST_SIDE:
        raise InputError(
            f"the portrait is {columns} x {rows} pixels: at {shorter_side} lines its longer side "
            f"would be {max(height, width)}, above {LONGEST_SIDE}. Crop it, or use --frame face."
        )
    if scale > 1:
        logger.warning(
            "the portrait has %d pixels on its shorter side and is enlarged to %d: "
            "a larger portrait would look sharper",
            min(rows, columns),
            shorter_side,
        )
    if (height, width) == (rows, columns):
        return picture, face
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    resized = cv2.resize(picture, (width, height), interpolation=method)
    scales = np.array([width / columns, height / rows, scale], np.float32)
    return np.ascontiguousarray(resized, np.uint8), _scaled(face, scales)


def _even(length: float) -> int:
    return max(2, 2 * round(length / 2))


def _scaled(face: Face, scales: NDArray[np.float32]) -> Face:
    """The face where x, y and z are each scaled about the picture's corner, not its first pixel."""
    corner = np.array([0.5, 0.5, 0.0], np.float32)
    return Face(landmarks=(face.landmarks + corner) * scales - corner, confidence=face.confidence)
