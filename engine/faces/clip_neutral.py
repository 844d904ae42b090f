"""Which face of a whole clip is its person's neutral one: the least expressive, most frontal.

Motion is told relative to the driver's neutral face, so the choice decides the whole result: with
an open mouth as neutral, the portrait's mouth would never open.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from engine.faces.face import Face

Numbers = NDArray[np.float64]

# MediaPipe's mesh: pairs of points, the subject's right side first.
OUTER_EYE_CORNERS = (33, 263)
LIP_MIDDLES = (13, 14)
MOUTH_CORNERS = (61, 291)
FOREHEAD_AND_CHIN = (10, 152)
LIDS = (((159, 145), (33, 133)), ((386, 374), (263, 362)))
"""For each eye: the middle of its lids, its corners."""
BROWS = ((105, 159), (334, 386))
"""For each eye: the middle of the brow, the middle of the upper lid."""
IRISES = (468, 473)


def find_neutrals(faces: Sequence[Face | None]) -> list[int]:
    """For each person of each shot the index of their neutral face; who is seen longest, first."""
    seen: dict[tuple[int, int], list[Face | None]] = {}
    for number, face in enumerate(faces):
        if face is not None:
            own = seen.setdefault((face.shot, face.person), [None] * len(faces))
            own[number] = face
    longest_first = sorted(seen.values(), key=lambda own: own.count(None))
    return [index for own in longest_first if (index := find_neutral(own)) is not None]


def find_neutral(faces: Sequence[Face | None]) -> int | None:
    """The index of one person's least expressive, most frontal face; None where there is none."""
    indices = [index for index, face in enumerate(faces) if face is not None]
    if not indices:
        return None
    measures = np.array([_measure(face.landmarks) for face in faces if face is not None])
    return indices[int(np.argmin(_expressiveness(measures)))]


def _expressiveness(measures: Numbers) -> Numbers:
    """How far each face is from neutral, (N, 11) -> (N,). One unit of each term is clearly visible.

    Lips should be as closed, and lids as open, as they usually are at rest in this clip; all the
    rest as in the middle of the clip, because a face rests longer than it acts.
    """
    gap, lids, width, smile, skew, brow, other_brow, gaze, yaw, pitch, roll = measures.T
    usual_lids = np.percentile(lids, 75)
    return np.asarray(
        np.maximum(gap - np.percentile(gap, 10), 0) / 0.05
        + np.abs(lids - usual_lids) / (0.25 * usual_lids + 1e-6)
        + _from_usual(width) / 0.05
        + _from_usual(smile) / 0.03
        + _from_usual(skew) / 0.03
        + np.maximum(_from_usual(brow), _from_usual(other_brow)) / 0.03
        + _from_usual(gaze) / 0.06
        + np.abs(yaw) / np.radians(10)
        + _from_usual(pitch) / np.radians(8)
        + np.abs(roll) / np.radians(8)
    )


def _measure(landmarks: NDArray[np.float32]) -> tuple[float, ...]:
    """What `_expressiveness` weighs; lengths over the distance of the outer eye corners, rad."""
    points = landmarks.astype(np.float64)
    right, left = points[list(OUTER_EYE_CORNERS)]
    scale = float(np.linalg.norm(left - right)) + 1e-6
    across = (left - right) / scale
    top, chin = points[list(FOREHEAD_AND_CHIN)]
    down = (chin - top) / (np.linalg.norm(chin - top) + 1e-6)
    lips = points[list(LIP_MIDDLES)].mean(axis=0)
    corners = points[list(MOUTH_CORNERS)]
    eyes = [points[list(pair)] for _, pair in LIDS]
    looks = [
        float((iris - eye.mean(axis=0)) @ across) / (float(np.linalg.norm(eye[1] - eye[0])) + 1e-6)
        for iris, eye in zip(points[list(IRISES)], eyes, strict=True)
    ]
    return (
        _length(points, LIP_MIDDLES) / scale,
        float(np.mean([_length(points, a) / (_length(points, b) + 1e-6) for a, b in LIDS])),
        _length(points, MOUTH_CORNERS) / scale,
        float((lips - corners.mean(axis=0)) @ down) / scale,
        float((corners[1] - corners[0]) @ down) / scale,
        _length(points, BROWS[0]) / scale,
        _length(points, BROWS[1]) / scale,
        float(np.mean(looks)),
        float(np.arctan2(across[2], across[0])),
        float(np.arctan2(down[2], down[1])),
        float(np.arctan2(across[1], across[0])),
    )


def _length(points: Numbers, pair: tuple[int, int]) -> float:
    return float(np.linalg.norm(points[pair[0]] - points[pair[1]]))


def _from_usual(values: Numbers) -> Numbers:
    return np.abs(values - np.median(values))
