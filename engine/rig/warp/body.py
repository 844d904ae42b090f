"""How shoulders and chest go along with the head, so that the neck is no rubber.

A head that leans takes them part of the way; who walks takes all of the body along. Only of a
person who was cut out: else what lies behind would move, and its lines would bend.
"""

import numpy as np

from engine.geometry import Array, smoothstep
from engine.rig.warp.target import HeadMotion

NECK_BASE = 1.05
"""Along the face's axis from its middle, in face heights (the chin is at 0.5): from here on nothing
goes with the head alone."""

_CHIN = 0.25, 0.5
"""The same: over this a body begins, beside the head."""

_LEANS, _WALKS = 0.1, 0.5
"""How far a head goes, in face heights: up to the first its body leans, from the second on all of
it goes along."""

_OF_LEAN = np.array([0.4, 0.0])
"""The share of its head's way that a leaning body goes aside, and up or down. In two clips whose
heads go 0.02 and 0.06 (root mean square) that is 0.35 to 0.4, and 0 to -0.2; in one of somebody who
walks, with 0.2, it is all, both ways. In the first two shoulders go before the head by two frames,
so here they follow at once: 0.1 s later they would agree less (r 0.80, else 0.90)."""

_HIP, _FARTHEST_LEAN = 1.7, 0.2
"""Where a body hinges, along the face's axis as above, and how far its shoulders then go, in face
heights. Of a body that the picture cuts off above its hips all goes along."""

_ARMS, _ARMS_FADE = 1.2, 0.6
"""Half the width of a body, and over how much more it fades, in face heights."""

_BORDER = 0.06
"""Of the picture's shorter side: how far its left and right border hold what they cut off."""


class Body:
    """What the nodes of a portrait's head field do as parts of its body."""

    def __init__(
        self,
        nodes: Array,
        along: Array,
        aside: Array,
        *,
        of_head: Array,
        size: tuple[int, int],
        face_height: float,
    ) -> None:
        """Prepare the nodes.

        Args:
            nodes: (N, 2) px.
            along: (N,) along the face's axis from its middle, in face heights.
            aside: (N,) beside it, the same.
            of_head: (N,) 0..1, how far they go with the head.
            size: height, width of the picture.
            face_height: px.
        """
        below = smoothstep(*_CHIN, along)
        inside = 1.0 - smoothstep(_ARMS, _ARMS + _ARMS_FADE, aside)
        edge = np.minimum(nodes[:, 0], size[1] - 1.0 - nodes[:, 0]) / (_BORDER * min(size))
        share = below * inside * np.clip(edge, 0.0, 1.0) * (1.0 - of_head)
        self._face_height = face_height
        self._farthest = np.inf
        """Of a lean, px."""
        if along.max() > _HIP:
            share *= 1.0 - smoothstep(NECK_BASE, _HIP, along)
            self._farthest = _FARTHEST_LEAN * face_height
        self._share = share[:, None]
        """(N, 1)"""
        self._nodes = nodes
        shown = np.maximum(nodes[along <= NECK_BASE, 1].max(initial=0.0), 0.0)
        self._held = np.clip((size[0] - 1.0 - nodes[:, 1]) / max(size[0] - 1.0 - shown, 1.0), 0, 1)
        """(N,) how far they may go up: what the picture cuts off below is stretched."""

    def forward(self, head: HeadMotion) -> Array:
        """(N, 2) px: how far the nodes go."""
        way = (head.after - head.before)[:2]
        far = np.asarray(np.linalg.norm(way) / self._face_height)
        shares = _OF_LEAN + (1.0 - _OF_LEAN) * smoothstep(_LEANS, _WALKS, far)
        # Who comes nearer leans forward: as far as aside.
        grown = np.linalg.det(head.linear) ** (shares[0] / 3.0) - 1.0
        moved = self._limited(way * shares) + grown * (self._nodes - head.before[:2])
        moved = moved * self._share
        moved[:, 1] *= np.where(moved[:, 1] < 0.0, self._held, 1.0)
        return np.asarray(moved)

    def _limited(self, way: Array) -> Array:
        """What of a way a body with hips can do."""
        length = float(np.linalg.norm(way))
        if not np.isfinite(self._farthest) or length == 0.0:
            return way
        return np.asarray(way * (self._farthest * np.tanh(length / self._farthest) / length))
