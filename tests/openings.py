"""How far eyes and mouth stand open: what a tracker must get right for a face to come alive."""

import numpy as np
from numpy.typing import NDArray

ENDS = ((159, 145, 33, 133), (386, 374, 263, 362), (13, 14, 61, 291))
"""Upper and lower edge, and the two corners, of the right eye, the left eye and the mouth."""


def openings(landmarks: NDArray[np.float32]) -> NDArray[np.float32]:
    """(N, 478, 3) -> (N, 3): the opening of right eye, left eye and mouth over its own width."""

    def apart(one: int, other: int) -> NDArray[np.float32]:
        across = landmarks[:, one, :2] - landmarks[:, other, :2]
        return np.asarray(np.sqrt(np.square(across).sum(axis=1)), np.float32)

    return np.stack([apart(up, down) / apart(a, b) for up, down, a, b in ENDS], axis=1)
