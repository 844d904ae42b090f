"""A tracker for a driver who turns as the light changes."""

import numpy as np

from engine.faces.face import Face
from engine.frame import Pixels
from tests.faces_made import made_face

SIZE = 256


class NoddingTracker:
    """Reads from a picture's brightness how far the head is turned: 100 is not at all."""

    def find(self, picture: Pixels, now_ns: int | None = None) -> Face | None:
        level = float(np.median(picture))
        turned = (level - 100.0) / 4.0 if np.ptp(picture) < 60 else 0.0
        return made_face(SIZE, yaw=turned, jawOpen=abs(turned) / 25)

    def reset(self) -> None: ...
