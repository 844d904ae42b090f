"""Training material of the refiner without a renderer: smooth colours in the shape of a couple."""

import numpy as np
from numpy.typing import NDArray

from engine.rig.motion.motion import still_motion
from engine.rig.refine.head_crop import SIDE, head_crop
from engine.rig.refine.inputs import MOTION_LENGTH
from engine.rig.warp.target import PortraitFace, head_motion
from tests.faces_made import made_face, textured
from training.refiner.couples import Couple


def made_couple(count: int = 3) -> Couple:
    """Smooth colours in the shape of a couple."""
    random = np.random.default_rng(2)
    face = PortraitFace.from_face(made_face())
    points = head_crop(face, head_motion(face, still_motion())).points(face.landmarks)
    points = points.astype(np.float32)

    def pictures(number: int) -> NDArray[np.uint8]:
        return np.stack([textured(SIDE, int(seed)) for seed in random.integers(0, 99, number)])

    return Couple(
        portraits=pictures(2),
        portrait_points=np.stack([points] * 2),
        portrait=np.array([0, 1, 1][:count], np.int32),
        warped=pictures(count),
        points=np.stack([points] * count),
        truth=pictures(count),
        truth_points=np.stack([points + 1] * count),
        motion=random.normal(size=(count, MOTION_LENGTH)).astype(np.float32),
    )
