"""A mouth in a drawing of flat colours: a band of teeth, a tongue of one colour, and an inked line.

Teeth one by one, shades and wet gleams, as `teeth.py` draws them, look pasted into a comic strip.
"""

from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.frame import Pixels
from engine.geometry import Array, smoothstep
from engine.rig.landmarks import EYES, MOUTH_LEFT, MOUTH_RIGHT, OUTER_LIPS, OVAL
from engine.rig.paint.teeth import (
    ARCH_HALF_WIDTH_MM,
    FLOOR_COLUMNS,
    FLOOR_ROWS,
    GUMS_REACH_MM,
    PER_MM,
    Drawing,
    Map,
)

_FLAT = 0.55
"""Share of a face's pixels that lie near its commonest colour: of a comic face two thirds; of the
photographs, paintings, clips and rendered heads at hand at most 0.43."""

_BIN, _NEAR = 4, 5
"""Side of a bin of colours, and how far from the middle of the commonest one is near; levels."""

_AROUND_LIPS = 0.12
"""Reach of the lips' surroundings, where their line is looked for, in mouth widths."""

_INK, _LEAST_INK = 0.5, 0.01
"""Over the brightness of the face: darker than this is a line; share of what is looked at that is
one at least."""

LINE = 0.022
"""Width of the line around an open mouth, in mouth widths."""

_RISE_MM = 3.5
"""Of the band's ends above its middle."""


def find_ink(picture: Pixels, landmarks: Array) -> Array | None:
    """RGB, (3,), of the line of the lips in a drawing of flat colours; None for all else.

    Args:
        picture: the portrait.
        landmarks: (478, 2) px.
    """
    face = np.zeros(picture.shape[:2], np.uint8)
    _fill(face, landmarks, list(OVAL), 1)
    for hole in (list(OUTER_LIPS), *(eye.contour.tolist() for eye in EYES)):
        _fill(face, landmarks, hole, 0)
    colours = picture[face > 0].astype(np.int32)
    if len(colours) == 0:
        return None
    side = 256 // _BIN
    bins = colours // _BIN @ np.array([side * side, side, 1])
    first = int(np.bincount(bins).argmax())
    common = np.array([first // side**2, first // side % side, first % side]) * _BIN + _BIN // 2
    if (np.abs(colours - common) <= _NEAR).all(axis=1).mean() < _FLAT:
        return None
    return _line(picture, landmarks, common.astype(np.float64))


def _line(picture: Pixels, landmarks: Array, common: Array) -> Array | None:
    """The colour of what is dark around the lips; None where nothing is."""
    around = np.zeros(picture.shape[:2], np.uint8)
    _fill(around, landmarks, list(OUTER_LIPS), 1)
    width = float(np.linalg.norm(landmarks[MOUTH_LEFT] - landmarks[MOUTH_RIGHT]))
    reach = 2 * max(int(_AROUND_LIPS * width), 1) + 1
    around = np.asarray(cv2.dilate(around, np.ones((reach, reach), np.uint8)))
    colours = picture[around > 0].astype(np.float64)
    dark = colours[colours.mean(axis=1) < _INK * common.mean()]
    if len(dark) < _LEAST_INK * len(colours):
        return None
    ink: Array = np.median(dark, axis=0)
    return ink


def _fill(mask: NDArray[np.uint8], landmarks: Array, of: list[int], value: int) -> None:
    cv2.fillPoly(mask, [np.round(landmarks[of, :2]).astype(np.int32)], value)


@cache
def teeth_band() -> Drawing:
    """The upper teeth as one white band that ends in an arch."""
    rows, columns = round((GUMS_REACH_MM + 3.0) * PER_MM), round(2.0 * ARCH_HALF_WIDTH_MM * PER_MM)
    middle, edge = (columns - 1) / 2.0, GUMS_REACH_MM * PER_MM - 0.5
    aside = np.abs(np.arange(columns) - middle) / (ARCH_HALF_WIDTH_MM * PER_MM)
    ends = edge - _RISE_MM * PER_MM * aside**2
    cover = np.clip(ends[None, :] - np.arange(rows)[:, None] + 0.5, 0.0, 1.0).astype(np.float32)
    one = np.ones_like(cover)
    return Drawing(
        light=one, kind=one, age=np.zeros_like(one), opacity=cover, anchor=(middle, edge)
    )


@cache
def flat_floor() -> tuple[Map, Map]:
    """As `teeth.floor`: unshaded, the tongue with a clean edge."""
    u = np.linspace(-1.0, 1.0, FLOOR_COLUMNS)[None, :]
    v = np.linspace(0.0, 1.0, FLOOR_ROWS)[:, None]
    tongue = smoothstep(0.0, 0.05, v - (0.52 + 0.75 * u**2))
    return np.ones_like(tongue, np.float32), tongue.astype(np.float32)
