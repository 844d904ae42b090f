"""A device whose lanes run late and in any order that the marks allow, as a GPU's may.

Work is done when somebody waits, one piece at a time, from lanes picked at random. A dependency
that was forgotten shows as a wrong picture.
"""

import random
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from engine.runtimes.cuda_device import LANES, Lane, Mark, ReferenceDevice, Work


@dataclass(eq=False)
class Piece:
    """Something to do, and what must be done before it."""

    work: Work
    after: list["Piece"]
    is_done: bool = False


@dataclass(eq=False)
class LateMark:
    """Set by the piece it was last given to."""

    device: "LateDevice"
    piece: Piece | None = field(default=None)

    def wait(self) -> None:
        """Let the lanes run until that piece is done, and no further."""
        while self.piece is not None and not self.piece.is_done:
            self.device.run_one()


class LateDevice(ReferenceDevice):
    """The reference mode, late."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self.order: list[Lane] = []
        self._random = random.Random(seed)
        self._lanes: dict[Lane, deque[Piece]] = {lane: deque() for lane in LANES}

    def mark(self) -> LateMark:  # type: ignore[override] # its waiting matters, unlike the other's
        """A mark that holds."""
        return LateMark(self)

    def enqueue(self, lane: Lane, work: Work, after: Sequence[Mark], mark: Mark | None) -> None:
        """Keep it for later; the marks' moments are those of now."""
        before = [m.piece for m in after if isinstance(m, LateMark) and m.piece is not None]
        piece = Piece(work, before)
        self._lanes[lane].append(piece)
        if mark is not None:
            assert isinstance(mark, LateMark)
            mark.piece = piece

    def run_one(self) -> None:
        """Do the first piece of some lane that may go."""
        ready = [
            lane
            for lane, pieces in self._lanes.items()
            if pieces and all(piece.is_done for piece in pieces[0].after)
        ]
        lane = self._random.choice(ready)
        piece = self._lanes[lane].popleft()
        piece.work()
        piece.is_done = True
        self.order.append(lane)
