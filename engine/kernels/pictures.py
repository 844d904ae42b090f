"""What the picture kernels are told: places in pictures, and the formats they write."""

from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

BT709 = (0.2126, 0.0722)
BT601 = (0.299, 0.114)
"""kr and kb of the matrix between RGB and YUV."""


class Format(IntEnum):
    """Of 8-bit pictures; the YUV ones are 4:2:0 in limited range. Numbers as in store.cuh."""

    RGB = 0
    I420 = 1
    NV12 = 2

    def shape(self, height: int, width: int) -> tuple[int, ...]:
        """Of one picture in memory; height and width are even."""
        return (height, width, 3) if self is Format.RGB else (height * 3 // 2, width)


def crop_place(
    matrix: NDArray[np.float64], size: int, height: int, width: int
) -> NDArray[np.float32]:
    """Where a crop lies in a frame, as crop.cu takes it; as engine/faces/roi.py cuts it.

    Args:
        matrix: (2, 3), a pixel of the crop -> its place in the frame.
        size: of the crop in pixels.
        height: of the frame.
        width: of the frame.

    Returns:
        (11,): the rows of the matrix from crop pixels to cells, then a cell's side in pixels, left
        and top of the first cell, cells across and down. A crop at least twice as dense as the
        frame is sampled from means over cells: bilinear sampling alone would skip pixels.
    """
    factor = max(int(np.hypot(*matrix[:, 0])), 1)
    if factor == 1:
        return np.array([*matrix.ravel(), 1, 0, 0, width, height], np.float32)
    corners = matrix[:, :2] @ np.array([[0, size, 0, size], [0, 0, size, size]]) + matrix[:, 2:]
    low = np.clip(np.floor(corners.min(axis=1)) - factor, 0, (width - factor, height - factor))
    high = np.clip(np.ceil(corners.max(axis=1)) + factor, low + factor, (width, height))
    cells = (high - low) // factor
    moved = matrix.copy()
    # The centre of cell c lies at factor * c + (factor - 1) / 2 of the part.
    moved[:, 2] = (moved[:, 2] - low - (factor - 1) / 2) / factor
    moved[:, :2] /= factor
    return np.array([*moved.ravel(), factor, *low, *cells], np.float32)


def inverted(matrix: NDArray[np.float64]) -> NDArray[np.float32]:
    """(2, 3) from a picture's pixels to the output's -> (6,) from the output's to the picture's."""
    back = np.linalg.inv(matrix[:, :2])
    return np.column_stack([back, -back @ matrix[:, 2]]).astype(np.float32).ravel()
