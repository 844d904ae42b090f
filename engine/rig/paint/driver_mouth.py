"""The driver's own mouth interior, laid between the portrait's lips.

The largest gain to the eye, and an option only: it shows the driver's teeth.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.faces.face import Face
from engine.frame import Pixels
from engine.geometry import Array, smoothstep
from engine.rig.landmarks import (
    INNER_LIPS,
    INNER_LOWER,
    INNER_UPPER,
    MOUTH_LEFT,
    MOUTH_RIGHT,
    relative_lip_gap,
)
from engine.rig.paint.blend import Layer, polygon_mask
from engine.rig.warp.grid import Box

_UPPER = (MOUTH_RIGHT, *INNER_UPPER, MOUTH_LEFT)
_LOWER = (MOUTH_RIGHT, *INNER_LOWER, MOUTH_LEFT)
_CHEEKS = (50, 280, 205, 425, 187, 411)

_HIDDEN, _SHOWN = 0.03, 0.08
"""Lip gap over mouth width between which the driver's interior fades in."""


def find_mouth_of_driver(
    size: tuple[int, int],
    target: Array,
    portrait: Pixels,
    landmarks: Array,
    driver: tuple[Pixels, Face],
) -> Layer | None:
    """The driver's interior between the inner lips of `target` (478, 2), in a picture of (H, W).

    The interior is a strip of triangles between paired points of the two lips; colours are scaled
    by the ratio of both faces' skin.
    """
    picture, face = driver
    share = _fade(target)
    mask, box = polygon_mask(target[list(INNER_LIPS)], size, blur_px=0.7)
    if share <= 0.0 or mask is None:
        return None
    x, y = _strip_flow(target, face.landmarks.astype(np.float64), box)
    interior = cv2.remap(picture, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    gain = np.clip(
        _skin(portrait, landmarks) / np.maximum(_skin(picture, face.landmarks), 1.0), 0.4, 2.2
    )
    gain = (gain + gain.mean()) / 2.0  # half its tint: teeth are less tinted than skin
    coloured = interior * gain.astype(np.float32)
    return Layer(box=box, colours=coloured, mask=mask * np.float32(share))


def _fade(target: Array) -> float:
    return float(smoothstep(_HIDDEN, _SHOWN, np.asarray(relative_lip_gap(target))))


def _strip_flow(
    target: Array, source: Array, box: Box
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Per column of the box between the lips: linear from the upper lip's source to the lower's."""
    left, top, right, bottom = box
    columns = np.arange(left, right, dtype=np.float64)
    rows = np.arange(top, bottom, dtype=np.float64)[:, None]
    upper, lower = target[list(_UPPER)], target[list(_LOWER)]
    above, below = source[list(_UPPER), :2], source[list(_LOWER), :2]

    def on(lip: Array, values: Array) -> Array:
        order = np.argsort(lip[:, 0])
        interpolated: Array = np.interp(columns, lip[order, 0], values[order])
        return interpolated

    upper_row, lower_row = on(upper, upper[:, 1]), on(lower, lower[:, 1])
    along = np.clip((rows - upper_row) / np.maximum(lower_row - upper_row, 1.0), 0.0, 1.0)
    x = on(upper, above[:, 0]) * (1.0 - along) + on(lower, below[:, 0]) * along
    y = on(upper, above[:, 1]) * (1.0 - along) + on(lower, below[:, 1]) * along
    return x.astype(np.float32), y.astype(np.float32)


def _skin(picture: Pixels, landmarks: Array | NDArray[np.float32]) -> Array:
    """(3,) mean colour of the cheeks."""
    limit = np.array(picture.shape[1::-1]) - 3
    spots = np.clip(landmarks[list(_CHEEKS), :2].astype(int), 2, limit)
    patches = [picture[y - 2 : y + 3, x - 2 : x + 3].reshape(-1, 3).mean(axis=0) for x, y in spots]
    mean: Array = np.mean(patches, axis=0)
    return mean
