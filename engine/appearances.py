"""Further pictures of a portrait's person: parts of the face as one picture cannot show them.

They come with a portrait from a clip (`stream/enroll/`) or a portrait file; a family that has no
use for them leaves them aside.
"""

from dataclasses import dataclass, replace
from typing import Literal, TypeAlias, get_args

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.frame import Pixels

Part: TypeAlias = Literal["mouth", "lids", "upper_face"]
"""What of the face an appearance is kept for."""

PARTS: tuple[Part, ...] = get_args(Part)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Appearance:
    """One part of the face as one filmed frame shows it."""

    part: Part
    picture: Pixels
    """(h, w, 3): the frame's own pixels around the part, as large as the part is in the portrait's
    picture or larger."""
    landmarks: NDArray[np.float32]
    """(478, 3) px: the whole face's, in the coordinates of `picture`; most lie outside it."""
    gain: NDArray[np.float32]
    """(3,): what its colours are multiplied by to be in the portrait's light."""

    def scaled(self, scale: float) -> "Appearance":
        """The same for a portrait whose picture is scaled by this; never enlarged."""
        if scale >= 1.0:
            return self
        rows, columns = self.picture.shape[:2]
        width, height = max(1, round(columns * scale)), max(1, round(rows * scale))
        picture = cv2.resize(self.picture, (width, height), interpolation=cv2.INTER_AREA)
        # Pixel centres lie at integers.
        scales = np.array([width / columns, height / rows, scale], np.float32)
        half = np.array([0.5, 0.5, 0.0], np.float32)
        landmarks = (self.landmarks + half) * scales - half
        return replace(self, picture=np.asarray(picture, np.uint8), landmarks=landmarks)
