"""How a face looks in one frame: colours at places of the mesh, and how well it was filmed.

The places move with the landmarks, so two frames of one person differ little whatever the mouth and
the lids do, which are left out. This recognises nobody; it compares the frames of one clip.
"""

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.faces.canonical import head_pose, load_basis
from engine.faces.descriptor import Descriptor, describe_face
from engine.faces.face import Face
from engine.faces.mesh import square_of_mesh
from engine.faces.topology import LEFT_EYE, LID_POINTS, LIPS, MESH_POINTS, RIGHT_EYE
from engine.frame import Pixels

Numbers = NDArray[np.float32]

_SIDE = 160
"""Of the square in which a face is looked at, in pixels: two thirds of it are the face."""
_FINE, _COARSE = 3, 25
"""Sides of the squares over which a colour is averaged: a place's own, and its surroundings'."""
_DARK = 12.0
"""Added to a level before its logarithm, so that noise in the dark counts little."""

_OVAL = (
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377,
    152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
)  # fmt: skip
"""The outline of the face, behind which lies what is not face."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Look:
    """What one frame shows of a face."""

    colours: Numbers
    """(N, 3): natural logarithms of the levels at the places."""
    detail: Numbers
    """(N,) of mean 0 and length 1: how much lighter each place is than its surroundings."""
    descriptor: Descriptor
    side_px: float
    """The longer side of the face's box."""
    outside: float
    """How far the box leaves the picture, over its side."""
    level: float
    """The median grey level of the skin, 0 to 255."""
    clipped: float
    """The share of it that is as light as can be."""
    sharpness: float
    """Natural logarithm of the finest detail over the next coarser one."""
    rotation: NDArray[np.float64]
    """(3, 3) of the head."""
    seen_as: tuple[int, int]
    """Shot and person, as the tracker counts them: another pair comes after a cut."""


def look_at(picture: Pixels, face: Face) -> Look:
    """Look at a face of a picture; a millisecond."""
    landmarks = face.landmarks
    square = square_of_mesh(landmarks)
    cut = square.cut(picture, _SIDE)
    back = cv2.invertAffineTransform(square.to_picture(_SIDE))
    xy = (_places(landmarks[:, :2]) @ back[:, :2].T + back[:, 2]).astype(np.float32)[None]
    logs = np.log(cut.astype(np.float32) + np.float32(_DARK))
    fine = _sampled(cv2.blur(logs, (_FINE, _FINE)), xy)
    coarse = _sampled(cv2.blur(logs, (_COARSE, _COARSE)), xy)
    detail = (fine - coarse).mean(axis=1)
    detail = detail - detail.mean()
    levels = np.exp(fine) - _DARK
    left, top, right, bottom = face.box
    rows, columns = picture.shape[:2]
    side = max(right - left, bottom - top, 1.0)
    outside = max(-left, -top, right - (columns - 1), bottom - (rows - 1), 0.0)
    return Look(
        colours=fine,
        detail=detail / (np.linalg.norm(detail) + 1e-6),
        descriptor=describe_face(picture, square),
        side_px=side,
        outside=outside / side,
        level=float(np.median(levels.mean(axis=1))),
        clipped=float((levels.max(axis=1) > 250.0).mean()),
        sharpness=_sharpness(cut),
        rotation=head_pose(face).placement.rotation,
        seen_as=(face.shot, face.person),
    )


def _sampled(picture: object, xy: Numbers) -> Numbers:
    """(N, 3) of a picture at places (1, N, 2)."""
    found = cv2.remap(
        np.asarray(picture, np.float32),
        xy[..., 0],
        xy[..., 1],
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.asarray(found[0], np.float32)


def _sharpness(cut: Pixels) -> float:
    """Of the middle of a square cut, which is face; 0 where nothing is finer than the rest."""
    margin = _SIDE // 5
    grey = cv2.cvtColor(cut[margin:-margin, margin:-margin], cv2.COLOR_RGB2GRAY).astype(np.float32)
    once = cv2.blur(grey, (3, 3))
    twice = cv2.blur(once, (7, 7))
    finest, coarser = np.abs(grey - once).mean(), np.abs(once - twice).mean()
    return float(np.log((finest + 0.05) / (coarser + 0.05)))


@cache
def _placed() -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The landmarks (A,) and the triangles (B, 3) whose middles are looked at."""
    moving = {*LIPS, *RIGHT_EYE[:LID_POINTS], *LEFT_EYE[:LID_POINTS], *_OVAL}
    points = [point for point in range(MESH_POINTS) if point not in moving]
    triangles = [corners for corners in load_basis().triangles if not moving & set(corners)]
    return np.array(points), np.array(triangles)


def _places(points: NDArray[np.generic]) -> NDArray[np.float64]:
    """(N, 2) of landmarks (478, 2)."""
    own, triangles = _placed()
    return np.concatenate([points[own], points[triangles].mean(axis=1)]).astype(np.float64)
