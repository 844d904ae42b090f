"""Square pictures of a face, as all benchmarks of quality look at clips."""

import cv2
import numpy as np

from engine.faces.face import Face
from engine.frame import Pixels

SIDE = 2.3
"""Of the square, in heights of the face's box."""


def square_around(size: tuple[int, int], face: Face) -> tuple[int, int, int]:
    """Left, top and side, px: the whole picture where it is square, else a square around the face.

    `size` is height and width of the picture; the square may reach beyond it.
    """
    height, width = size
    if height == width:
        return 0, 0, width
    left, top, right, bottom = face.box
    side = round((bottom - top) * SIDE)
    return round((left + right - side) / 2), round((top + bottom - side) / 2), side


def cut_square(pixels: Pixels, left: int, top: int, side: int, size: int) -> Pixels:
    """(size, size, 3): the square of a picture (H, W, 3), whose border is continued."""
    margin = side
    padded = cv2.copyMakeBorder(pixels, margin, margin, margin, margin, cv2.BORDER_REPLICATE)
    part = padded[top + margin : top + margin + side, left + margin : left + margin + side]
    way = cv2.INTER_AREA if side > size else cv2.INTER_CUBIC
    return np.ascontiguousarray(cv2.resize(part, (size, size), interpolation=way))
