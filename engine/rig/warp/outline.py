"""The face's outline, where what lies beside the face doesn't follow it.

Hair and ears follow an outline only where it surely moves against the head (`head_field.py`). Where
it moves and they don't, mesh and head show the same skin twice along their seam: a brow that ends
there got a second tail. So what the seam cannot bridge is taken off the mesh, less and less
inwards. Not at the jaw: there the outline does move against the head.
"""

import numpy as np

from engine.faces.canonical import load_basis
from engine.geometry import Array, smoothstep
from engine.rig.landmarks import CHIN, FOREHEAD, OVAL
from engine.rig.warp.head_field import followed
from engine.rig.warp.target import HeadMotion

_BRIDGED, _TORN = 0.015, 0.035
"""Distance between mesh and head at the outline, in face heights, that the seam bridges, and from
which on all of it is taken off."""

_FADES = 0.1
"""Distance from the outline, in face heights, at which a third of that is still taken off."""

_NEAREST = 0.01
"""Distance, in face heights, within which an outline point speaks alone."""

_SKULL_CM, _JAW_CM = -1.5, -4.5
"""Canonical heights between which the outline passes from the skull's to the jaw's: nose, mouth."""

_OVAL = np.array(OVAL)


class Outline:
    """The outline of one portrait's face."""

    def __init__(self, landmarks: Array) -> None:
        """`landmarks` is (478, 3) px."""
        self._own = landmarks[_OVAL]
        self._height = float(np.linalg.norm(landmarks[FOREHEAD, :2] - landmarks[CHIN, :2]))
        squared = ((landmarks[:, None, :2] - self._own[:, :2]) ** 2).sum(axis=-1)
        weights = (squared + (_NEAREST * self._height) ** 2) ** -1.5
        fade = np.exp(-squared.min(axis=1) / (_FADES * self._height) ** 2)
        weights *= (fade / weights.sum(axis=1))[:, None]
        weights[_OVAL] = np.eye(len(_OVAL))
        on_skull = smoothstep(_JAW_CM, _SKULL_CM, load_basis().canonical[_OVAL, 1])
        self._goes_along = weights * on_skull
        """(478, outline points)"""

    def joined(self, head: HeadMotion, asked: Array) -> Array:
        """The landmarks `asked` for (478, 3) px, their outline brought to what lies beside it."""
        against = (asked[_OVAL] - head.apply(self._own))[:, :2]
        apart = against * (1.0 - followed(against, self._height))
        size = np.linalg.norm(apart, axis=1) / self._height
        if size.max() <= _BRIDGED:
            return asked
        placed = asked.copy()
        placed[:, :2] -= self._goes_along @ (apart * smoothstep(_BRIDGED, _TORN, size)[:, None])
        return placed
