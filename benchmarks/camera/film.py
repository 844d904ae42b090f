"""A film of both screens: in each frame the code that is shown, and the one that returned."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import numpy as np

from benchmarks.camera.filmed_code import TICK_MS, CodeReader, Reading, ticks_between
from engine.errors import InputError
from engine.frame import Pixels
from stream.files.clips import Clip

LEAST = 10
"""Readings, below which a film says nothing."""


@dataclass(slots=True)
class Filmed:
    """What a film shows."""

    frames: int = 0
    delays_ms: list[float] = field(default_factory=list)
    """Of each returned code when it was first seen: how old it was by the other one."""
    at_s: list[float] = field(default_factory=list)
    """When in the film."""
    without_shown: int = 0
    """Frames in which the code that is shown could not be read."""
    without_returned: int = 0
    frame_ms: float = 0.0
    """What a frame of the film is in real time, by the codes: slow motion plays slower."""


def read_film(path: Path) -> Filmed:
    """Read a file; InputError where it holds no film, or none of both codes."""
    frames = Clip(path).frames()
    filmed = read_frames((frame.pixels, frame.captured_ns / 1e9) for frame in frames)
    if len(filmed.delays_ms) < LEAST:
        raise InputError(
            f"{path}: both codes can be read in {len(filmed.delays_ms)} of {filmed.frames} "
            "pictures: film closer and sharper, with both codes whole in the film"
        )
    return filmed


def read_frames(frames: Iterable[tuple[Pixels, float]]) -> Filmed:
    """The same of pictures with their times in seconds."""
    reader, filmed = CodeReader(is_fixed=False), Filmed()
    shown_ticks: list[int] = []
    last: int | None = None
    for picture, at_s in frames:
        filmed.frames += 1
        shown, returned = told_apart(reader.read(picture))
        filmed.without_shown += shown is None
        filmed.without_returned += returned is None
        if shown is None:
            continue
        shown_ticks.append(shown.tick)
        if returned is not None and returned.tick != last:
            last = returned.tick
            filmed.delays_ms.append(ticks_between(returned.tick, shown.tick) * TICK_MS)
            filmed.at_s.append(at_s)
    steps = [ticks_between(one, other) for one, other in pairwise(shown_ticks)]
    filmed.frame_ms = float(np.mean(steps)) * TICK_MS if steps else 0.0
    return filmed


def told_apart(readings: list[Reading]) -> tuple[Reading | None, Reading | None]:
    """The code that is shown, and the one that returned: by its markers, or as the older of two."""
    shown = [each for each in readings if not each.is_returned]
    returned = [each for each in readings if each.is_returned]
    if len(shown) >= 2 and not returned:
        later = ticks_between(shown[0].tick, shown[1].tick) > 0
        return (shown[1], shown[0]) if later else (shown[0], shown[1])
    return (shown[0] if shown else None), (returned[0] if returned else None)
