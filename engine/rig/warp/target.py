"""Where the portrait's landmarks go: its own face, moved by the driver's motion."""

from dataclasses import dataclass, replace
from math import hypot
from typing import Self

import numpy as np

from engine.faces.canonical import HeadPose, head_pose, to_picture
from engine.faces.face import Face
from engine.geometry import Array, rotation_from_vector, smoothstep
from engine.rig.landmarks import (
    CHIN,
    EYES,
    FOREHEAD,
    INNER_LOWER,
    INNER_UPPER,
    OVAL,
    relative_lip_gap,
)
from engine.rig.motion.motion import RigMotion
from engine.rig.warp.folds import without_folds

_UPPER_SHARE, _LOWER_SHARE = 0.8, 0.2
"""How a closing eye's gap is shared: the upper lid does most of the way."""

_CREASE_SHARE = 0.38
"""The fold above the lid follows it by this share of the gap."""

_CLOSED_MOUTH, _OPEN_MOUTH = 0.04, 0.12
"""Lip gap over mouth width of the portrait: below the first its lips follow the driver's into
contact, above the second (a smile with teeth) it keeps its own open mouth."""


_LEFT_OUT = 0.06, 0.14
"""Of the face's own movement, at its outline, in face heights: what the rim leaves out of it is
not passed on to hair and ears up to the first, and all of it from the second on."""

_OVAL = np.array(OVAL)

_ROUNDED_PX = 1e-6
_ROUNDED = np.where(np.eye(3) > 0.0, 1e-5, 1e-8)
"""Of the turn's matrix: its diagonal holds the size as well."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HeadMotion:
    """How the whole head moves in the portrait's picture, as a map of 3-D points."""

    before: Array
    """(3,) the pivot in the portrait, picture axes, px."""
    after: Array
    """(3,) the pivot in the output."""
    linear: Array
    """(3, 3) rotation times scale, in picture axes."""

    @property
    def moves(self) -> bool:
        """Whether anything moves at all; what a processor rounds away does not."""
        shifted, turned = np.abs(self.after - self.before), np.abs(self.linear - np.eye(3))
        return bool((shifted > _ROUNDED_PX).any() or (turned > _ROUNDED).any())

    def apply(self, points: Array) -> Array:
        """(..., 3) px, picture axes -> the same."""
        return (points - self.before) @ self.linear.T + self.after

    def towards(self, other: "HeadMotion", share: float) -> "HeadMotion":
        """Between this one (share 0) and another (1) of the same pivot, on straight lines."""
        if share <= 0.0:
            return self
        return HeadMotion(
            before=self.before,
            after=self.after + (other.after - self.after) * share,
            linear=self.linear + (other.linear - self.linear) * share,
        )

    def at_depth(self, depth: float) -> Array:
        """(2,): where the picture's origin goes at this depth; the rest is `linear`'s to say."""
        origin: Array = self.apply(np.array([0.0, 0.0, depth]))[:2]
        return origin


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PortraitFace:
    """The portrait's landmarks in both frames."""

    landmarks: Array
    """(478, 3) px, picture axes."""
    pose: HeadPose
    closes: float
    """1 for a portrait whose lips are closed, 0 for one with an open mouth."""

    @classmethod
    def from_face(cls, face: Face) -> "PortraitFace":
        """Lay the canonical face over the portrait's landmarks, once."""
        pose = head_pose(face)
        gap = relative_lip_gap(pose.points)
        closes = np.clip((_OPEN_MOUTH - gap) / (_OPEN_MOUTH - _CLOSED_MOUTH), 0.0, 1.0)
        return cls(landmarks=face.landmarks.astype(np.float64), pose=pose, closes=float(closes))

    @property
    def height(self) -> float:
        """From forehead to chin, px."""
        return float(hypot(*(self.landmarks[CHIN, :2] - self.landmarks[FOREHEAD, :2])))

    def deepened(self, farther: Array) -> Self:
        """The same with landmarks (478,) px farther from the viewer, in the same pose."""
        landmarks = self.landmarks.copy()
        landmarks[:, 2] += farther
        points = self.pose.placement.invert(to_picture(landmarks))
        return replace(self, landmarks=landmarks, pose=replace(self.pose, points=points))


def head_motion(face: PortraitFace, motion: RigMotion) -> HeadMotion:
    """The rigid part of a motion, in the portrait's pixels."""
    placement = face.pose.placement
    before = face.pose.pivot_px
    flip = np.diag(to_picture(np.ones((1, 3)))[0])
    linear = np.exp(motion.log_scale) * flip @ rotation_from_vector(motion.rotation) @ flip
    after = before + np.array([*(motion.shift * placement.scale), 0.0])
    return HeadMotion(before=before, after=after, linear=linear)


def passed_on(rim: HeadMotion, head: HeadMotion, face: PortraitFace) -> HeadMotion:
    """What hair and ears do next to the face: as their rim, or as the face, if that goes farther.

    A rim that goes along only in part would be torn from the face at their seam; but a smile that
    reads as a turn of a few degrees moves no hair.
    """
    if rim is head:
        return rim
    outline = face.landmarks[_OVAL]
    left_out = (head.apply(outline) - rim.apply(outline))[:, :2]
    far = float(np.sqrt((left_out**2).sum(axis=1).max())) / face.height
    share = float(smoothstep(*_LEFT_OUT, np.array(far)))
    return rim.towards(head, share)


def target_landmarks(face: PortraitFace, motion: RigMotion, head: HeadMotion) -> Array:
    """(478, 3) px, picture axes: the portrait's landmarks after the motion."""
    own = face.pose.points
    offsets = motion.offsets.copy()
    for eye, aperture in zip(EYES, motion.aperture, strict=True):
        corners = (offsets[eye.outer] + offsets[eye.inner]) / 2.0
        closing = (own[eye.lower] - own[eye.upper]) * (1.0 - aperture)
        offsets[eye.upper] = corners + closing * _UPPER_SHARE
        offsets[eye.lower] = corners - closing * _LOWER_SHARE
        offsets[eye.crease] += closing * _CREASE_SHARE * (aperture < 1.0)
    moved = _meet_lips(own + offsets, motion.lip_contact * face.closes)
    placed = head.apply(to_picture(face.pose.placement.apply(moved)))
    return without_folds(head.apply(face.landmarks), placed)


def _meet_lips(points: Array, contact: float) -> Array:
    """Bring the inner lips together as far as the driver's touch, and never past each other."""
    upper, lower = points[list(INNER_UPPER)], points[list(INNER_LOWER)]
    passed = (lower[:, 1] > upper[:, 1])[:, None]
    to_middle = (lower - upper) / 2.0 * np.where(passed, 1.0, contact)
    points[list(INNER_UPPER)] = upper + to_middle
    points[list(INNER_LOWER)] = lower - to_middle
    return points
