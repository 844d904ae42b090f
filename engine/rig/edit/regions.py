"""Soft masks of a face's regions in a box of its frame, worked out small: they have no detail."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.editing import Box
from engine.geometry import Array
from engine.rig.landmarks import CHIN, EYES, FOREHEAD, INNER_LIPS, OUTER_LIPS, OVAL

Mask = NDArray[np.float32]

SMALL_FACE_PX = 110
"""Height of a face at which its masks are drawn."""

LOWER_FACE = (
    *(205, 187, 147, 123, 132, 58, 172, 136, 150, 149, 176, 148, 152),
    *(377, 400, 378, 379, 365, 397, 288, 361, 352, 376, 411, 425, 2),
)
"""Lips, chin, jaw and the lower cheeks, as a hull."""

WIDENED, BLUR = 0.07, 0.03
"""Of the whole face's mask: growth, and standard deviation of its edge, in face heights."""
_FEATHER = 3.0
"""Standard deviations after which a blurred edge is taken to end."""
_LOWER_SHRINKS, _LOWER_BLUR = 0.04, 0.035
_EYE_GROWS, _EYE_BLUR = 0.045, 0.02
LOWER_FACE_REACH, EYE_REACH = 0.1, 0.14
"""How far from their points those masks may be above 0."""
EYE_POINTS = tuple(np.concatenate([[*eye.contour, *eye.crease] for eye in EYES]).tolist())
_JAW_SHARE = 0.6
"""How much farther than the chin its neck is drawn along."""


def face_height(landmarks: Array) -> float:
    """From the forehead's top to the chin, px."""
    return float(np.linalg.norm(landmarks[FOREHEAD, :2] - landmarks[CHIN, :2]))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Board:
    """A box of a picture in which masks are drawn."""

    box: Box
    scale: float
    """Of the drawing over the picture."""
    face_px: float
    """Height of the face in the drawing."""

    @classmethod
    def on(cls, box: Box, face_px: float) -> "Board":
        """For a face of this height in the picture."""
        scale = min(1.0, SMALL_FACE_PX / face_px)
        return cls(box=box, scale=scale, face_px=face_px * scale)

    def around(self, points: Sequence[int], face: Array, reach: float) -> "Board":
        """A smaller board on some landmarks and so many face heights around them."""
        margin = reach * self.face_px / self.scale
        low = face[list(points), :2].min(axis=0) - margin
        high = face[list(points), :2].max(axis=0) + margin + 1.0
        left, top = np.clip(low, self.box[:2], np.array(self.box[2:]) - 8).astype(int).tolist()
        limit = np.clip(high, (left + 8, top + 8), self.box[2:]).astype(int).tolist()
        return Board(box=(left, top, *limit), scale=self.scale, face_px=self.face_px)

    @property
    def small(self) -> tuple[int, int]:
        """Width and height of the drawing."""
        left, top, right, bottom = self.box
        return (
            max(2, round((right - left) * self.scale)),
            max(2, round((bottom - top) * self.scale)),
        )

    def reduced(self, picture: NDArray[np.uint8] | NDArray[np.float32]) -> NDArray[np.float32]:
        """A picture of the box, in the drawing's size."""
        resized = cv2.resize(picture, self.small, interpolation=cv2.INTER_AREA)
        return np.asarray(resized, np.float32)

    def full(self, drawn: Mask) -> Mask:
        """Back to the box's own pixels."""
        left, top, right, bottom = self.box
        return np.asarray(cv2.resize(drawn, (right - left, bottom - top)), np.float32)

    def hull(self, *parts: Array, grows: float = 0.0, blur: float = 0.0) -> Mask:
        """The convex hull of each part, (N, 2) px of the picture; lengths in face heights."""
        width, height = self.small
        drawn = np.zeros((height, width), np.uint8)
        corner = np.array(self.box[:2], np.float64) - 0.5
        for points in parts:
            placed = (points[:, :2] - corner) * self.scale - 0.5
            outline = cv2.convexHull(np.rint(placed * 16).astype(np.int32))
            cv2.fillConvexPoly(drawn, outline, 255, cv2.LINE_AA, 4)
        reach = 2 * round(abs(grows) * self.face_px) + 1
        if reach > 1:
            disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach))
            change = cv2.dilate if grows > 0.0 else cv2.erode
            drawn = np.asarray(change(drawn, disc), np.uint8)
        mask = drawn.astype(np.float32) / np.float32(255.0)
        if blur > 0.0:
            sigma = blur * self.face_px
            side = 2 * round(_FEATHER * sigma) + 1
            mask = np.asarray(cv2.GaussianBlur(mask, (side, side), sigma), np.float32)
        return mask


def whole_face(board: Board, own: Array, target: Array) -> Mask:
    """All that a new expression may change: both faces, and the neck that a jaw draws along."""
    drawn_along = target + (target - own) * _JAW_SHARE
    points = np.vstack([own[:468, :2], target[:468, :2], drawn_along[list(OVAL), :2]])
    return board.hull(points, grows=WIDENED, blur=BLUR)


def lower_face(board: Board, target: Array) -> Mask:
    """Lips, chin and lower cheeks."""
    return board.hull(target[list(LOWER_FACE)], grows=-_LOWER_SHRINKS, blur=_LOWER_BLUR)


def eyes(board: Board, target: Array) -> Mask:
    """Both eyes with their lids."""
    parts = [target[np.concatenate([eye.contour, eye.crease])] for eye in EYES]
    return board.hull(*parts, grows=_EYE_GROWS, blur=_EYE_BLUR)


def features(board: Board, *faces: Array) -> Mask:
    """Lips and eyes: what tells nothing of the skin's light."""
    eyes_and_lids = [np.concatenate([eye.contour, eye.crease]) for eye in EYES]
    parts = [np.array(OUTER_LIPS), np.array(INNER_LIPS), *eyes_and_lids]
    return board.hull(*(face[part] for face in faces for part in parts), grows=0.02)


def openings(board: Board, *faces: Array) -> Mask:
    """What lies between lids and between lips: an expression alone changes it."""
    parts = [np.array(INNER_LIPS), *(eye.contour for eye in EYES)]
    return board.hull(*(face[part] for face in faces for part in parts), grows=0.025)


def region_around(own: Array, size: tuple[int, int], beyond: float = 0.45) -> Box:
    """Left, top, right, bottom of a face with so many face heights around it, inside (H, W)."""
    margin = beyond * face_height(own)
    low = np.floor(own[:468, :2].min(axis=0) - margin).astype(int)
    high = np.ceil(own[:468, :2].max(axis=0) + margin).astype(int) + 1
    # Even corners: a chroma sample belongs to two pixels.
    left, top = (int(max(value, 0)) // 2 * 2 for value in low)
    right, bottom = int(min(high[0], size[1])), int(min(high[1], size[0]))
    return left, top, max(right, left + 2), max(bottom, top + 2)
