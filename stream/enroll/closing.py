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
_MOST_TURNED = 0.147
"""Radians between the two heads: 8 degrees, within which one lies flat over the other."""
_NOSE_BASE, _CHIN = 2, FOREHEAD_AND_CHIN[1]
_SIDES = [132, 58, 172, 361, 288, 397]
"""Of the outline, beside the mouth: the subject's right, then the left."""
_MOST_WIDER, _MOST_APART = 0.063, 0.035
"""Of the mouth's width over the upper face's height, and of the outlines over the face's width."""
_BELOW = 0.1
"""Of the face's height, below the lower of the two chins: the shadow of an open mouth's chin."""
_INSIDE = 0.76, 0.97
"""Of the width, below the nose and at the chin: the border runs on the cheeks, for what is beside
them differs; down at the chin all of both outlines must be covered."""
_SOFT = 0.025
"""Of the face's height: over so much one picture passes into the other."""


def lip_gap(face: Face) -> float:
    """Between the middles of the lips, over the mouth's width."""
    points = face.landmarks.astype(np.float64)
    gap, width = (np.subtract(*points[list(pair)]) for pair in (LIP_MIDDLES, MOUTH_CORNERS))
    return float(np.linalg.norm(gap) / max(float(np.linalg.norm(width)), 1e-6))


def find_closed(own: Face, others: Sequence[Face]) -> int | None:
    """Which of the other faces can close the mouth of a portrait; None where none can, or it is.

    One with closed lips of their usual width, in the same view, and with the same outline: blown-up
    cheeks would stand out from the hair.
    """
    if is_closed(own) or not others:
        return None
    usual = float(np.median([_mouth_width(face) for face in others]))
    unlike = {index: _unlike(own, face, usual) for index, face in enumerate(others)}
    fit = [index for index, face in enumerate(others) if lip_gap(face) < _CLOSED]
    found = min(fit, key=lambda index: unlike[index], default=None)
    return None if found is None or unlike[found] > 1.0 else found


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
    depth = np.clip(along / max(float(along.max()), 1.0), 0.0, 1.0)[:, None]
    inside = _INSIDE[0] + (_INSIDE[1] - _INSIDE[0]) * depth
    lower = depth**4 * _BELOW * height
    hull = middle + across * inside + (along[:, None] + lower) * down
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


def _unlike(own: Face, other: Face, usual: float) -> float:
    """How badly another face fits below the portrait's nose: 1 is the most that passes unseen."""
    turned = angle_between(*(head_pose(face).placement.rotation for face in (own, other)))
    width = abs(_mouth_width(other) - usual)
    return max(
        turned / _MOST_TURNED, width / _MOST_WIDER, _apart_at_sides(own, other) / _MOST_APART
    )


def _mouth_width(face: Face) -> float:
    """Over the height of the face, which an open mouth makes longer, too."""
    points = face.landmarks.astype(np.float64)
    right, left = points[list(MOUTH_CORNERS)]
    forehead, nose = points[[FOREHEAD_AND_CHIN[0], _NOSE_BASE]]
    return float(np.linalg.norm(right - left) / max(float(np.linalg.norm(forehead - nose)), 1e-6))


def _apart_at_sides(own: Face, other: Face) -> float:
    """Between the outlines beside the mouth, one laid over the other; over the face's width."""
    matrix = _to_own(own, other)
    moved = other.landmarks[_SIDES, :2] @ matrix[:, :2].T + matrix[:, 2]
    mine = own.landmarks[_SIDES, :2].astype(np.float64)
    right, left = mine[0], mine[len(_SIDES) // 2]
    across = (left - right) / np.linalg.norm(left - right)
    return float(np.abs((moved - mine) @ across).max() / np.linalg.norm(left - right))
