"""What somebody who is enrolled live is asked to do, and how near a face is to it.

Measured in the canonical frame, in cm, against the person's own neutral face: a wide mouth is wide
for this person.
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

import numpy as np

from engine.faces.canonical import head_pose
from engine.faces.face import Face
from engine.geometry import Array

Prompt: TypeAlias = Literal[
    "straight", "smile", "ee", "aah", "ooh", "pucker", "eyes", "brows", "left", "right"
]
"""In the order in which they are asked for. Left and right are the person's own."""

PROMPTS: tuple[Prompt, ...] = get_args(Prompt)

_LIPS, _CORNERS = (13, 14), (61, 291)
_LIDS = (((159, 145), (33, 133)), ((386, 374), (263, 362)))
"""For each eye: the middle of its lids, its corners."""
_BROWS = (105, 334)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measures:
    """One face."""

    lip_gap_cm: float
    """Between the inner lips' middles."""
    mouth_width_cm: float
    corners_cm: float
    """How far the mouth's corners lie above the middle of the lips."""
    skew_cm: float
    """How much higher one corner lies than the other."""
    aperture: float
    """Distance of the lids over the eye's width, of the eye that is open wider."""
    brows_cm: float
    """How far the brows lie above the corners of the eyes."""
    yaw_deg: float
    """Of the head, to the person's own left."""
    pitch_deg: float


def measured(face: Face) -> Measures:
    """The measures of a face."""
    pose = head_pose(face)
    points, rotation = pose.points, pose.placement.rotation
    lips, corners = points[list(_LIPS)], points[list(_CORNERS)]
    eyes = points[[corner for _, pair in _LIDS for corner in pair]]
    return Measures(
        lip_gap_cm=_length(lips),
        mouth_width_cm=_length(corners),
        corners_cm=float(corners[:, 1].mean() - lips[:, 1].mean()),
        skew_cm=abs(float(corners[0, 1] - corners[1, 1])),
        aperture=max(
            _length(points[list(lids), :2]) / max(_length(points[list(ends)]), 1e-6)
            for lids, ends in _LIDS
        ),
        brows_cm=float(points[list(_BROWS), 1].mean() - eyes[:, 1].mean()),
        yaw_deg=float(np.degrees(np.arctan2(rotation[0, 2], rotation[2, 2]))),
        pitch_deg=float(np.degrees(np.arcsin(np.clip(-rotation[1, 2], -1.0, 1.0)))),
    )


def straightness(now: Measures) -> float:
    """0..1: how near a face is to the neutral one that all else is compared with.

    In eight clips mouths at rest were 4.6 to 5.9 cm wide beside the canonical face, kisses under
    4.1 and smiles at least 6.4; their corners were at most 2 mm apart in height, in a smirk up
    to 9.
    """
    return min(
        _gone(now.mouth_width_cm, 3.4, 4.3),
        _gone(now.mouth_width_cm, 7.2, 6.2),
        _gone(now.skew_cm, 0.7, 0.25),
        _gone(abs(now.yaw_deg), 30.0, 10.0),
        _gone(abs(now.pitch_deg), 40.0, 18.0),
        _gone(now.lip_gap_cm, 1.0, 0.3),
        _gone(now.aperture, 0.05, 0.16),
    )


def nearness(prompt: Prompt, now: Measures, neutral: Measures) -> float:
    """0..1: how far a face has come from its neutral to what is asked for; 1 is there.

    The ways were set by eight clips: a smile widens a mouth by 20 to 30 percent, a kiss narrows it
    by as much or more, lids that touch read a quarter of what they do open.
    """
    width = now.mouth_width_cm / max(neutral.mouth_width_cm, 1e-6)
    gap, turn = now.lip_gap_cm, now.yaw_deg - neutral.yaw_deg
    match prompt:
        case "straight":
            return straightness(now)
        case "smile":
            raised = _gone(now.corners_cm - neutral.corners_cm, 0.0, 0.12)
            return min(_gone(width, 1.0, 1.1), _gone(gap, 0.0, 0.25), raised)
        case "ee":
            return min(_gone(width, 1.0, 1.05), _gone(gap, 0.0, 0.3))
        case "aah":
            return _gone(gap, neutral.lip_gap_cm, max(1.3, neutral.lip_gap_cm + 0.8))
        case "ooh":
            return min(_gone(width, 1.0, 0.9), _gone(gap, 0.0, 0.2))
        case "pucker":
            return min(_gone(width, 1.0, 0.86), _gone(gap, 0.8, 0.3))
        case "eyes":
            return _gone(now.aperture, neutral.aperture, 0.5 * neutral.aperture)
        case "brows":
            return _gone(now.brows_cm - neutral.brows_cm, 0.0, 0.22)
        case "left":
            return _gone(turn, 0.0, 15.0)
        case "right":
            return _gone(turn, 0.0, -15.0)


def _gone(value: float, start: float, goal: float) -> float:
    """The share of the way from start to goal, in 0..1."""
    return float(np.clip((value - start) / (goal - start), 0.0, 1.0))


def _length(pair: Array) -> float:
    return float(np.linalg.norm(pair[0] - pair[1]))
