"""What of the face mesh the portrait hardly shows: its rim, and the far cheek of a turned head.

There a tracker guesses. Its points may lie a little beside the skin, on hair, on an ear or on what
is behind, and in the portrait nobody sees it, for skin that slants away is a thin strip there.
Turned towards the viewer it is several times as wide, and the guess becomes a hole below the ear or
a band along the cheek. So a strip that is widened takes its pixels from nearer to what is seen, and
from no farther than its skin reaches. Hair that covers all of it stays.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.faces.canonical import load_basis
from engine.faces.topology import MESH_POINTS
from engine.frame import Pixels
from engine.geometry import Array, smoothstep
from engine.rig.landmarks import OVAL
from engine.rig.warp.facing import facing
from engine.rig.warp.target import HeadMotion

_RINGS = 4
"""From the outline inwards, as far as the rim reaches: no lips and no lids are among them."""

_HIDDEN, _SEEN = 0.1, 0.5
"""Cosine between skin and the view: up to the first the portrait shows nothing of it, from the
second on it is seen."""

_WIDENS, _WIDE = 1.2, 2.2
"""Distance from what is seen over the same at rest, between which pixels come from nearer to it."""

_NEAREST = 3
"""Points that are seen which one that is not takes its pixels from."""

_KEPT = 0.5
"""Of a widened strip, at most: ears lie beyond, of the same colour as skin."""

_SAMPLES = 9
_ANOTHER = 25.0
"""Distance of colours in 8-bit Lab from which on the strip shows something else than skin."""

_COVERED, _UNCOVERED = 0.35, 0.6
"""Share of a strip that is skin: up to the first it is hair that hangs before the cheek, and all of
it stays; from the second on the outline was guessed a little too far out."""


class Unseen:
    """The points of one portrait's mesh that it hardly shows."""

    def __init__(self, landmarks: Array, picture: Pixels) -> None:
        """`landmarks` is (478, 3) px of `picture` (H, W, 3)."""
        self._own = landmarks[:MESH_POINTS, :2]
        hidden = 1.0 - smoothstep(_HIDDEN, _SEEN, facing(landmarks[:MESH_POINTS]))
        seen = np.flatnonzero(hidden == 0.0)
        is_rim = (_rings() <= _RINGS) & (hidden > 0.0) & (len(seen) > 0)
        self._points = np.flatnonzero(is_rim)
        shape = load_basis().canonical
        apart = np.linalg.norm(shape[self._points, None] - shape[seen], axis=2)
        nearest = np.argsort(apart, axis=1)[:, :_NEAREST]
        weights = 1.0 / np.take_along_axis(apart, nearest, axis=1)
        self._nearest = seen[nearest]
        self._weights = (weights / weights.sum(axis=1, keepdims=True))[..., None]
        self._away = self._from_seen(self._own)
        self._distance = np.maximum(np.linalg.norm(self._away, axis=1), 1e-6)
        reach = self._skin_reaches(picture)
        strength = hidden[self._points] * smoothstep(_COVERED, _UNCOVERED, reach)
        self._taken_back = self._away * (strength * (1.0 - np.minimum(reach, _KEPT)))[:, None]

    def source(self, target: Array, head: HeadMotion) -> Array:
        """(468, 2) px: where in the portrait the mesh at `target` (478, 3) has its colours."""
        scale = float(np.cbrt(np.linalg.det(head.linear)))
        now = np.linalg.norm(self._from_seen(target[:, :2]), axis=1)
        wider = smoothstep(_WIDENS, _WIDE, now / (self._distance * scale))
        source = self._own.copy()
        source[self._points] -= self._taken_back * wider[:, None]
        return source

    def _skin_reaches(self, picture: Pixels) -> Array:
        """(unseen points,) 0..1: the share of the way from what is seen that shows skin alone."""
        if not len(self._points):
            return np.zeros(0)
        along = np.linspace(-1.0, 0.0, _SAMPLES)[:, None, None]
        there = (self._own[self._points] + along * self._away).astype(np.float32)
        colours = cv2.cvtColor(cv2.GaussianBlur(picture, (0, 0), 1.0), cv2.COLOR_RGB2LAB)
        found = cv2.remap(colours, there, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)  # type: ignore[call-overload]
        found = np.asarray(found, np.float64)
        is_other = np.linalg.norm(found - found[0], axis=2) > _ANOTHER
        is_other[-1] = True
        reach = np.argmax(is_other, axis=0) / (_SAMPLES - 1)
        return np.asarray(_neighbours(self._points) @ reach)

    def _from_seen(self, points: Array) -> Array:
        """(unseen points, 2) from what is seen next to them."""
        seen = (points[self._nearest] * self._weights).sum(axis=1)
        return np.asarray(points[self._points] - seen)


def _neighbours(points: NDArray[np.int64]) -> Array:
    """(N, N): the mean over each of these points and those of them that it has an edge with."""
    triangles = load_basis().triangles
    near = np.eye(MESH_POINTS)
    for first, second in ((0, 1), (1, 2), (2, 0)):
        near[triangles[:, first], triangles[:, second]] = 1.0
        near[triangles[:, second], triangles[:, first]] = 1.0
    own = near[np.ix_(points, points)]
    return np.asarray(own / own.sum(axis=1, keepdims=True))


def _rings() -> NDArray[np.int64]:
    """(468,) how many edges of the mesh lie between a point and the outline."""
    triangles = load_basis().triangles
    rings = np.full(MESH_POINTS, MESH_POINTS)
    rings[list(OVAL)] = 0
    for ring in range(_RINGS):
        touched = triangles[(rings[triangles] == ring).any(axis=1)].ravel()
        rings[touched] = np.minimum(rings[touched], ring + 1)
    return rings
