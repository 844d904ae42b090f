"""How deep hair and ears lie: a head of average depth, since one picture shows nothing of it.

Positions beside the face are counted from the head's pivot in face heights: `aside` of the face's
axis and `along` it, towards the chin.
"""

from dataclasses import dataclass

import numpy as np

from engine.faces.canonical import HeadPose
from engine.geometry import Array


@dataclass(frozen=True, slots=True)
class DepthGaussian:
    """A depth over the picture; everything in face heights.

    A ball fits no worse, but is so steep at its silhouette that a turning head would fold there.
    """

    forward: float
    """How far its top comes towards the viewer."""
    width: float
    height: float
    """Where it has fallen to 1 / e, beside and above its top."""
    above: float
    """How far its top lies above the pivot."""
    back: float
    """How far its foot lies behind the pivot."""

    def depth(self, aside: Array, along: Array) -> Array:
        """Away from the viewer, from the pivot."""
        share = (aside / self.width) ** 2 + ((along + self.above) / self.height) ** 2
        return np.asarray(self.back - self.forward * np.exp(-share))


SKULL = DepthGaussian(forward=0.65, width=0.42, height=0.49, above=0.51, back=0.07)
"""Fitted to the exact movement of rendered heads by `training/skull.py`."""


def skull_depth(pose: HeadPose, points: Array, down: Array, face_height: float) -> Array:
    """(N, 2) px of the picture -> (N,) px in picture axes, away from the viewer.

    `down` is the face's axis in the picture, of length 1; `face_height` is in px.
    """
    pivot = pose.pivot_px
    aside, along = from_pivot(points, pivot, down, face_height)
    return np.asarray(pivot[2] + SKULL.depth(aside, along) * face_height)


def from_pivot(points: Array, pivot: Array, down: Array, face_height: float) -> tuple[Array, Array]:
    """(N, 2) px -> `aside` and `along`, (N,) each; the rest as in `skull_depth`."""
    away = (points - pivot[:2]) / face_height
    return away @ np.array([-down[1], down[0]]), away @ down
