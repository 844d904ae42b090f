"""The canonical face in centimetres, and how it lies in a picture: head pose without a network.

Canonical frame: x to the right of the picture (the subject's left), y up, z out of the face towards
the viewer, in cm; its origin lies inside the head, behind the nose bridge.
"""

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from io import BytesIO

import numpy as np
from numpy.typing import NDArray

from engine.faces.face import Face
from engine.geometry import Array, Similarity, fit_similarity

PIVOT_CM = np.array([0.0, -3.0, -5.0])
"""The point a head turns about, near the top of the neck, in the canonical frame."""

_FLIP = np.array([1.0, -1.0, -1.0])
"""Between a picture's axes (y down, z away) and the canonical ones; its own inverse."""

_RIGID = (
    33, 133, 263, 362,
    127, 356, 234, 454, 162, 389, 21, 251, 93, 323, 132, 361,
    6, 168, 197, 195, 5, 4, 1, 19, 94, 2, 98, 327, 97, 326, 48, 278, 64, 294, 122, 351, 196, 419,
    3, 248, 236, 456, 174, 399, 198, 420, 131, 360, 49, 279, 193, 417,
)  # fmt: skip
"""Eye corners, temples and nose: what an expression hardly moves. Of eight such sets this one left
the least error around the face in the same-person test."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Basis:
    """`engine/assets/rig/basis.npz`; `training/basis.py` makes it and states its licence."""

    canonical: Array
    """(478, 3) cm"""
    arkit: Array
    """(478, 3, 52) cm per unit, in the order of ARKIT_NAMES"""
    triangles: NDArray[np.int32]
    """(898, 3), of the 468 mesh points, one winding"""


@cache
def load_basis() -> Basis:
    """Read the asset once."""
    data = files("engine").joinpath("assets/rig/basis.npz").read_bytes()
    with np.load(BytesIO(data)) as arrays:
        return Basis(
            canonical=arrays["canonical"].astype(np.float64),
            arkit=arrays["basis"].astype(np.float64),
            triangles=arrays["triangles"].astype(np.int32),
        )


@cache
def rigid_weights() -> Array:
    """How far each point is trusted to sit still in the head: (468,)."""
    weights = np.full(468, 1e-3)
    weights[list(_RIGID)] = 1.0
    return weights


_FARTHEST_CM = 9.0
"""From where the canonical face has it; the chin of a mouth wide open is 5 cm below."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HeadPose:
    """Where the head is, and the face as it looks from straight ahead."""

    placement: Similarity
    """From the canonical frame (cm) to the picture (pixels, y up, z to the viewer)."""
    points: Array
    """(478, 3) cm: the face's own landmarks in the canonical frame."""

    @property
    def pivot_px(self) -> Array:
        """(3,) the pivot in picture axes: x right, y down, z away from the viewer."""
        pivot: Array = to_picture(self.placement.apply(PIVOT_CM[None]))[0]
        return pivot


def to_picture(points: Array) -> Array:
    """(N, 3) y up, z to the viewer -> picture axes, and back."""
    flipped: Array = points * _FLIP
    return flipped


def head_pose(face: Face) -> HeadPose:
    """Lay the canonical face over the landmarks."""
    points = to_picture(face.landmarks.astype(np.float64))
    placement = fit_similarity(load_basis().canonical[:468], points[:468], rigid_weights())
    return HeadPose(placement=placement, points=placement.invert(points))


def is_face_shaped(landmarks: NDArray[np.float32]) -> bool:
    """Whether finite (478, 3) points can be a face's: each about where the canonical face has it.

    For landmarks that come from a file; what a tracker finds is a face.
    """
    if float(np.ptp(landmarks, axis=0)[:2].min()) < 1.0:
        return False
    pose = head_pose(Face(landmarks=landmarks, confidence=1.0))
    apart = pose.points - load_basis().canonical
    return bool((np.linalg.norm(apart, axis=1) < _FARTHEST_CM).all())
