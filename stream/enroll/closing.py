"""Closes the mouth of a portrait at rest: its lower face as another frame of the person has it.

A mouth that is open in the picture can never close by being moved: what would be the lips' skin is
somewhere on the chin. So where the same person was seen with closed lips in the same view, the
lower face is taken from there once, in the portrait's own colours.
"""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.faces.canonical import head_pose, load_basis, rigid_weights
from engine.faces.clip_neutral import FOREHEAD_AND_CHIN, LIP_MIDDLES, MOUTH_CORNERS
from engine.faces.face import Face
from engine.frame import Pixels
from engine.geometry import angle_between

Numbers = NDArray[np.float64]

_OPEN, _CLOSED = 0.1, 0.035
"""Between the lips, over the mouth's width: teeth show; and the lips meet."""
_MOST_TURNED = 0.21
"""Radians between the two heads: 12 degrees, within which one lies flat over the other."""
_NOSE_BASE, _CHIN = 2, FOREHEAD_AND_CHIN[1]
_USUAL_WIDTH = 0.37
"""Of a mouth at rest, over the height of the face."""
_BELOW = 0.1
"""Of the face's height, below the lower of the two chins: the shadow of an open mouth's chin."""
_INSIDE = 0.96
"""Of the width: the border runs on the cheeks, for beside them the two backgrounds differ."""
_SOFT = 0.025
"""Of the face's height: over so much one picture passes into the other."""


def lip_gap(face: Face) -> float:
    """Between the middles of the lips, over the mouth's width."""
    points = face.landmarks.astype(np.float64)
    gap, width = (np.subtract(*points[list(pair)]) for pair in (LIP_MIDDLES, MOUTH_CORNERS))
    return float(np.linalg.norm(gap) / max(float(np.linalg.norm(width)), 1e-6))


def find_closed(own: Face, others: Sequence[Face]) -> int | None:
    """Which of the other faces can close the mouth of a portrait; None where none can, or it is."""
    if is_closed(own):
        return None
    rotation = head_pose(own).placement.rotation
    turned = [angle_between(head_pose(face).placement.rotation, rotation) for face in others]
    fit = [
        index
        for index, face in enumerate(others)
        if lip_gap(face) < _CLOSED and turned[index] < _MOST_TURNED
    ]
    return min(fit, key=lambda index: turned[index] + _unrest(others[index]), default=None)


def is_closed(face: Face) -> bool:
    """Whether no teeth show."""
    return lip_gap(face) < _OPEN


def closed(picture: Pixels, own: Face, other_picture: Pixels, other: Face) -> Pixels:
    """The picture with the lower face of another one, whose lips are closed."""
    matrix = _to_own(own, other)
    rows, columns = picture.shape[:2]
    laid = cv2.warpAffine(
        other_picture,
        matrix,
        (columns, rows),
        flags=cv2.INTER_AREA if abs(np.linalg.det(matrix[:, :2])) < 1.0 else cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_REPLICATE,
    ).astype(np.float32)
    moved = other.landmarks[:468, :2] @ matrix[:, :2].T + matrix[:, 2]
    _, top, _, bottom = own.box
    height = bottom - top
    mask = _mask(own.landmarks[:468, :2].astype(np.float64), moved, height, (rows, columns))
    base = picture.astype(np.float32)
    laid += _difference(base - laid, mask, height)
    mask = mask[..., None]
    return np.asarray((base + (laid - base) * mask).round().clip(0, 255), np.uint8)


def _to_own(own: Face, other: Face) -> Numbers:
    """(2, 3) from the other picture's pixels to the own one's, by what no expression moves."""
    weights = rigid_weights() > 0.5
    source, target = (face.landmarks[:468][weights, :2].astype(np.float64) for face in (other, own))
    middles = source.mean(axis=0), target.mean(axis=0)
    a, b = (
        (points - middle) @ (1.0, 1.0j)
        for points, middle in zip((source, target), middles, strict=True)
    )
    turn = np.vdot(a, b) / np.vdot(a, a).real
    linear = np.array([[turn.real, -turn.imag], [turn.imag, turn.real]])
    return np.column_stack([linear, middles[1] - linear @ middles[0]])


def _mask(
    own: Numbers, other: Numbers, height: float, size: tuple[int, int]
) -> NDArray[np.float32]:
    """(H, W) 0..1: both lower faces."""
    below = load_basis().canonical[:468, 1] < load_basis().canonical[_NOSE_BASE, 1]
    points = np.concatenate([own[below], other[below]])
    middle = own[_NOSE_BASE]
    down = own[_CHIN] - middle
    down /= np.linalg.norm(down)
    along = (points - middle) @ down
    across = (points - middle) - along[:, None] * down
    lower = np.clip(along / max(float(along.max()), 1.0), 0.0, 1.0) ** 4 * _BELOW * height
    hull = middle + across * _INSIDE + (along + lower)[:, None] * down
    mask = np.zeros(size, np.uint8)
    outline = cv2.convexHull(hull.astype(np.float32))[:, 0]
    cv2.fillConvexPoly(mask, np.round(outline).astype(np.int32), 255)
    return np.asarray(cv2.GaussianBlur(mask, (0, 0), _SOFT * height) / np.float32(255), np.float32)


def _difference(
    apart: NDArray[np.float32], mask: NDArray[np.float32], height: float
) -> NDArray[np.float32]:
    """What differs slowly along the mask's border, carried inwards: the light."""
    band = (4.0 * mask * (1.0 - mask))[..., None]
    reach = 0.25 * height
    weight = cv2.GaussianBlur(band[..., 0], (0, 0), reach)[..., None] + 1e-4
    spread = cv2.GaussianBlur(apart.clip(-50, 50) * band, (0, 0), reach) / weight
    return np.asarray(spread, np.float32)


def _unrest(face: Face) -> float:
    """How far a mouth is from closed, and from its usual width; about as radians of a turn."""
    points = face.landmarks.astype(np.float64)
    right, left = points[list(MOUTH_CORNERS)]
    forehead, chin = points[list(FOREHEAD_AND_CHIN)]
    width, tall = np.linalg.norm(right - left), np.linalg.norm(forehead - chin)
    return abs(float(width / max(float(tall), 1e-6)) - _USUAL_WIDTH) + 2.0 * lip_gap(face)
