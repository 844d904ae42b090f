"""What every tracker returns: one face's landmarks in the picture's own pixels."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from engine.frame import Pixels

LANDMARKS = 478
"""MediaPipe's order: 468 mesh points, right iris 468..472, left iris 473..477 (centre first)."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Face:
    """One face in one picture. Left and right are the subject's own."""

    landmarks: NDArray[np.float32]
    """(478, 3): x right, y down in pixels, pixel centres at integers; z in the same scale, smaller
    is nearer to the camera, 0 about the middle of the head."""
    confidence: float
    """Presence in 0..1 as the landmark network states it."""

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Left, top, right, bottom of the 468 mesh points, in pixels."""
        low = self.landmarks[:468, :2].min(axis=0)
        high = self.landmarks[:468, :2].max(axis=0)
        return float(low[0]), float(low[1]), float(high[0]), float(high[1])

    def moved(self, scale: float, shift: tuple[float, float]) -> "Face":
        """The face in another picture, where pixel p of this one lies at scale * p + shift."""
        landmarks = self.landmarks * np.float32(scale)
        landmarks[:, :2] += np.asarray(shift, np.float32)
        return Face(landmarks=landmarks, confidence=self.confidence)


class Tracker(Protocol):
    """Finds the face of one stream of pictures; keeps state from one picture to the next."""

    def find(self, picture: Pixels) -> Face | None:
        """The face in the picture; None where there is none. Never raises for what it shows."""
        ...

    def reset(self) -> None:
        """Forget the last face: the next picture is searched as if it were the first."""
        ...
