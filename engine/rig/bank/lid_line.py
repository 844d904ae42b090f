"""Where a person's lids meet: the rig closes an eye by rule, filmed lids know better."""

import numpy as np

from engine.geometry import Array
from engine.rig.bank.entries import Entry
from engine.rig.bank.places import LIDS, Place
from engine.rig.landmarks import EYES, Eye

_AS_OPEN = 0.08
"""Difference of the openings, over the eye's width, from which on filmed lids say nothing."""

_MOVED = tuple(np.concatenate([eye.upper, eye.lower, eye.crease]) for eye in EYES)


def as_filmed(place: Place, entry: Entry, target: Array) -> Array:
    """Landmarks `target` (478, 3) px, an eye's lids put where they lie between its filmed corners.

    As far as the eye is as open there; other places stay as they are.
    """
    if place.part != "lids":
        return target
    eye, moved = EYES[LIDS.index(place)], _MOVED[LIDS.index(place)]
    source = entry.landmarks
    share = 1.0 - abs(_opening(eye, source) - _opening(eye, target)) / _AS_OPEN
    if share <= 0.0:
        return target
    first, last, own_first, own_last = (
        complex(*points[corner, :2])
        for points in (target, source)
        for corner in (eye.outer, eye.inner)
    )
    turn = (last - first) / (own_last - own_first)
    found = first + turn * (source[moved, :2] @ (1, 1j) - own_first)
    placed = target.copy()
    placed[moved, :2] += share * (np.stack([found.real, found.imag], axis=1) - target[moved, :2])
    return placed


def _opening(eye: Eye, points: Array) -> float:
    """Mean distance of the lids over the eye's width."""
    lids = np.linalg.norm(points[eye.upper, :2] - points[eye.lower, :2], axis=1).mean()
    return float(lids / np.linalg.norm(points[eye.outer, :2] - points[eye.inner, :2]))
