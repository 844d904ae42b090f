"""The portrait as it would be with its mouth open: whose teeth show when no appearance fits.

A mouth that was not filmed is opened by the rig. What shows between its lips then are the person's
own upper teeth, carried by the skull, rather than drawn ones: those of the appearance that shows
them best, put where they lie in the portrait.
"""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.appearances import Appearance
from engine.faces.canonical import head_pose
from engine.faces.face import Face
from engine.faces.roi import as_pixels
from engine.faces.topology import MESH_POINTS
from engine.frame import Pixels
from engine.geometry import Array, angle_between
from engine.rig.landmarks import INNER_LIPS, OUTER_LIPS
from engine.rig.paint.blend import blend_into, polygon_mask
from engine.rig.paint.mouth_place import carry_by_skull
from engine.rig.paint.own_mouth import shows_interior
from engine.rig.warp.target import PortraitFace

_LEAST_TEETH = 0.12
"""Share of an open mouth that must be teeth."""

_BRIGHT, _PALE = 0.55, 1.12
"""A tooth is brighter than this share of the skin around, and its green and blue beside its red are
more than the skin's by this factor; lips and tongue are not."""

_LOWER = 0.55
"""Teeth below this share of the opening are lower ones, which should not hang from the skull."""

_WIDE, _OFF, _TURNED_RAD = 0.4, 0.15, 0.2
"""Width of a smile over the face's; how far aside of the opening's middle teeth may be, over its
width; and how far the head may be turned from the portrait's. A row that is seen from aside, or
behind a crooked lip, is none for a mouth seen from the front."""


def find_open_mouth(
    appearances: Sequence[Appearance], portrait: Pixels, face: PortraitFace
) -> tuple[Pixels, Array] | None:
    """The portrait's picture and landmarks (478, 2) px with the mouth that shows teeth best.

    None where none of the appearances does, or the portrait shows its own.
    """
    own = face.landmarks[:, :2]
    if shows_interior(own):
        return None
    scored = [
        (_row_of(one) * _straight(one, face), index)
        for index, one in enumerate(appearances)
        if one.part == "mouth" and shows_interior(one.landmarks[:, :2].astype(np.float64))
    ]
    best, index = max(scored, default=(0.0, 0))
    return _opened(appearances[index], portrait, own) if best > _LEAST_TEETH else None


def teeth_of(appearance: Appearance) -> tuple[float, float]:
    """The shares of a mouth's opening that upper teeth fill, and lower ones."""
    inside, teeth = _opening(appearance), _tooth(appearance)
    rows = np.flatnonzero(inside.any(axis=1))
    if not len(rows):
        return 0.0, 0.0
    border = rows[0] + round(_LOWER * (rows[-1] - rows[0]))
    return float(teeth[:border].sum() / inside.sum()), float(teeth[border:].sum() / inside.sum())


def _row_of(appearance: Appearance) -> float:
    """How well upper teeth are seen: the share of the opening that they fill, in a usual smile."""
    upper, lower = teeth_of(appearance)
    if upper <= lower:
        return 0.0
    columns = np.flatnonzero(_opening(appearance).any(axis=0))
    aside = np.flatnonzero(_tooth(appearance).any(axis=0)).mean()
    off = abs(aside - columns.mean()) / len(columns)
    wide = len(columns) / np.ptp(appearance.landmarks[:MESH_POINTS, 0]) / _WIDE
    return float((upper - lower) * wide**2 * (1.0 - min(off / _OFF, 1.0)))


def _opening(appearance: Appearance) -> NDArray[np.bool_]:
    """(h, w) between the lips."""
    inner = appearance.landmarks[list(INNER_LIPS), :2].astype(np.float64)
    return _filled(inner, appearance.picture.shape[:2]) > 0


def _tooth(appearance: Appearance) -> NDArray[np.bool_]:
    """(h, w) what is as bright and pale as teeth, between the lips."""
    picture = appearance.picture
    outer = appearance.landmarks[list(OUTER_LIPS), :2].astype(np.float64)
    lips = _filled(outer, picture.shape[:2])
    around = (cv2.dilate(lips, np.ones((9, 9), np.uint8)) > 0) & (lips == 0)
    inside = _opening(appearance)
    if not around.any():
        return np.zeros_like(inside)
    skin = np.median(picture[around], axis=0)
    inside &= picture.mean(axis=2) > _BRIGHT * skin.mean()
    inside &= _paleness(picture) > _PALE * _paleness(skin)
    return inside


def _straight(appearance: Appearance, face: PortraitFace) -> float:
    """1 for a head turned as the portrait's, 0 for one turned farther than may be."""
    pose = head_pose(Face(landmarks=appearance.landmarks, confidence=1.0))
    turned = angle_between(pose.placement.rotation, face.pose.placement.rotation)
    return max(1.0 - (turned / _TURNED_RAD) ** 2, 0.0)


def _paleness(colours: NDArray[np.uint8] | Array) -> Array:
    """(..., 3) -> (...): green and blue over red."""
    red, green, blue = np.moveaxis(np.asarray(colours, np.float64), -1, 0)
    paleness: Array = (green + blue) / np.maximum(red, 1.0)
    return paleness


def _opened(appearance: Appearance, portrait: Pixels, own: Array) -> tuple[Pixels, Array]:
    source = appearance.landmarks[:, :2].astype(np.float64)
    carry = carry_by_skull(source, own)
    points = source @ carry[:, :2].T + carry[:, 2]
    lit = np.clip(appearance.picture * appearance.gain, 0.0, 255.0).astype(np.uint8)
    size = portrait.shape[1], portrait.shape[0]
    placed = as_pixels(cv2.warpAffine(lit, carry, size, borderMode=cv2.BORDER_REPLICATE))
    picture = portrait.copy()
    mask, (left, top, right, bottom) = polygon_mask(points[list(OUTER_LIPS)], portrait.shape[:2])
    if mask is not None:
        blend_into(picture[top:bottom, left:right], placed[top:bottom, left:right], mask)
    return picture, points


def _filled(outline: Array, size: tuple[int, int]) -> NDArray[np.uint8]:
    inside = np.zeros(size, np.uint8)
    cv2.fillPoly(inside, [np.round(outline).astype(np.int32)], 255)
    return inside
