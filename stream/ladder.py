"""Keeps the deadline on a weak machine: steps the output's size down while frames are lost.

Down when more than a few frames in a hundred were dropped for two seconds; up again only when the
larger size is expected to leave room, and ever more reluctantly where that proved wrong.
"""

from dataclasses import dataclass

from engine.framing import SIZE_LIMITS

SHARES = (1.0, 0.75, 0.5)
"""Sizes of the rungs over the one asked for. They save less than one would think: the tracker's
work is the same at every size, so a step of the rig took 18.5 ms of processor time at 512, 17.3 at
384 and 15.5 at 256; encoding and the viewer's decoding shrink with the pixels."""
LOST_SHARE = 0.1
"""Of the frames; below it a viewer sees no stutter at 30 frames a second."""
LOSING_S = 2.0
"""How long frames must be lost: a portrait that is being enrolled takes less."""
ROOM = 0.65
"""Share of the time that the larger size may be expected to take."""
PATIENCE_S = 15.0
"""How long there must have been room; doubled with each climb that had to be taken back."""
FEWEST = 10
"""Frames that a judgement needs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What the loop did since it was last asked."""

    now_s: float
    frames: int
    """Results since then."""
    drops: int
    """Frames lost since then."""
    step_ms: float
    """Median of the step's duration."""
    fps: float
    """Results a second."""


class Ladder:
    """Decides on the size of one stream; pure, told the time."""

    def __init__(self, size: int) -> None:
        least = SIZE_LIMITS[0]
        rungs = (2 * round(size * share / 2) for share in SHARES)
        self._rungs = tuple(dict.fromkeys(max(rung, least) for rung in rungs))
        self._rung = 0
        self._losing_since_s: float | None = None
        self._room_since_s: float | None = None
        self._climbed_s: float | None = None
        self._patience_s = PATIENCE_S
        self._frames = self._drops = 0

    @property
    def size(self) -> int:
        """The size to render at now."""
        return self._rungs[self._rung]

    @property
    def reason(self) -> str | None:
        """Why it is not the size that was asked for."""
        if self._rung == 0:
            return None
        return f"this machine was too slow for {self._rungs[0]} pixels"

    def observe(self, load: Load) -> bool:
        """Take in what happened; whether the size is another one now."""
        self._frames += load.frames
        self._drops += load.drops
        seen = self._frames + self._drops
        if seen < FEWEST:
            return False
        losing = self._drops > LOST_SHARE * seen
        self._frames = self._drops = 0
        if losing:
            self._room_since_s = None
            return self._descend(load.now_s)
        self._losing_since_s = None
        return self._climb(load)

    def _descend(self, now_s: float) -> bool:
        if self._losing_since_s is None:
            self._losing_since_s = now_s
        if now_s - self._losing_since_s < LOSING_S or self._rung + 1 >= len(self._rungs):
            return False
        if self._climbed_s is not None and now_s - self._climbed_s < self._patience_s:
            self._patience_s *= 2
        self._rung += 1
        self._losing_since_s = self._room_since_s = None
        return True

    def _climb(self, load: Load) -> bool:
        if self._rung == 0:
            return False
        growth = (self._rungs[self._rung - 1] / self.size) ** 2  # at worst: see SHARES
        if load.step_ms * growth * load.fps > 1e3 * ROOM:
            self._room_since_s = None
            return False
        if self._room_since_s is None:
            self._room_since_s = load.now_s
        if load.now_s - self._room_since_s < self._patience_s:
            return False
        self._rung -= 1
        self._climbed_s = load.now_s
        self._room_since_s = None
        return True
