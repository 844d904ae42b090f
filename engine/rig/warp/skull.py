"""How hair and ears lie behind the face's outline, and how a turning head's silhouette goes.

Positions are counted in face heights. What lies beside the face begins at the depth of the outline
next to it and recedes towards the back of the head. A silhouette is no point of the head: of a head
that turns, other hair is the outermost, so it moves less than what is there at rest. Nodding and
shaking have depths of their own, since landmarks read a nod as a third turn and a third shift.
"""

from dataclasses import dataclass

import numpy as np

from engine.geometry import Array
from engine.rig.warp.surroundings import pull_weights


@dataclass(frozen=True, slots=True, kw_only=True)
class Recess:
    """How depth grows with the distance from the outline; everything in face heights."""

    behind: float
    """So far behind the outline's own depth it begins."""
    back: float
    """Where it ends, behind the pivot."""

    def depth(self, outline: Array, beyond: Array) -> Array:
        """Away from the viewer, from the pivot.

        Args:
            outline: (N,) depth of the outline next to each point.
            beyond: (N,) distance from the outline.
        """
        first = outline + self.behind
        reach = np.maximum(_LEAST_REACH, _SLOPE * np.abs(self.back - first) / _STEEPEST)
        return np.asarray(self.back - (self.back - first) * np.exp(-((beyond / reach) ** _SHAPE)))

    def around(
        self, outline: Array, points: Array, beyond: Array, pivot: float, height: float
    ) -> Array:
        """The same of points (N, 2) px around an outline (P, 3) px.

        `beyond` is (N,) in face heights; pivot and height of the face in px.
        """
        next_to, _ = pull_weights(points, outline[:, :2], height, nearest=_OUTLINE_SMOOTHED)
        return self.depth((next_to @ outline[:, 2] - pivot) / height, beyond)


_SHAPE = 1.5
"""Exponent of the distance: next to the outline hair goes on as the forehead does."""

_LEAST_REACH = 0.15
"""Distance from the outline at which depth has come two thirds of its way."""

_OUTLINE_SMOOTHED = 0.05
"""Distance over which the outline's depth is smoothed before hair takes it over. With 0.15 the brim
of a hat is sheared less, but ears go as far as temples do."""

_STEEPEST, _SLOPE = 1.2, 0.745
"""Depth per distance, at most, and what it is at its steepest for a way and a reach of 1. At 1.6 a
turn of 30 degrees sheared the brim of a hat."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Skull:
    """All of a head but its face."""

    aside: Recess
    """For a head that shakes."""
    down: Recess
    """For one that nods."""
    near: float
    far: float
    """How far the silhouette goes outward by the square of a shake's sine: on the side that comes
    into view, which is the longer half of the head, and on the other."""
    crown: float
    """The same of the crown, by the square of a nod's sine."""

    def bulges(self, aside: Array, along: Array, beyond: Array) -> Array:
        """(N, 3): how far points go with the silhouette, by the squares of the turn's sines.

        Aside, of a shake that takes what is near to the left, and to the right; down, of a nod.
        `aside` and `along` the face's axis from its middle; `beyond` its outline.
        """
        outer = 1.0 - np.exp(-beyond / _SILHOUETTE_REACH)
        left, right = (
            np.clip(aside / _HALF_WIDTH, -1.0, 0.0),
            np.clip(aside / _HALF_WIDTH, 0.0, 1.0),
        )
        above = self.crown * np.clip(along / _HALF_HEIGHT, -1.0, 0.0)
        to_left = self.far * left + self.near * right
        to_right = self.near * left + self.far * right
        return np.asarray(outer[:, None] * np.column_stack([to_left, to_right, above]))


_SILHOUETTE_REACH = 0.35
"""Distance from the outline at which two thirds of the silhouette's way are gone."""

_HALF_WIDTH, _HALF_HEIGHT = 0.5, 0.6
"""Of a head: farther from the face's middle everything is silhouette."""

SKULL = Skull(
    aside=Recess(behind=0.03, back=0.20),
    down=Recess(behind=0.05, back=0.35),
    near=0.8,
    far=0.3,
    crown=0.75,
)
"""From pictures of rendered heads (`training/skull.py`), clips of real ones, and by eye: see
docs/design.md. How one person differs from it: `own_head.py`."""
