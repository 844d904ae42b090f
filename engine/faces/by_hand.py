"""A face whose eight points a person has put in their places: of a drawing, a doll, an animal.

The other landmarks go along on a thin plate (Bookstein 1989), so a tracker that has found a face
roughly is mended by a few points; where it has found none, the canonical face is laid over them.
"""

from collections.abc import Mapping
from typing import TypeAlias

import numpy as np

from engine.faces.canonical import load_basis, to_picture
from engine.faces.face import Face
from engine.faces.topology import (
    LEFT_EYE_INNER,
    LEFT_EYE_OUTER,
    MOUTH_LEFT,
    MOUTH_RIGHT,
    RIGHT_EYE_INNER,
    RIGHT_EYE_OUTER,
)
from engine.geometry import Array

UPPER_LIP, LOWER_LIP, CHIN = 13, 14, 152

POINTS: Mapping[str, tuple[int, ...]] = {
    "right_eye_outer": (RIGHT_EYE_OUTER,),
    "right_eye_inner": (RIGHT_EYE_INNER,),
    "left_eye_inner": (LEFT_EYE_INNER,),
    "left_eye_outer": (LEFT_EYE_OUTER,),
    "mouth_right": (MOUTH_RIGHT,),
    "mouth_left": (MOUTH_LEFT,),
    "lips": (UPPER_LIP, LOWER_LIP),
    "chin": (CHIN,),
}
"""Name -> landmarks, in whose middle it lies. Right and left are the subject's own; `lips` is where
upper and lower lip meet, or the middle of an open mouth."""

_IRISES = {"right_eye": 468, "left_eye": 473}
_WITHIN = 0.3
"""Of an eye's width, from its middle: so far an iris lies within its lids, and stays where it was
found: it is the surest of a drawn eye."""

Points: TypeAlias = Mapping[str, tuple[float, float]]
"""Name -> x and y in px, pixel centres at integers."""

_FIRST_FACE = 0.5
"""Confidence in a face that no tracker has found."""
_AMID = 0.5
"""Of the picture's shorter side: the longer side of a face laid into its middle."""


def points_of(face: Face) -> dict[str, tuple[float, float]]:
    """Where a face has the eight points."""
    places = {name: face.landmarks[list(of), :2].mean(axis=0) for name, of in POINTS.items()}
    return {name: (float(x), float(y)) for name, (x, y) in places.items()}


def placed_by_hand(face: Face, points: Points) -> Face:
    """The face with some of its eight points moved; those that are not named stay.

    Raises:
        ValueError: a name is none of the eight.
    """
    if unknown := sorted(set(points) - set(POINTS)):
        raise ValueError(f"no such points: {', '.join(unknown)}; they are {', '.join(POINTS)}")
    own = points_of(face)
    wanted = {**own, **points}
    if not np.array_equal(_places(own), _places(wanted)):
        for name, at in _irises_that_stay(face, wanted).items():
            own[name] = wanted[name] = at
    before, after = _places(own), _places(wanted)
    landmarks = face.landmarks.astype(np.float64)
    landmarks[:, :2] = on_thin_plate(before, after, landmarks[:, :2])
    landmarks[:, 2] *= _spread(after) / _spread(before)
    return Face(landmarks=landmarks.astype(np.float32), confidence=face.confidence)


def laid_over(points: Points) -> Face:
    """The canonical face, looking straight ahead, with its eight points in these places.

    Raises:
        ValueError: one of the eight is missing, or a name is none of them.
    """
    if missing := [name for name in POINTS if name not in points]:
        raise ValueError(f"points are missing: {', '.join(missing)}")
    canonical = Face(
        landmarks=to_picture(load_basis().canonical).astype(np.float32), confidence=_FIRST_FACE
    )
    return placed_by_hand(canonical, points)


def face_amid(size: tuple[int, int]) -> Face:
    """The canonical face in the middle of a picture of (H, W) px.

    There a person begins to place the points of a face that no tracker has found.
    """
    landmarks = to_picture(load_basis().canonical)
    low, high = landmarks[:, :2].min(axis=0), landmarks[:, :2].max(axis=0)
    scale = _AMID * min(size) / float((high - low).max())
    landmarks *= scale
    landmarks[:, :2] += (np.array(size[::-1]) - 1.0) / 2.0 - scale * (low + high) / 2.0
    return Face(landmarks=landmarks.astype(np.float32), confidence=_FIRST_FACE)


def _irises_that_stay(face: Face, points: Points) -> Points:
    """Those that lie within the eyes' new corners."""
    found = {}
    for eye, index in _IRISES.items():
        outer, inner = (np.array(points[f"{eye}_{corner}"]) for corner in ("outer", "inner"))
        at = face.landmarks[index, :2].astype(np.float64)
        if np.linalg.norm(at - (outer + inner) / 2.0) < _WITHIN * np.linalg.norm(outer - inner):
            found[eye] = (float(at[0]), float(at[1]))
    return found


def _places(points: Points) -> Array:
    """(N, 2) px."""
    return np.array(list(points.values()), np.float64)


def _spread(points: Array) -> float:
    """Root mean square distance from their middle."""
    return float(np.sqrt(((points - points.mean(axis=0)) ** 2).sum(axis=1).mean()))


def on_thin_plate(before: Array, after: Array, points: Array) -> Array:
    """(N, 2): points where the smoothest map that takes (K, 2) `before` to `after` takes them."""
    count = len(before)
    system = np.zeros((count + 3, count + 3))
    system[:count, :count] = _bending(before, before)
    system[:count, count:] = np.column_stack([before, np.ones(count)])
    system[count:, :count] = system[:count, count:].T
    weights = np.linalg.solve(system, np.vstack([after, np.zeros((3, 2))]))
    straight = np.column_stack([points, np.ones(len(points))]) @ weights[count:]
    return np.asarray(_bending(points, before) @ weights[:count] + straight)


def _bending(points: Array, knots: Array) -> Array:
    """(N, K): r^2 log r^2 of the distances."""
    squared = ((points[:, None] - knots) ** 2).sum(axis=2)
    return np.asarray(squared * np.log(np.maximum(squared, 1e-12)))
