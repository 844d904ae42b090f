"""A portrait and a motion of the rig, made of its own assets: what the kernels' times need."""

from dataclasses import replace

import numpy as np

from engine.faces.canonical import load_basis, to_picture
from engine.faces.face import Face
from engine.geometry import Similarity
from engine.rig.motion.factors import motion_from_arkit
from engine.rig.motion.motion import RigMotion
from engine.rig.portrait import RigPortrait

FACE_SHARE = 0.0265
"""Picture sides per centimetre: the face is about 0.42 of the picture high."""


def made_portrait(side: int) -> RigPortrait:
    """The canonical face in the middle of a square picture of noise."""
    middle = np.array([side / 2, -side / 2, 0.0])
    placement = Similarity(scale=FACE_SHARE * side, rotation=np.eye(3), translation=middle)
    landmarks = to_picture(placement.apply(load_basis().canonical)).astype(np.float32)
    picture = np.random.default_rng(3).integers(0, 256, (side, side, 3), np.uint8)
    return RigPortrait(picture, Face(landmarks=landmarks, confidence=1.0))


def turned() -> RigMotion:
    """A turned head that speaks."""
    return replace(motion_from_arkit({"jawOpen": 0.5}), rotation=np.radians([0.0, 12.0, 4.0]))
