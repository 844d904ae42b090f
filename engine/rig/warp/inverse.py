"""A field of displacements undone by steps, where it cannot be drawn (see `node_mesh.py`)."""

import cv2
import numpy as np
from numpy.typing import NDArray

_STEPS, _RELAXED = 14, 0.8
"""How many, and how much of each is taken: with all of it, what is stretched to more than twice its
size never settles; with this much, two and a half times."""


def inverse(forward: NDArray[np.float32], spacing: float) -> NDArray[np.float32]:
    """The backward displacement b with b(p) = -forward(p + b(p)), (rows, columns, 2) px.

    `forward` is (rows, columns, 2) px at points that lie `spacing` px apart. What folds is not told
    apart.
    """
    rows, columns = forward.shape[:2]
    points = np.stack(np.meshgrid(np.arange(columns), np.arange(rows)), axis=-1).astype(np.float32)
    wanted = forward * np.float32(-1.0 / spacing)  # in points, and the other way
    backward = wanted
    for _ in range(_STEPS):
        at = cv2.add(points, backward)
        found = cv2.remap(wanted, at, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)  # type: ignore[call-overload]
        backward = np.asarray(
            cv2.addWeighted(backward, 1.0 - _RELAXED, found, _RELAXED, 0.0), np.float32
        )
    return backward * np.float32(spacing)
