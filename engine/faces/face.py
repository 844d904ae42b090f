"""What every tracker returns: one face's landmarks in the picture's own pixels."""

from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from engine.frame import Pixels

LANDMARKS = 478
"""MediaPipe's order: 468 mesh points, right iris 468..472, left iris 473..477 (centre first)."""

_LEAST_BOX_PX = 4.0
"""Of a face's box; nothing can be read from a smaller one."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Face:
    """One face in one picture. Left and right are the subject's own."""

    landmarks: NDArray[np.float32]
    """(478, 3): x right, y down in pixels, pixel centres at integers; z in the same scale, smaller
    is nearer to the camera, 0 about the middle of the head."""
    confidence: float
    """Presence in 0..1 as the landmark network states it."""
    shot: int = 0
    """Counts the shots of a stream: nothing of an earlier one says anything about this one."""
    person: int = 0
    """Counts the people who were followed in a stream."""

    @property
    def is_plausible(self) -> bool:
        """Whether these can be the points of a face: they are numbers, and cover an area."""
        if not np.isfinite(self.landmarks).all():
            return False
        left, top, right, bottom = self.box
        return min(right - left, bottom - top) >= _LEAST_BOX_PX

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
        return replace(self, landmarks=landmarks)


class Tracker(Protocol):
    """Finds the face of one stream of pictures; keeps state from one picture to the next."""

    def find(self, picture: Pixels, now_ns: int | None = None) -> Face | None:
        """The face in the picture; None where there is none. Never raises for what it shows.

        `now_ns` is when it was taken; without it, pictures are taken to follow each other evenly.
        """
        ...

    def reset(self) -> None:
        """Forget the last face: the next picture is searched as if it were the first."""
        ...
