"""Faces without a tracker: the canonical face, laid into a picture by a known pose."""

import numpy as np

from engine.faces.canonical import load_basis, to_picture
from engine.faces.face import Face
from engine.frame import Pixels
from engine.geometry import Array, Similarity, rotation_from_yaw_pitch_roll
from engine.motion import ARKIT_NAMES


def made_face(
    size: int = 256,
    *,
    yaw: float = 0.0,
    pitch: float = 0.0,
    roll: float = 0.0,
    shift: tuple[float, float] = (0.0, 0.0),
    scale: float = 1.0,
    offsets: Array | None = None,
    **arkit: float,
) -> Face:
    """The canonical face in a square picture, moved; offsets are (478, 3) cm in its own frame.

    The face is about 0.42 of the picture's side high; scale 1, shift in pixels.
    """
    basis = load_basis()
    values = np.array([arkit.get(name, 0.0) for name in ARKIT_NAMES])
    points = basis.canonical + basis.arkit @ values
    if offsets is not None:
        points = points + offsets
    middle = np.array([size / 2 + shift[0], -(size / 2 + shift[1]), 0.0])
    placement = Similarity(
        scale=0.0265 * size * scale,
        rotation=rotation_from_yaw_pitch_roll(yaw, pitch, roll),
        translation=middle,
    )
    return Face(landmarks=to_picture(placement.apply(points)).astype(np.float32), confidence=1.0)


def textured(size: int = 256, seed: int = 3) -> Pixels:
    """A smooth random picture: every place looks different."""
    coarse = np.random.default_rng(seed).uniform(0, 255, (size // 8, size // 8, 3))
    import cv2

    smooth = cv2.resize(coarse, (size, size), interpolation=cv2.INTER_CUBIC)
    return np.ascontiguousarray(smooth.clip(0, 255).astype(np.uint8))
