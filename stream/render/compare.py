"""Portrait, driving picture and result side by side, in one picture of even sides."""

import cv2
import numpy as np

from engine.frame import Pixels
from engine.framing import LONGEST_SIDE, letterboxed

ROUNDING = 0.02
"""How far a picture's aspect may be off its place for the sake of even sides."""


class SideBySide:
    """Joins three pictures at one height; their widths keep their aspect, to the nearest pixel.

    A driving picture of another aspect than the first one's, of a phone that was turned, stands
    whole in the same place.
    """

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
        rows, columns = picture.shape[:2]
        if (rows, columns) == (self._height, width):
            return picture
        if abs(columns * self._height / rows - width) > ROUNDING * width + 2:
            return letterboxed(picture, (width, self._height))
        method = cv2.INTER_AREA if rows > self._height else cv2.INTER_CUBIC
        scaled = cv2.resize(picture, (width, self._height), interpolation=method)
        return np.asarray(scaled, np.uint8)


def _even(length: float) -> int:
    return max(2, 2 * round(length / 2))
