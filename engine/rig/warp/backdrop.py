"""What lies behind a person, as far as a moving head uncovers it.

What is next to the person's edge is mirrored at it, so that grain, folds and edges go on. What is
smeared into a hole draws fans; farther in, where it is hardly ever seen, that is done.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.frame import Pixels
from engine.geometry import smoothstep

_MIRRORED = 0.08, 0.25
"""Of the picture's longer side: so far into the hole what lies beside it is mirrored; from the
second on it is smeared."""

_SMOOTHED = 0.015
"""The same, over which the way to what is mirrored is smoothed: a ragged edge would shake it."""

_RICH, _RICH_AROUND = (2.0, 5.0), 0.05
"""Mean difference from what is soft, levels, from which on more than grain is mirrored, and from
which on all is; and how far around it is asked, a part of the longer side."""

_SMEARED_PX = 160
"""Longer side at which a hole is smeared over."""


def filled(picture: Pixels, matte: NDArray[np.float32]) -> Pixels:
    """A picture (H, W, 3) with its person, (H, W) in 0..1, replaced by what surrounds it."""
    side = max(matte.shape)
    reach = 2 * round(max(0.012 * side, 1.0)) + 1
    person = (matte > 0.04).astype(np.uint8)
    hole = np.asarray(cv2.dilate(person, np.ones((reach, reach), np.uint8)), np.uint8)
    behind = _smeared(picture, hole)
    mirrored, share = _mirrored(picture, hole)
    soft = np.asarray(cv2.GaussianBlur(mirrored, (0, 0), _SMOOTHED * side), np.float32)
    detail = mirrored - soft
    behind += (soft - behind) * (share * _is_rich(detail, share))[..., None]
    behind += detail * share[..., None]
    seam = cv2.blur(hole.astype(np.float32), (reach, reach)).clip(0.0, 1.0)
    mixed = picture + (behind - picture) * np.maximum(seam, hole)[..., None]
    return np.asarray(np.clip(mixed + 0.5, 0, 255), np.uint8)


def _is_rich(detail: NDArray[np.float32], share: NDArray[np.float32]) -> NDArray[np.float32]:
    """(H, W): whether what is mirrored has more than grain. Of a plain wall it makes a halo."""
    sigma = _RICH_AROUND * max(share.shape)
    found = cv2.GaussianBlur(np.abs(detail).mean(axis=-1) * share, (0, 0), sigma)
    level = found / np.maximum(cv2.GaussianBlur(share, (0, 0), sigma), 1e-3)
    return smoothstep(*_RICH, np.asarray(level, np.float64)).astype(np.float32)


def _smeared(picture: Pixels, hole: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(H, W, 3): the hole inpainted in a small picture."""
    height, width = hole.shape
    scale = min(_SMEARED_PX / max(height, width), 1.0)
    size = (max(round(width * scale), 2), max(round(height * scale), 2))
    inside = (cv2.resize(hole * 255, size, interpolation=cv2.INTER_AREA) > 0).astype(np.uint8)
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    found = cv2.inpaint(small, inside, 3.0, cv2.INPAINT_TELEA)
    found = np.where(inside[..., None] > 0, cv2.GaussianBlur(found, (0, 0), 1.2), found)
    large = cv2.resize(found, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.asarray(large, np.float32)


def _mirrored(
    picture: Pixels, hole: NDArray[np.uint8]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """(H, W, 3): in the hole what lies as far outside of it; and (H, W) how far that is good."""
    side = max(hole.shape)
    sigma = _SMOOTHED * side
    away, way = _way_out(hole)
    weight = np.asarray(cv2.GaussianBlur(hole.astype(np.float32), (0, 0), sigma), np.float32)
    smooth = cv2.GaussianBlur(way, (0, 0), sigma) / np.maximum(weight, 1e-3)[..., None]
    way += (smooth - way) * np.clip(away / (2.0 * sigma), 0.0, 1.0)[..., None]
    rows, columns = np.indices(hole.shape, np.float32)
    x, y = columns + 2.0 * way[..., 0], rows + 2.0 * way[..., 1]
    border = cv2.BORDER_REFLECT_101
    mirrored = cv2.remap(picture, x, y, cv2.INTER_LINEAR, borderMode=border)
    other = cv2.remap(hole.astype(np.float32), x, y, cv2.INTER_LINEAR, borderMode=border)
    near, far = (each * side for each in _MIRRORED)
    bad = np.maximum(other, smoothstep(near, far, away.astype(np.float64))).astype(np.float32)
    bad = np.asarray(cv2.GaussianBlur(bad, (0, 0), sigma / 2.0), np.float32)
    return np.asarray(mirrored, np.float32), np.clip(1.0 - 2.0 * bad, 0.0, 1.0)


def _way_out(hole: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """(H, W) and (H, W, 2): how far each pixel is from what is no hole, and the way there, px."""
    away, nearest = cv2.distanceTransformWithLabels(
        hole, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    rows, columns = np.indices(hole.shape, np.float32)
    places = np.stack([columns, rows], axis=-1)
    there = np.zeros((int(nearest.max()) + 1, 2), np.float32)
    is_outside = hole == 0
    there[nearest[is_outside]] = places[is_outside]
    return np.asarray(away, np.float32), there[nearest] - places
