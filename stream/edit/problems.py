"""What the result will suffer from, as a timeline: printed and written before the long run."""

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.editing import Note
from engine.faces.steady import runs
from stream.edit.tracks import PersonTrack
from stream.files.output_place import failures_named

LEAST_LOST_S = 0.1
"""A face that is lost for a shorter time was not found; nobody sees it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Something in the film, from when to when."""

    begin_s: float
    end_s: float
    face: int
    """As on the command line, from 1."""
    kind: str
    words: str

    def line(self) -> str:
        """For the terminal."""
        when = f"{_clock(self.begin_s)}-{_clock(self.end_s)}"
        return f"{when}  face {self.face}  {self.kind}: {self.words}"


def problems_of(
    face: int, track: PersonTrack, notes: Sequence[Note], looked: NDArray[np.bool_]
) -> list[Problem]:
    """The notes of a plan, and where the face is lost between its first and its last frame.

    `looked` (N,): where nobody looked for it, it is not lost.
    """
    times = track.times_s
    found = [
        Problem(
            begin_s=float(times[note.begin]),
            end_s=_end(times, note.end),
            face=face,
            kind=note.kind,
            words=note.words,
        )
        for note in notes
    ]
    for (_, end), (begin, _) in pairwise(runs(track.seen, track.shots)):
        is_long = times[begin] - times[end - 1] > LEAST_LOST_S and begin > end
        if is_long and looked[end:begin].all():
            found.append(
                Problem(
                    begin_s=float(times[end]),
                    end_s=float(times[begin]),
                    face=face,
                    kind="lost face",
                    words="it is not seen; the film stays as it is",
                )
            )
    return sorted(found, key=lambda problem: problem.begin_s)


def write_timeline(path: Path, problems: Sequence[Problem]) -> None:
    """As JSON: a list of objects with begin_s, end_s, face, kind and words."""
    growing = path.with_name(f".{path.name}.{os.getpid()}.part")
    with failures_named(path):
        growing.write_text(
            json.dumps([asdict(problem) for problem in problems], indent=1) + "\n", encoding="utf-8"
        )
        growing.replace(path)


def _end(times: NDArray[np.float64], end: int) -> float:
    return float(times[min(end, len(times) - 1)])


def _clock(time_s: float) -> str:
    minutes, seconds = divmod(time_s, 60.0)
    return f"{int(minutes):02d}:{seconds:05.2f}"
