"""A made editor for films: its face is a disc, whose colour the driver changes by a constant."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.editing import Box, Cut, FaceTrack, Note, Part, Patch
from engine.faces.face import Face
from engine.frame import Pixels
from engine.model import Recording
from engine.motion import LipShape
from stream.edit.asked import Driving, EditJob
from stream.edit.job import EditReport, edit
from tests.fakes import DiscTracker, Shift

LIGHTER = 40.0
"""Levels that the whole share of a part adds."""


class DiscFinder:
    """Finds the disc; counts how often it was asked."""

    asked = 0

    def find(self, picture: Pixels) -> list[Face]:
        DiscFinder.asked += 1
        face = DiscTracker().find(picture)
        return [] if face is None else [face]

    def state(self) -> dict[str, NDArray[Any]]:
        return {"numbers": np.zeros(2, np.int64)}

    def restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        assert set(state) == {"numbers"}


class Constant:
    """A performer."""

    def at(self, time_s: float) -> Shift:
        return Shift(x=time_s, y=0.0)


@dataclass(frozen=True, kw_only=True)
class DiscPlan:
    """Makes the disc lighter, by 0 to LIGHTER, as the share of its part says."""

    track: FaceTrack
    parts: Sequence[Part]
    notes: Sequence[Note] = ()

    @property
    def facts(self) -> Mapping[str, float]:
        return {"frames": float(self.track.seen.sum())}

    def region(self, index: int) -> Box | None:
        if not self.track.seen[index]:
            return None
        points = self.track.landmarks(index, index + 1)[0, :468, :2]
        low, high = points.min(axis=0).astype(int) - 12, points.max(axis=0).astype(int) + 12
        height, width = self.track.size
        left, top = max(int(low[0]), 0), max(int(low[1]), 0)
        return left, top, min(int(high[0]), width), min(int(high[1]), height)

    def lenders(self, begin: int, end: int) -> Sequence[int]:
        return [int(index) for index in np.flatnonzero(self.track.seen)[:2]]

    def retouch(self, index: int, cut: Cut, lent: Mapping[int, Cut]) -> Patch | None:
        assert set(self.lenders(index, index + 1)) <= set(lent)
        share = self.parts[0].share_at(float(self.track.times_s[index]))
        if not share:
            return None
        height, width = cut.pixels.shape[:2]
        y, x = np.mgrid[:height, :width]
        away = np.hypot((x - width / 2) / (width / 2), (y - height / 2) / (height / 2))
        left, top = cut.corner
        return Patch(
            box=(left, top, left + width, top + height),
            own=cut.pixels,
            new=cut.pixels.astype(np.float32) + np.float32(LIGHTER * share),
            mask=np.clip(2.0 - 2.5 * away, 0.0, 1.0).astype(np.float32),
        )


class DiscEditor:
    """Keeps `engine.editing.FilmEditor`."""

    def follow(self, track: FaceTrack, pictures: Callable[[int], Pixels]) -> Constant:
        return Constant()

    def replay(self, recording: Recording[Shift]) -> Constant:
        return Constant()

    def hold(self, sliders: Mapping[str, float]) -> Constant:
        return Constant()

    def speak(self, lips: Callable[[float], LipShape]) -> Constant:
        return Constant()

    def plan(
        self,
        track: FaceTrack,
        parts: Sequence[Part],
        neutral: int | None,
        pictures: Callable[[int], Pixels],
    ) -> DiscPlan:
        height, width = track.size
        assert pictures(0).shape == (height, width, 3)
        return DiscPlan(track=track, parts=parts)


class StopAfter:
    """Asks to stop in a task, when so many of its frames are done."""

    def __init__(self, stop: Event, task: str, frames: int) -> None:
        self._stop, self._wanted, self._frames = stop, task, frames
        self._task, self._done = "", 0

    def begin(self, task: str, total: int | None) -> None:
        self._task, self._done = task, 0

    def advance(self) -> None:
        self._done += 1
        if self._task == self._wanted and self._done == self._frames:
            self._stop.set()


def run(
    source: Path,
    out: Path,
    *,
    progress: StopAfter | None = None,
    stop: Event | None = None,
    **asked: Any,  # noqa: ANN401
) -> EditReport:
    """Edit a film of a disc."""
    settings = {"drivings": [Driving(source=None)], **asked}
    return edit(
        EditJob(source=source, out=out, **settings),
        editor=DiscEditor(),
        make_finder=DiscFinder,
        progress=progress,
        stop=stop,
    )
