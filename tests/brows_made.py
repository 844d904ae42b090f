"""Drawn pictures of made faces whose brows and lids can be seen."""

import cv2
import numpy as np

from engine.faces.face import Face
from engine.frame import Pixels
from engine.geometry import Array
from tests.faces_made import made_face as made_anyhow

BROWS = ((107, 66, 105, 63, 70), (336, 296, 334, 293, 300))
"""The subject's right and left."""

UPPER_LIDS = ((33, 160, 158, 133), (263, 387, 385, 362))

RAISED = {"browInnerUp": 0.6, "browOuterUpLeft": 0.6, "browOuterUpRight": 0.6}
LOWERED = {"browDownLeft": 0.9, "browDownRight": 0.9}


def made_face(**moved: float) -> Face:
    return made_anyhow(512, **moved)  # type: ignore[arg-type]


def drawn(face: Face, *, light: float = 1.0, noise: float = 0.0, brow: int = 70) -> Pixels:
    """Skin with a dark band at each brow and a dark line at each upper lid."""
    picture = np.full((512, 512, 3), 190.0, np.float32)
    shade = np.linspace(0.9, 1.1, 512)[None, :, None]
    brows = [(list(line), brow, 9) for line in BROWS]
    lids = [(list(line), 60, 4) for line in UPPER_LIDS]
    for line, level, width in brows + lids:
        points = np.round(face.landmarks[line, :2] * 16).astype(np.int32)
        cv2.polylines(picture, [points], False, (level, level, level), width, cv2.LINE_AA, 4)
    lit = cv2.GaussianBlur(picture, (0, 0), 1.5) * shade * light
    seen = lit + np.random.default_rng(5).normal(0.0, noise, picture.shape)
    return np.asarray(seen.clip(0, 255), np.uint8)


def heights(offsets: Array) -> Array:
    """(2,) cm: how far each brow went up."""
    return np.array([offsets[list(line), 1].mean() for line in BROWS])
