"""Brings a portrait to the output's framing and size: its own picture, or a square on the face.

Both end in even sides, which 4:2:0 video needs. Pixel centres lie at integers, so a picture scaled
by s moves p to s * (p + 1/2) - 1/2.
"""

import logging
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

import cv2
import numpy as np

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """A region of a picture, and the size it is scaled to; the same for every picture of a clip."""

    left: int
    top: int
    width: int
    height: int
    """The region in pixels, inside the picture."""
    out_width: int
    out_height: int
    """What the region becomes; both even."""

    @property
    def scale(self) -> float:
        """Of lengths, from the picture to what it becomes."""
        return float(np.sqrt(self.out_width / self.width * self.out_height / self.height))

    @property
    def note(self) -> str | None:
        """What the user may like to know of a picture that is too small."""
        if min(self.out_width, self.out_height) <= min(self.width, self.height):
            return None
        return (
            f"the portrait's picture is {self.width} x {self.height} pixels and is enlarged to "
            f"{min(self.out_width, self.out_height)} lines: a larger one would look sharper"
        )

    def picture(self, picture: Pixels) -> Pixels:
        """The region of this picture, scaled; the picture itself where nothing is to be done."""
        region = picture[self.top : self.top + self.height, self.left : self.left + self.width]
        if (self.width, self.height) == (self.out_width, self.out_height):
            return np.ascontiguousarray(region)
        method = cv2.INTER_AREA if self.out_width < self.width else cv2.INTER_CUBIC
        scaled = cv2.resize(region, (self.out_width, self.out_height), interpolation=method)
        return np.ascontiguousarray(scaled, np.uint8)

    def face(self, face: Face) -> Face:
        """The face where it lies in the scaled region."""
        scale_x, scale_y = self.out_width / self.width, self.out_height / self.height
        scales = np.array([scale_x, scale_y, np.sqrt(scale_x * scale_y)], np.float32)
        corner = np.array([self.left - 0.5, self.top - 0.5, 0.0], np.float32)
        half = np.array([0.5, 0.5, 0.0], np.float32)
        return Face(landmarks=(face.landmarks - corner) * scales - half, confidence=face.confidence)


def fit_portrait(picture: Pixels, face: Face, *, frame: Framing, size: int) -> tuple[Pixels, Face]:
    """The picture as it will be animated, its shorter side `size` pixels, and the face in it."""
    fit = plan_fit(picture, face, frame=frame, size=size)
    if fit.note is not None:
        logger.warning("%s", fit.note)
    return fit.picture(picture), fit.face(face)


def plan_fit(picture: Pixels, face: Face, *, frame: Framing, size: int) -> Fit:
    """How this picture, or every picture of the clip it begins, becomes the output's."""
    if frame not in FRAMINGS:
        raise ValueError(f"frame must be one of {', '.join(FRAMINGS)}, got {frame!r}")
    low, high = SIZE_LIMITS
    if not low <= size <= high or size % 2:
        raise ValueError(f"size must be an even number in [{low}, {high}] pixels, got {size}")
    rows, columns = picture.shape[:2]
    region = (0, 0, columns, rows) if frame == "full" else _square(face, rows, columns)
    left, top, width, height = region
    scale = size / min(width, height)
    # The longer side goes to the nearest even number: nothing is cut off, and the aspect changes
    # by less than one pixel of that side.
    out_width, out_height = _even(width * scale), _even(height * scale)
    if max(out_width, out_height) > LONGEST_SIDE:
        raise InputError(
            f"the portrait is {columns} x {rows} pixels: at {size} lines its longer side would "
            f"be {max(out_width, out_height)}, above {LONGEST_SIDE}. Crop it, or use --frame face."
        )
    return Fit(
        left=left, top=top, width=width, height=height, out_width=out_width, out_height=out_height
    )


def letterboxed(picture: Pixels, canvas: tuple[int, int]) -> Pixels:
    """The whole picture in the middle of a (width, height), black beside it; its aspect is kept."""
    rows, columns = picture.shape[:2]
    if (columns, rows) == canvas:
        return picture
    left, top, width, height = place_on(canvas, (columns, rows))
    method = cv2.INTER_AREA if width < columns else cv2.INTER_CUBIC
    laid = np.zeros((canvas[1], canvas[0], 3), np.uint8)
    laid[top : top + height, left : left + width] = cv2.resize(
        picture, (width, height), interpolation=method
    )
    return laid


def place_on(canvas: tuple[int, int], size: tuple[int, int]) -> tuple[int, int, int, int]:
    """Left, top, width and height of what fits into the canvas, as large as can be, in its middle.

    Both are (width, height).
    """
    scale = min(whole / side for whole, side in zip(canvas, size, strict=True))
    width, height = (
        min(whole, max(1, round(side * scale))) for whole, side in zip(canvas, size, strict=True)
    )
    return (canvas[0] - width) // 2, (canvas[1] - height) // 2, width, height


def _square(face: Face, rows: int, columns: int) -> tuple[int, int, int, int]:
    """Left, top and sides of the square around a face.

    It nowhere leaves the picture: a face off centre or nearer looks better than a repeated edge.
    """
    left, top, right, bottom = face.box
    height = bottom - top
    side = max(2, min(round(FACE_SIDE * height), rows, columns))
    x = round((left + right) / 2 - side / 2)
    y = round((top + bottom) / 2 - FACE_CENTRE * height - side / 2)
    return min(max(x, 0), columns - side), min(max(y, 0), rows - side), side, side


def _even(length: float) -> int:
    return max(2, 2 * round(length / 2))
