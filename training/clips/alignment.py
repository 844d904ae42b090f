"""Where the rigid part of a face lies in a crop: what an expression reader is aligned by.

An alignment is the similarity (2, 3) from a small square, in which the eyes and the nose always lie
in the same place, to the picture. Both are measured in -1..1 over their side, as torch's grid
sampler does, so an alignment holds at every size of the picture.
"""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from engine.faces.face import Face

Alignment: TypeAlias = NDArray[np.float32]
"""(2, 3)"""

OF_478 = (33, 133, 362, 263, 168, 197, 5, 4, 2)
OF_68 = (36, 39, 42, 45, 27, 28, 29, 30, 33)
"""Eye corners, bridge, tip and foot of the nose, among MediaPipe's and among Multi-PIE's points."""

_PLACES = np.array(
    [
        (-0.52, -0.32), (-0.19, -0.29), (0.19, -0.29), (0.52, -0.32),
        (0.0, -0.33), (0.0, -0.16), (0.0, -0.03), (0.0, 0.07), (0.0, 0.2),
    ],
    np.float64,
)  # fmt: skip
"""Where they lie in the square, for an average face that looks straight ahead; the mouth lies in
its lower third, brows at its top."""


def alignment_of(points: NDArray[np.float32], size: int) -> Alignment:
    """The alignment of the nine points (9, 2), in pixels of a picture of `size` pixels."""
    there = (points.astype(np.float64) + 0.5) * (2.0 / size) - 1.0
    here_middle, there_middle = _PLACES.mean(axis=0), there.mean(axis=0)
    here, there = _PLACES - here_middle, there - there_middle
    spread = (here**2).sum()
    cosine = (here * there).sum() / spread
    sine = (here[:, 0] * there[:, 1] - here[:, 1] * there[:, 0]).sum() / spread
    turn = np.array([[cosine, -sine], [sine, cosine]])
    return np.column_stack([turn, there_middle - turn @ here_middle]).astype(np.float32)


def alignment_of_face(face: Face, size: int) -> Alignment:
    """The alignment of a tracked face, whose landmarks are in pixels of the crop."""
    return alignment_of(face.landmarks[list(OF_478), :2], size)


def alignment_of_landmarks68(landmarks: NDArray[np.float32], size: int) -> Alignment:
    """The alignment of a rendered head's exact landmarks (68, 2 or more)."""
    return alignment_of(landmarks[list(OF_68), :2], size)


def mirrored(alignment: Alignment) -> Alignment:
    """The alignment of the mirrored picture, (..., 2, 3)."""
    return alignment * np.array([[1, -1, -1], [-1, 1, 1]], np.float32)
