"""Cutting a part out of a filmed frame, at the portrait's size and with its light's gain."""

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.appearances import Appearance, Part
from engine.faces.canonical import head_pose
from engine.faces.face import Face
from engine.frame import Pixels
from engine.rig.bank.places import PLACES

_MARGIN = 0.12
"""Around what is pasted, over the width and height of the landmarks around it."""

_SPOT_PX = 2
"""Half the side of the squares of skin that are compared."""

_LEAST_GAIN, _MOST_GAIN = 0.5, 2.0
"""Beyond them the light is another, and no gain makes it the portrait's."""


def cut(part: Part, picture: Pixels, face: Face, *, portrait: Pixels, own: Face) -> Appearance:
    """Cut one part out of a frame.

    Args:
        part: which.
        picture: (H, W, 3) the frame.
        face: its face.
        portrait: (h, w, 3) the portrait's picture.
        own: the portrait's face.

    Raises:
        ValueError: the part lies outside the frame.
    """
    places = [place for place in PLACES if place.part == part]
    ring = sorted({point for place in places for point in place.ring})
    around = face.landmarks[ring, :2]
    margin = np.ptp(around, axis=0) * (_MARGIN + (places[0].grown - 1.0) / 2.0) + 3.0
    limit = np.array(picture.shape[1::-1])
    low = np.clip(np.floor(around.min(axis=0) - margin), 0, limit).astype(int)
    high = np.clip(np.ceil(around.max(axis=0) + margin), 0, limit).astype(int)
    if (high - low < 4).any():
        raise ValueError(f"{part} lies outside the frame: choose another")
    landmarks = face.landmarks.copy()
    landmarks[:, :2] -= low
    mine, yours = (_skin(p, f, ring) for p, f in ((portrait, own), (picture, face)))
    appearance = Appearance(
        part=part,
        picture=np.ascontiguousarray(picture[low[1] : high[1], low[0] : high[0]]),
        landmarks=landmarks,
        gain=np.clip(mine / np.maximum(yours, 1.0), _LEAST_GAIN, _MOST_GAIN).astype(np.float32),
    )
    return appearance.scaled(head_pose(own).placement.scale / head_pose(face).placement.scale)


def _skin(picture: Pixels, face: Face, ring: list[int]) -> NDArray[np.float32]:
    """(3,): the mean colour at the landmarks around a part."""
    reach = _SPOT_PX + 1
    limit = np.maximum(np.array(picture.shape[1::-1]) - reach - 1, reach)
    spots = np.clip(np.round(face.landmarks[ring, :2]).astype(int), reach, limit)
    soft = cv2.blur(picture, (2 * _SPOT_PX + 1, 2 * _SPOT_PX + 1))
    return np.asarray(soft[spots[:, 1], spots[:, 0]].mean(axis=0), np.float32)
