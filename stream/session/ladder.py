"""Keeps the deadline on a weak machine: steps the quality down while frames are lost.

Refinement goes first, then pixels. Down when more than a few frames in a hundred were dropped for
two seconds; up again only when the better rung is expected to leave room, and ever more reluctantly
where that proved wrong.
"""

from dataclasses import dataclass

from engine.framing import SIZE_LIMITS
from stream.session.loop import LoopReport

SHARES = (1.0, 0.7, 0.5)
"""Sizes of the rungs over the one asked for: each has half the pixels, less makes no difference.
The tracker's work is the same at every size: a step of the rig took 18.5 ms of processor time at
512 and 15.5 at 256; encoding and the viewer's decoding shrink with the pixels."""
STEP_PX = 16
"""Smaller sizes are multiples of it: a codec's block, which no reader of planes pads or crops."""
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


class LoadMeter:
    """What a loop did between two looks at it."""

    def __init__(self) -> None:
        self._told = (0, 0)

    def load(self, report: LoopReport, now_s: float) -> Load:
        """Since the last call."""
        frames, drops = self._told
        self._told = (report.frames, report.drops)
        return Load(
            now_s=now_s,
            frames=report.frames - frames,
            drops=report.drops - drops,
            step_ms=report.stages_ms.get("step", {}).get("p50", 0.0),
            fps=report.fps,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung:
    """One quality."""

    size: int
    """Shorter side of the output in pixels; even."""
    refines: bool
    """Whether a refining network draws on top of the warp."""


class Ladder:
    """Decides on the quality of one stream; pure, told the time."""

    def __init__(self, size: int, *, refines: bool = False) -> None:
        """Begin at the top; `refines` where the model has a refiner, which is the first to go."""
        least = SIZE_LIMITS[0]
        smaller = (STEP_PX * round(size * share / STEP_PX) for share in SHARES[1:])
        sizes = dict.fromkeys((size, *(max(each, least) for each in smaller)))
        plain = tuple(Rung(size=each, refines=False) for each in sizes)
        self._rungs = (Rung(size=size, refines=True), *plain) if refines else plain
        self._rung = 0
        self._is_overloaded = False
        self._losing_since_s: float | None = None
        self._room_since_s: float | None = None
        self._climbed_s: float | None = None
        self._patience_s = PATIENCE_S
        self._frames = self._drops = 0

    @property
    def rung(self) -> Rung:
        """The quality to render at now."""
        return self._rungs[self._rung]

    @property
    def size(self) -> int:
        """The size to render at now."""
        return self.rung.size

    @property
    def reason(self) -> str | None:
        """Why it is not the quality that was asked for, or why even that is too much."""
        top = self._rungs[0]
        if self._is_overloaded:
            return (
                f"this machine is too slow even for {self.size} pixels: close other programs, or "
                "let the camera give fewer frames a second"
            )
        if self._rung == 0:
            return None
        if self.size == top.size:
            return "this machine was too slow to refine the picture"
        return f"this machine was too slow for {top.size} pixels"

    def observe(self, load: Load) -> bool:
        """Take in what happened; whether the rung is another one now."""
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
        self._is_overloaded = False
        return self._climb(load)

    def _descend(self, now_s: float) -> bool:
        if self._losing_since_s is None:
            self._losing_since_s = now_s
        if now_s - self._losing_since_s < LOSING_S:
            return False
        if self._rung + 1 == len(self._rungs):
            self._is_overloaded = True
            return False
        if self._climbed_s is not None and now_s - self._climbed_s < self._patience_s:
            self._patience_s *= 2
        self._rung += 1
        self._losing_since_s = self._room_since_s = None
        return True

    def _climb(self, load: Load) -> bool:
        if self._rung == 0:
            return False
        better = self._rungs[self._rung - 1]
        # At worst: see SHARES. What a refiner costs is not known before it runs.
        growth = 2.0 if better.refines else (better.size / self.size) ** 2
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
