"""Where the inside of a mouth lies in space: it turns with the skull, whatever the lips do."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from engine.faces.canonical import to_picture
from engine.geometry import Array
from engine.rig.landmarks import MOUTH_LEFT, MOUTH_RIGHT
from engine.rig.warp.target import HeadMotion, PortraitFace

SKULL = (2, 97, 326, 98, 327, 64, 294, 168, 6, 197)
"""Nose base, wings and bridge: they move with the upper teeth."""

_BEHIND_LIPS = 0.15
"""How far teeth lie behind the line of the lips, in mouth widths."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Seen:
    """A mouth in the output; mouth widths are the portrait's own, wherever the head turns."""

    frame: Array
    """(3, 3) from mouth widths (x along the mouth, y down, origin amid the lips' line) to px."""
    behind: Array
    """(2,) in that frame: where something one mouth width farther back is seen."""

    @property
    def width(self) -> float:
        """Of the mouth at rest, px."""
        return float(np.hypot(*self.frame[:2, 0]))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MouthPlace:
    """The mouth of one portrait; picture axes, px: x right, y down, z away."""

    skull: Array
    """(10, 3): the landmarks of SKULL."""
    width: float
    """Between the corners of the inner lips as they lie in space, px."""
    origin: Array
    """(3,): amid the line of the lips."""
    axes: Array
    """(3, 3): its columns go along the mouth, down and back, by one mouth width each."""

    @classmethod
    def of(cls, source: Array, face: PortraitFace | None = None) -> Self:
        """From landmarks (478, 2 or 3) px; without the face it looks straight ahead, and is flat.

        `face` has the depths, and how far aside the portrait's own head looks. Up or down is not
        asked: what is read of that is as much the shape of the face.
        """
        points = np.zeros((len(source), 3))
        points[:, : source.shape[1]] = source
        slope = 0.0
        if face is not None:
            points[:, 2] = face.landmarks[:, 2]
            x, y, z = to_picture(face.pose.placement.rotation[None, :, 0])[0]
            slope = z / max(float(np.hypot(x, y)), 0.5)
        flat = (points[MOUTH_LEFT] - points[MOUTH_RIGHT])[:2]
        along = np.array([*flat, slope * np.hypot(*flat)])
        width = float(np.linalg.norm(along))
        down = np.array([-flat[1], flat[0], 0.0]) * (width / max(float(np.hypot(*flat)), 1e-6))
        line = (points[13] + points[14]) / 2.0
        return cls(
            skull=points[list(SKULL)],
            width=width,
            origin=line,
            axes=np.column_stack([along, down, np.cross(along, down) / width]),
        )

    def seen(self, target: Array, head: HeadMotion | None) -> Seen:
        """In the output with landmarks `target` (478, 2) px, where `head` took the skull.

        What the skull's landmarks do beyond that is followed as a flat movement.
        """
        linear = np.eye(3) if head is None else head.linear
        skull, origin = self.skull, self.origin
        if head is not None:
            skull, origin = head.apply(skull), head.apply(origin)
        rest = carry(skull[:, :2], target[list(SKULL)])
        turned = rest[:, :2] @ linear[:2]
        frame = np.eye(3)
        frame[:2, :2] = turned @ self.axes[:, :2]
        back = _inverse(frame) @ turned
        shift = _BEHIND_LIPS * self.width * back[0, 2]
        frame[:2, 2] = rest[:, :2] @ origin[:2] + rest[:, 2] + shift * frame[:2, 0]
        behind = np.array([back[0] @ self.axes[:, 2], 0.0])
        return Seen(frame=frame, behind=behind)


def _inverse(frame: Array) -> Array:
    """(2, 2) of a frame's linear part; NumPy's own takes ten times as long."""
    (a, b), (c, d) = frame[:2, :2].tolist()
    over = 1.0 / (a * d - b * c)
    return np.array([[d * over, -b * over], [-c * over, a * over]])


def carry(points: Array, others: Array) -> Array:
    """(2, 3): the similarity that takes points (N, 2) nearest to others."""
    mean, other_mean = points.mean(axis=0), others.mean(axis=0)
    own, wanted = (points - mean) @ (1, 1j), (others - other_mean) @ (1, 1j)
    turn = np.vdot(own, wanted) / np.vdot(own, own).real
    linear = np.array([[turn.real, -turn.imag], [turn.imag, turn.real]])
    return np.hstack([linear, (other_mean - linear @ mean)[:, None]])


def carry_by_skull(source: Array, target: Array) -> Array:
    """(2, 3): the similarity by which upper teeth go from landmarks `source` to `target`."""
    return carry(source[list(SKULL)], target[list(SKULL)])
