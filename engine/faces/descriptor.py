"""What a face looks like in a few hundred numbers: enough to tell one person from another nearby.

This recognises nobody. It only answers whether two faces of one stream may be the same: a picture
of 24 x 24 pixels, upright and without its light, differs less within a person than between two.
"""

from dataclasses import replace
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.faces.roi import Square
from engine.frame import Pixels

Descriptor: TypeAlias = NDArray[np.float32]
"""(SIDE, SIDE) of mean 0 and mean square 1."""

SIDE = 24
_LIGHT_PX = 6.0
"""What changes more slowly than this over the picture is light, not face."""
_FACE = 0.75
"""Of a mesh's square, which leaves a margin around the face."""
_SAMPLES = 4 * SIDE
"""That are averaged in each direction: all of a large picture would take a millisecond."""
_FLAT = 1.0
"""Grey levels: less contrast than this is noise."""


def describe_face(picture: Pixels, square: Square) -> Descriptor:
    """What the picture shows in the middle of a mesh's square: the face, and no background."""
    side = square.side * _FACE
    step = max(int(side / _SAMPLES), 1)
    thinned = replace(square, x=square.x / step, y=square.y / step, side=side / step)
    return _described(thinned.cut(picture[::step, ::step], SIDE))


def describe_picture(picture: Pixels) -> Descriptor:
    """What the whole picture shows, whatever its shape: for telling a cut from a movement."""
    rows, columns = (max(size // _SAMPLES, 1) for size in picture.shape[:2])
    # Whole cells of 4 x 4, which OpenCV averages many times as fast.
    thinned = np.ascontiguousarray(picture[::rows, ::columns][:_SAMPLES, :_SAMPLES])
    small = cv2.resize(thinned, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    return _described(np.asarray(small, np.uint8))


def _described(cut: Pixels) -> Descriptor:
    grey = cv2.cvtColor(cut, cv2.COLOR_RGB2GRAY).astype(np.float32)
    detail = grey - cv2.GaussianBlur(grey, (0, 0), _LIGHT_PX)
    detail -= detail.mean()
    return np.asarray(detail / (detail.std() + _FLAT), np.float32)


def likeness(one: Descriptor, other: Descriptor) -> float:
    """1 for the same descriptor, about 0 for two that have nothing in common."""
    return float((one * other).mean())


class Descriptors:
    """The looks of one person: a face that turns has more than one."""

    MOST = 6
    """That are kept; the first one stays, the oldest of the others leaves."""
    NEW = 0.6
    """A look less like every other than this is worth keeping."""

    def __init__(self, first: Descriptor) -> None:
        self._kept = [first]
        self.last = first

    def add(self, descriptor: Descriptor) -> None:
        """Remember how the person looks now."""
        self.last = descriptor
        if self.likeness(descriptor) < self.NEW:
            self._kept.append(descriptor)
            if len(self._kept) > self.MOST:
                del self._kept[1]

    def likeness(self, descriptor: Descriptor) -> float:
        """How much this is like the most similar look of the person."""
        return max(likeness(descriptor, kept) for kept in self._kept)
