"""A person's face at rest, put together by region from many frames of a clip.

Rarely does one frame show closed lips, usual lids and usual brows at once. So the lips come from
the frames whose lips touch, the lids from those that are as open as usual, the rest is the median.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from engine.faces.clip_neutral import find_neutral
from engine.faces.face import Face
from engine.geometry import Array, angle_between
from engine.rig.driver.reading import Reading, eye_openings, read_face
from engine.rig.landmarks import LIDS
from engine.rig.motion.factors import factor_weights

Mask: TypeAlias = NDArray[np.bool_]
Indices: TypeAlias = NDArray[np.int64]

_NEAR_RAD = np.radians(8.0)
"""Heads turned no farther from the most neutral one say what the face is like."""
_TOUCH = 0.02
"""Lip gap over mouth width: so little is closed."""
_AS_CLOSED = 0.015
"""The same by which lips may be more apart than a clip's tightest, and count as closed as those:
the tightest are pressed, or stretched by the beginning of a smile."""
_USUAL_LIDS = 70
"""Percentile of the openings: blinks and half-closed lids lie below."""
_LEAST = 3


def rest_of(faces: Sequence[Face]) -> Reading:
    """The face at rest of one person, of at least one face."""
    index = find_neutral(faces)
    assert index is not None
    readings = [read_face(face) for face in faces]
    reference = readings[index]
    points = np.array([reading.points for reading in readings])
    near = _near(reference, readings)
    lips = _closed(near, np.array([reading.lip_gap for reading in readings]), points)
    openings = np.array([reading.openings for reading in readings])
    usual = np.percentile(openings[near], _USUAL_LIDS, axis=0)
    lids = _nearest(near, np.abs(openings - usual).sum(axis=1), max(_LEAST, int(near.sum()) // 8))
    made = np.median(points[near], axis=0)
    made[LIDS] = np.median(points[lids], axis=0)[LIDS]
    share = factor_weights()["lips"][:, None]
    made = made * (1.0 - share) + np.median(points[lips], axis=0) * share
    return replace(
        reference,
        points=made,
        landmarks=reference.placement.apply(made),
        openings=eye_openings(made),
        lip_gap=float(np.median([readings[k].lip_gap for k in lips])),
    )


def _near(reference: Reading, readings: Sequence[Reading]) -> Mask:
    """(N,) whether the head is turned much as in the reference."""
    turned = np.array(
        [
            angle_between(reference.placement.rotation, reading.placement.rotation)
            for reading in readings
        ]
    )
    return np.asarray(turned <= max(float(np.median(turned)), _NEAR_RAD))


def _closed(near: Mask, gaps: Array, points: Array) -> Indices:
    """Indices of the frames whose lips touch, at the mouth's usual width."""
    touch = near & (gaps <= max(float(np.percentile(gaps[near], 10)), _TOUCH) + _AS_CLOSED)
    width = np.linalg.norm(points[:, 61] - points[:, 291], axis=1)
    return _nearest(
        touch, np.abs(width - np.median(width)), max(_LEAST, int(np.count_nonzero(touch)) // 2)
    )


def _nearest(allowed: Mask, cost: Array, count: int) -> Indices:
    indices = np.flatnonzero(allowed)
    return np.asarray(indices[np.argsort(cost[indices], kind="stable")[:count]])
