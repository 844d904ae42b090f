"""The driver's neutral face: a running choice of the least expressive frame, or the user's own.

The first frame alone is a bad reference (a mouth that happens to be open then can never open
again), so every frame is a candidate; a better one is passed over to slowly. A face the user
calibrated by stays until the user says otherwise.
"""

import numpy as np

from engine.geometry import angle_between
from engine.model import Neutral
from engine.rig.driver.reading import Reading, blend, placed_as

BLEND_S = 1.5
"""Time to pass to a better neutral face: slow enough that the portrait isn't seen to move by it."""

_BETTER = 0.75
"""A candidate must score below this share of the present one: no hopping between equals."""

_MEAN_S = 4.0
"""Memory of the usual face that candidates are compared with."""


class NeutralChoice:
    """The reference of one driving stream."""

    def __init__(self) -> None:
        self._chosen: Reading | None = None
        self._previous: Reading | None = None
        self._usual: Reading | None = None
        self._changed_ns = 0
        self._seen_ns = 0
        self._is_users = False
        self._takes_next = False
        self._is_misplaced = False

    @property
    def chosen(self) -> Reading:
        """The frame that was chosen last; `consider` comes first."""
        assert self._chosen is not None
        return self._chosen

    @property
    def origin(self) -> Neutral:
        """Who chose it."""
        if self._takes_next:
            return "next face"
        if self._chosen is None:
            return "none yet"
        return "yours" if self._is_users else "automatic"

    def fix(self, reading: Reading) -> None:
        """Take this reading, at once and for good."""
        self._chosen, self._previous = reading, None
        self._is_users, self._takes_next = True, False

    def fix_next(self) -> None:
        """Take the next reading, at once and for good."""
        self._takes_next = True

    def place_next(self) -> None:
        """Take the head's place and size from the next reading: the camera shows it otherwise."""
        self._is_misplaced = True

    def consider(self, reading: Reading, now_ns: int) -> Reading:
        """The neutral face to compare `reading` with; `reading` itself may become it."""
        if self._takes_next:
            self.fix(reading)
        if self._is_misplaced:
            self._place(reading)
        if self._is_users and self._chosen is not None:
            return self._chosen
        if self._chosen is None or self._usual is None:
            self._chosen = self._usual = reading
            self._seen_ns = now_ns
            return reading
        elapsed_s = max(now_ns - self._seen_ns, 0) / 1e9
        self._seen_ns = now_ns
        self._usual = blend(self._usual, reading, min(elapsed_s / _MEAN_S, 1.0))
        if expressiveness(reading, self._usual) < _BETTER * expressiveness(
            self._chosen, self._usual
        ):
            self._previous = self._present(now_ns)
            self._chosen, self._changed_ns = reading, now_ns
        return self._present(now_ns)

    def _place(self, reading: Reading) -> None:
        """Move the neutral faces to where the head is now; what they are like stays."""
        self._is_misplaced = False
        if self._chosen is not None:
            self._chosen = placed_as(self._chosen, reading)
        if self._usual is not None:
            self._usual = placed_as(self._usual, reading)
        self._previous = None

    def _present(self, now_ns: int) -> Reading:
        assert self._chosen is not None
        if self._previous is None:
            return self._chosen
        along = (now_ns - self._changed_ns) / 1e9 / BLEND_S
        if along >= 1.0:
            self._previous = None
            return self._chosen
        return blend(self._previous, self._chosen, along * along * (3.0 - 2.0 * along))


def expressiveness(reading: Reading, usual: Reading) -> float:
    """How far a face is from rest; 0 is a face at rest. Roughly in cm of landmark movement."""
    apart = (reading.points - usual.points)[:468]
    unusual = np.sqrt(np.einsum("ij,ij->i", apart, apart)).mean()
    closed = np.maximum(1.0 - reading.openings / np.maximum(usual.openings, 0.05), 0.0).max()
    turned = angle_between(reading.placement.rotation, usual.placement.rotation)
    return float(0.05 + unusual + 3.0 * reading.lip_gap + closed + 0.5 * turned)
