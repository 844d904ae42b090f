"""A portrait with further appearances, as a portrait file holds it, without a tracker or a clip."""

import numpy as np

from engine.appearances import PARTS, Appearance
from stream.files.portrait_layout import KeptPortrait
from tests.faces_made import made_face, textured


def made_portrait(size: int = 256, appearances: int = 3) -> KeptPortrait:
    face = made_face(size)
    further = [
        Appearance(
            part=PARTS[number % len(PARTS)],
            picture=textured(64, seed=number),
            landmarks=made_face(size, yaw=3.0 * number, jawOpen=0.1 * number).landmarks,
            gain=np.array([0.9, 1.0, 1.1], np.float32),
        )
        for number in range(appearances)
    ]
    return KeptPortrait(picture=textured(size), face=face, appearances=tuple(further))
