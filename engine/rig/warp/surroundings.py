"""Where points lie around a face: along its axes, and beside its outline."""

from dataclasses import dataclass
from typing import Self

import cv2
import numpy as np

from engine.geometry import Array
from engine.rig.landmarks import CHIN, FOREHEAD


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FaceAxes:
    """A face's own axes in its picture."""

    middle: Array
    """(2,) px, half-way from the forehead to the chin."""
    axes: Array
    """(2, 2): to the right and down, of length 1."""
    height: float
    """From the forehead to the chin, px."""

    @classmethod
    def of(cls, landmarks: Array) -> Self:
        """Those of landmarks (478, 2 or 3) px."""
        top, chin = landmarks[FOREHEAD, :2], landmarks[CHIN, :2]
        height = float(np.linalg.norm(chin - top))
        down = (chin - top) / height
        axes = np.array([[down[1], -down[0]], down])
        return cls(middle=(top + chin) / 2.0, axes=axes, height=height)

    def places(self, points: Array) -> Array:
        """(2, N) aside of and along the axis of points (N, 2) px, in face heights."""
        return np.asarray(self.axes @ (points - self.middle).T / self.height)


def beside(points: Array, outline: Array) -> Array:
    """(N,) px: distance of points (N, 2) from an outline (P, 2), negative within it."""
    polygon = outline.astype(np.float32)
    within = [cv2.pointPolygonTest(polygon, (x, y), measureDist=True) for x, y in points.tolist()]
    return -np.array(within)


def pull_weights(
    points: Array, outline: Array, face_height: float, nearest: float = 0.01
) -> tuple[Array, Array]:
    """(N, outline points): the share of each outline point in a point, by inverse distance.

    And (N,): the squared distance to the nearest. Within `nearest`, in face heights, an outline
    point speaks alone.
    """
    squared = ((points[:, None] - outline) ** 2).sum(axis=-1)
    weights = (squared + (nearest * face_height) ** 2) ** -1.5
    return weights / weights.sum(axis=1, keepdims=True), squared.min(axis=1)
