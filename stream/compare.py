"""Portrait, driving picture and result side by side, in one picture of even sides."""

import cv2
import numpy as np

from engine.frame import Pixels
from engine.framing import LONGEST_SIDE


class SideBySide:
    """Joins three pictures at one height; their widths keep their aspect, to the nearest pixel."""

    def __init__(self, *, portrait: tuple[int, int], driving: tuple[int, int]) -> None:
        """Sizes are (width, height); the result has the portrait's size."""
        height = portrait[1]
        widths = [_even(width * height / high) for width, high in (portrait, driving, portrait)]
        if sum(widths) > LONGEST_SIDE:
            shrink = LONGEST_SIDE / sum(widths)
            height = int(height * shrink) // 2 * 2
            widths = [int(width * shrink) // 2 * 2 for width in widths]
        self.size = (sum(widths), height)
        """Width and height of the joined picture."""
        self._height = height
        self._widths = widths

    def join(self, portrait: Pixels, driving: Pixels, result: Pixels) -> Pixels:
        """(height, width, 3): the portrait on the left, the result on the right."""
        sized = zip((portrait, driving, result), self._widths, strict=True)
        return np.hstack([self._fit(picture, width) for picture, width in sized])

    def _fit(self, picture: Pixels, width: int) -> Pixels:
        if picture.shape[:2] == (self._height, width):
            return picture
        method = cv2.INTER_AREA if picture.shape[0] > self._height else cv2.INTER_CUBIC
        scaled = cv2.resize(picture, (width, self._height), interpolation=method)
        return np.asarray(scaled, np.uint8)


def _even(length: float) -> int:
    return max(2, 2 * round(length / 2))
