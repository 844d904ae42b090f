"""Rotations, the weighted similarity between two point sets, and a soft step."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def smoothstep(low: float, high: float, value: Array) -> Array:
    """0 below `low`, 1 above `high`, and between them without a kink at either end."""
    along = np.minimum(np.maximum((value - low) / (high - low), 0.0), 1.0)  # np.clip takes longer
    return np.asarray(along * along * (3.0 - 2.0 * along))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Similarity:
    """y = scale * rotation @ x + translation."""

    scale: float
    rotation: Array
    """(3, 3), determinant 1."""
    translation: Array
    """(3,)"""

    def apply(self, points: Array) -> Array:
        """(N, 3) -> (N, 3)."""
        moved: Array = self.scale * points @ self.rotation.T + self.translation
        return moved

    def invert(self, points: Array) -> Array:
        """(N, 3) -> (N, 3): undo `apply`."""
        moved: Array = (points - self.translation) @ self.rotation / self.scale
        return moved


def fit_similarity(source: Array, target: Array, weights: Array) -> Similarity:
    """The similarity that takes `source` nearest to `target`, both (N, 3), in weighted squares.

    Umeyama 1991, eq. 40-42, with weights. `source` must span at least a plane, which a face does.
    """
    share = weights / weights.sum()
    source_mean, target_mean = share @ source, share @ target
    from_mean = source - source_mean
    weighted = from_mean * share[:, None]
    covariance = (target - target_mean).T @ weighted
    singular, left, right = cv2.SVDecomp(covariance)  # of so few numbers sooner than NumPy's
    signs = np.array([1.0, 1.0, np.sign(cv2.determinant(left @ right))])
    rotation = (left * signs) @ right
    scale = float(signs @ singular[:, 0] / np.vdot(weighted, from_mean))
    return Similarity(
        scale=scale, rotation=rotation, translation=target_mean - scale * rotation @ source_mean
    )


def rotation_from_vector(vector: Array) -> Array:
    """Axis times angle in radians, (3,) -> (3, 3)."""
    return np.asarray(cv2.Rodrigues(vector)[0], np.float64)


def vector_from_rotation(rotation: Array) -> Array:
    """(3, 3) -> axis times angle in radians, (3,); the inverse of `rotation_from_vector`."""
    vector = np.asarray(cv2.Rodrigues(rotation)[0], np.float64)[:, 0]
    if vector.any():
        return vector
    # OpenCV takes less than 1e-5 for no turn at all; so little is the turn's own skew part.
    (_, xy, xz), (yx, _, yz), (zx, zy, _) = rotation
    return np.array([zy - yz, xz - zx, yx - xy]) / 2.0


def angle_between(one: Array, other: Array) -> float:
    """Of the turn from one rotation (3, 3) to another, in radians, 0 to pi."""
    trace = float((one * other).sum())  # of one @ other.T
    return float(np.arccos(min(max((trace - 1.0) / 2.0, -1.0), 1.0)))


def yaw_pitch_roll(rotation: Array) -> tuple[float, float, float]:
    """Degrees, applied roll first, then pitch, then yaw; axes x right, y up, z to the viewer.

    Yaw is positive when the head turns to the right of the picture, pitch when it looks down, roll
    when its top leans to the left of the picture.
    """
    yaw = np.arctan2(rotation[0, 2], rotation[2, 2])
    pitch = -np.arcsin(np.clip(rotation[1, 2], -1.0, 1.0))
    roll = np.arctan2(rotation[1, 0], rotation[1, 1])
    return float(np.degrees(yaw)), float(np.degrees(pitch)), float(np.degrees(roll))


def rotation_from_yaw_pitch_roll(yaw: float, pitch: float, roll: float) -> Array:
    """Degrees -> (3, 3); the inverse of `yaw_pitch_roll`."""
    y, p, r = np.radians([yaw, pitch, roll])
    turn = np.array([[np.cos(y), 0, np.sin(y)], [0, 1, 0], [-np.sin(y), 0, np.cos(y)]])
    nod = np.array([[1, 0, 0], [0, np.cos(p), -np.sin(p)], [0, np.sin(p), np.cos(p)]])
    lean = np.array([[np.cos(r), -np.sin(r), 0], [np.sin(r), np.cos(r), 0], [0, 0, 1]])
    rotation: Array = turn @ nod @ lean
    return rotation
