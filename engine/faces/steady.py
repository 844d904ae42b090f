"""Landmarks of a film with a steady head: the pose is smoothed over time, the expression is not.

A filter over all landmarks would open lips that close for one frame. So each face is laid out in
the canonical frame, where its head is (turn, place, size) is filtered without delay, and the face
put back (Savitzky and Golay 1964: a polynomial fitted to the frames around each one).
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from engine.faces.canonical import head_pose, to_picture
from engine.faces.face import Face
from engine.geometry import Array, Similarity, rotation_from_vector, vector_from_rotation

REACH = 5
"""Frames on each side that a frame's pose is fitted to."""
_DEGREE = 2


def steadied(landmarks: NDArray[np.float32], shots: NDArray[np.int64]) -> NDArray[np.float32]:
    """(N, 478, 3) of one person, NaN where they are not seen -> the same with a steady head.

    A run of frames ends where the person is lost or the shot ends; so does the filter.
    """
    result = landmarks.copy()
    seen = ~np.isnan(landmarks[:, 0, 0])
    for begin, end in runs(seen, shots):
        result[begin:end] = _run_steadied(landmarks[begin:end])
    return result


def runs(seen: NDArray[np.bool_], shots: NDArray[np.int64]) -> list[tuple[int, int]]:
    """First and last + 1 of each row of frames that are seen, in one shot."""
    number = np.where(seen, shots, -1)
    edges = np.flatnonzero(np.diff(number)) + 1
    parts = zip([0, *edges.tolist()], [*edges.tolist(), len(seen)], strict=True)
    return [(begin, end) for begin, end in parts if end > begin and seen[begin]]


def _run_steadied(landmarks: NDArray[np.float32]) -> NDArray[np.float32]:
    poses = [head_pose(Face(landmarks=face, confidence=1.0)) for face in landmarks]
    first = poses[0].placement.rotation
    turns = np.array([vector_from_rotation(p.placement.rotation @ first.T) for p in poses])
    places = np.array([p.placement.translation for p in poses])
    sizes = np.log([[p.placement.scale] for p in poses])
    smooth = _smoothed(np.hstack([turns, places, sizes]))
    return np.array(
        [
            to_picture(
                Similarity(
                    scale=float(np.exp(row[6])),
                    rotation=rotation_from_vector(row[:3]) @ first,
                    translation=row[3:6],
                ).apply(pose.points)
            )
            for row, pose in zip(smooth, poses, strict=True)
        ],
        np.float32,
    )


def _smoothed(values: Array) -> Array:
    """(N, C): each row the fit of the rows around it, as many on both sides as there are."""
    count = len(values)
    result = np.empty_like(values)
    for index in range(count):
        reach = min(REACH, index, count - 1 - index)
        result[index] = _weights(reach) @ values[index - reach : index + reach + 1]
    return result


@cache
def _weights(reach: int) -> Array:
    """(2 reach + 1,): of the frames around the middle one in the value of their fit there."""
    if reach == 0:
        return np.ones(1)
    steps = np.arange(-reach, reach + 1, dtype=np.float64)
    powers = np.vander(steps, min(_DEGREE, 2 * reach) + 1, increasing=True)
    fit: Array = np.linalg.pinv(powers)[0]
    return fit
