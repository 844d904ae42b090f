"""What appearances are compared by: the face's shape and turn, part by part, in centimetres."""

from dataclasses import dataclass

import numpy as np

from engine.appearances import Part
from engine.faces.canonical import head_pose, to_picture
from engine.faces.face import Face
from engine.geometry import Array
from engine.rig.bank.places import BROWS
from engine.rig.driver.driver import apertures
from engine.rig.driver.reading import eye_openings
from engine.rig.landmarks import (
    INNER_LIPS,
    INNER_LOWER,
    INNER_UPPER,
    MOUTH_LEFT,
    MOUTH_RIGHT,
    OUTER_LIPS,
)
from engine.rig.motion.motion import RigMotion
from engine.rig.warp.target import HeadMotion, PortraitFace

_LIPS = np.array(INNER_LIPS + OUTER_LIPS)
_UPPER, _LOWER = list(INNER_UPPER), list(INNER_LOWER)

_GAPS = 0.5
"""What a centimetre between the lips counts beside one that the lips are moved."""

_STRETCH_CM = np.array([2.0, 4.0])
"""What it counts that pixels are stretched e-fold up and down, and sideways: teeth stretch badly,
and a mouth's width tells a smile from a pucker, with other teeth and folds."""

_USUAL_WIDTH_CM, _LEAST_GAP = 5.0, 0.06
"""Of a mouth; and the gap over that width below which lips are closed."""

_MOUTH_TURN_CM, _BROWS_TURN_CM = 0.6, 0.6
"""What a radian of the head's turn counts: light and sight into the mouth change with it."""

_BROWS = 1.5
_LIDS_CM = 0.3
"""What an eye closed counts for the upper face: skin over the lids goes with them."""

_WIDEST = 1.3
"""Eyes opened wider than this, over neutral, look alike."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Seen:
    """A face as parts of it are looked up."""

    points: Array
    """(478, 3) cm, canonical frame."""
    rotation: Array
    """(3, 3) of the head."""
    apertures: Array
    """(2,) left and right eye: opening over the portrait's own; 0 closed."""


def seen_in(face: Face, own_openings: Array) -> Seen:
    """A face of the portrait's person, whose eyes are open by `own_openings` in the portrait."""
    pose = head_pose(face)
    return Seen(
        points=pose.points,
        rotation=pose.placement.rotation,
        apertures=apertures(eye_openings(pose.points) / np.maximum(own_openings, 0.02)),
    )


def seen_at(face: PortraitFace, motion: RigMotion, head: HeadMotion, target: Array) -> Seen:
    """The portrait's face where a motion takes it, `target` (478, 3) px."""
    back = (target - head.after) @ np.linalg.inv(head.linear).T + head.before
    flip = np.diag(to_picture(np.ones((1, 3)))[0])
    turn = flip @ (head.linear / np.cbrt(np.linalg.det(head.linear))) @ flip
    return Seen(
        points=face.pose.placement.invert(to_picture(back)),
        rotation=turn @ face.pose.placement.rotation,
        apertures=motion.aperture,
    )


def feature(part: Part, seen: Seen) -> Array:
    """What distances between appearances of a part are taken of, in cm or what counts as much."""
    return {"mouth": _mouth, "lids": _lids, "upper_face": _upper_face}[part](seen)


def log_gap(seen: Seen) -> float:
    """Of the lips' distance: a difference of 0.1 is a tenth more of what is between them."""
    gaps = (seen.points[_UPPER] - seen.points[_LOWER])[:, 1]
    return float(np.log(np.abs(gaps[2:7]).mean() / _USUAL_WIDTH_CM + _LEAST_GAP))


def _mouth(seen: Seen) -> Array:
    lips = seen.points[_LIPS, :2].ravel() / np.sqrt(len(_LIPS))
    gaps = (seen.points[_UPPER] - seen.points[_LOWER])[:, 1]
    width = float(np.linalg.norm((seen.points[MOUTH_RIGHT] - seen.points[MOUTH_LEFT])[:2]))
    stretch = [log_gap(seen), np.log(max(width, 0.5))]
    return np.concatenate([lips, _GAPS * gaps, _STRETCH_CM * stretch, _turn(seen, _MOUTH_TURN_CM)])


def crookedness(seen: Seen) -> float:
    """By how much the mouth's left corner is higher than its right one, cm."""
    return float(seen.points[MOUTH_LEFT, 1] - seen.points[MOUTH_RIGHT, 1])


def _lids(seen: Seen) -> Array:
    return seen.apertures


def _upper_face(seen: Seen) -> Array:
    brows = seen.points[list(BROWS), 1] * (_BROWS / np.sqrt(len(BROWS)))
    return np.concatenate(
        [brows, _LIDS_CM * np.minimum(seen.apertures, _WIDEST), _turn(seen, _BROWS_TURN_CM)]
    )


def _turn(seen: Seen, weight_cm: float) -> Array:
    """(9,): differences have the length of the angle between, times the weight."""
    weighted: Array = seen.rotation.ravel() * (weight_cm / np.sqrt(2.0))
    return weighted
