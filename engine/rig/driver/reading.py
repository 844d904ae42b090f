"""What one driving frame shows, before it is compared with the driver's neutral face."""

from dataclasses import dataclass, replace

import numpy as np

from engine.faces.canonical import PIVOT_CM, head_pose, load_basis, rigid_weights, to_picture
from engine.faces.face import Face
from engine.frame import Pixels
from engine.geometry import (
    Array,
    Similarity,
    rotation_from_vector,
    vector_from_rotation,
)
from engine.rig.landmarks import EYES, relative_lip_gap

_UPPER_LIDS = np.stack([eye.upper for eye in EYES])
_LOWER_LIDS = np.stack([eye.lower for eye in EYES])
_OUTER, _INNER = [eye.outer for eye in EYES], [eye.inner for eye in EYES]

_FARTHEST_SHAPE_CM = 2.5
"""Root mean square from the canonical face, of the points that no expression moves. Of people it
is under 1."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Reading:
    """A face in the picture, and as it looks in the canonical frame."""

    landmarks: Array
    """(478, 3) px, y up, z to the viewer."""
    placement: Similarity
    """From the canonical frame to `landmarks`."""
    points: Array
    """(478, 3) cm, canonical frame."""
    openings: Array
    """(2,) left and right eye: mean lid distance over the eye's width, seen from the front."""
    lip_gap: float
    """Between the inner lips' middles, over the mouth's width."""
    picture: Pixels | None = None
    """What was read, where it is at hand."""

    @property
    def is_sound(self) -> bool:
        """Whether this is the shape of a face, and not points that a tracker lost."""
        if not (np.isfinite(self.points).all() and self.placement.scale > 0.0):
            return False
        apart = ((self.points - load_basis().canonical)[:468] ** 2).sum(axis=1)
        weights = rigid_weights()
        is_face_like = float(weights @ apart / weights.sum()) < _FARTHEST_SHAPE_CM**2
        return is_face_like and bool(np.isfinite([*self.openings, self.lip_gap]).all())


def read_face(face: Face, picture: Pixels | None = None) -> Reading:
    """Lay the canonical face over the landmarks and measure eyes and lips in its frame."""
    pose = head_pose(face)
    return Reading(
        picture=picture,
        landmarks=to_picture(face.landmarks.astype(np.float64)),
        placement=pose.placement,
        points=pose.points,
        openings=eye_openings(pose.points),
        lip_gap=relative_lip_gap(pose.points),
    )


def eye_openings(points: Array) -> Array:
    """(478, 3) canonical -> (2,)."""
    lids = (points[_UPPER_LIDS] - points[_LOWER_LIDS])[..., :2]  # (2, lid points, 2)
    corners = (points[_OUTER] - points[_INNER])[:, :2]
    opening = np.hypot(lids[..., 0], lids[..., 1]).mean(axis=1)
    return np.asarray(opening / np.hypot(corners[:, 0], corners[:, 1]))


def placed_as(face: Reading, other: Reading) -> Reading:
    """A face turned as it is, of the size of another and with its pivot where that one's is."""
    pivot = other.placement.apply(PIVOT_CM[None])[0]
    scale, rotation = other.placement.scale, face.placement.rotation
    placement = Similarity(
        scale=scale, rotation=rotation, translation=pivot - scale * rotation @ PIVOT_CM
    )
    landmarks = placement.apply(face.points)
    return replace(face, placement=placement, landmarks=landmarks, picture=None)


def blend(first: Reading, second: Reading, weight: float) -> Reading:
    """From `first` (weight 0) to `second` (weight 1)."""
    a, b, keep = first.placement, second.placement, 1.0 - weight
    turn = vector_from_rotation(b.rotation @ a.rotation.T)
    placement = Similarity(
        scale=a.scale**keep * b.scale**weight,
        rotation=rotation_from_vector(turn * weight) @ a.rotation,
        translation=a.translation * keep + b.translation * weight,
    )
    points = first.points * keep + second.points * weight
    return Reading(
        picture=second.picture,
        landmarks=placement.apply(points),
        placement=placement,
        points=points,
        openings=first.openings * keep + second.openings * weight,
        lip_gap=first.lip_gap * keep + second.lip_gap * weight,
    )
