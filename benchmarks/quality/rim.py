"""The rim of a head: hair, ears and what is behind them, where no expression shows."""

import cv2
import numpy as np

from benchmarks.regions import Mask
from engine.faces.face import Face
from engine.rig.landmarks import CHIN, OVAL

RIM_FROM, RIM_TO = 1.15, 1.7
"""The rim, over the outline of the face around its middle."""


def rim_mask(face: Face, size: tuple[int, int]) -> Mask:
    """(H, W): around the face, from the level of its middle upwards, where no jaw moves."""
    outline = face.landmarks[list(OVAL), :2].astype(np.float64)
    middle = outline.mean(axis=0)
    chin = face.landmarks[CHIN, :2] - middle

    def within(share: float) -> Mask:
        mask = np.zeros(size, np.uint8)
        polygon = np.round(middle + (outline - middle) * share).astype(np.int32)
        return np.asarray(cv2.fillPoly(mask, [polygon], 1) > 0)

    y, x = np.indices(size)
    above = (x - middle[0]) * chin[0] + (y - middle[1]) * chin[1] < 0
    return np.asarray(within(RIM_TO) & ~within(RIM_FROM) & above)
