"""A small grey picture of both brows, kept of every frame of a clip that is read only once."""

from dataclasses import dataclass
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.faces.face import Face
from engine.frame import Pixels

Grey: TypeAlias = NDArray[np.uint8]

HEIGHT, WIDTH = 64, 128
"""8 and 16 cm on the face: also a bent head's brows are in it, and what lies above them."""

_EYE_CORNERS, _APART_CM = (33, 263), 9.0
_BROWS = (107, 66, 105, 63, 70, 336, 296, 334, 293, 300)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BrowStrip:
    """Part of a picture."""

    grey: Grey
    """(HEIGHT, WIDTH)"""
    scale: float
    shift: tuple[float, float]
    """The picture's pixel p lies at scale * p + shift."""

    @property
    def pixels(self) -> Pixels:
        """(HEIGHT, WIDTH, 3), to be looked at as any picture."""
        return np.repeat(self.grey[..., None], 3, axis=-1)

    def face(self, face: Face) -> Face:
        """The picture's face, as it lies in the strip."""
        return face.moved(self.scale, self.shift)


def strip_of(picture: Pixels, face: Face) -> BrowStrip:
    """Cut it out; beyond the picture's edge its rim goes on."""
    apart = np.linalg.norm(np.subtract(*face.landmarks[list(_EYE_CORNERS)]))
    height = max(2, round(float(apart) * 8.0 / _APART_CM))
    width = height * WIDTH // HEIGHT
    middle = face.landmarks[list(_BROWS), :2].mean(axis=0)
    left, top = np.round(middle - (width / 2.0, height / 2.0)).tolist()
    centre = left + (width - 1) / 2.0, top + (height - 1) / 2.0
    cut = cv2.getRectSubPix(picture, (width, height), centre)
    grey = cv2.resize(
        cv2.cvtColor(cut, cv2.COLOR_RGB2GRAY), (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA
    )
    scale = HEIGHT / height
    shift = (0.5 - left) * scale - 0.5, (0.5 - top) * scale - 0.5
    return BrowStrip(grey=np.asarray(grey, np.uint8), scale=scale, shift=shift)
