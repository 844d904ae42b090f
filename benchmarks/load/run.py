"""More and more people come to the real server, until it cannot keep up with them."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from benchmarks.live.clip import RATE, discs, encoded, faces
from benchmarks.live.server_process import ServerProcess, server_process
from benchmarks.live.serving import LIGHT
from benchmarks.load.crowd import Crowd, crowd

MOST_DROPPED = 0.01
"""Of all pictures: more are seen."""
FRAME_MS = 1000.0 / RATE


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What is tried."""

    model: str = "rig"
    backend: str = "auto"
    refine: str = "on"
    size: int = 512
    most: int = 32
    seconds: float = 10.0
    """Of each number of people; figures look back ten at most."""
    settle_s: float = 4.0
    """After one more has come."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """So many people at once."""

    people: int
    delays_ms: tuple[float, ...]
    """From a camera's picture being whole to its result being sent, all people's."""
    step_p99_ms: float
    """Of the slowest session."""
    dropped: float
    """Share of the cameras' pictures."""
    rate: float
    """Pictures a second that come back to each."""
    server_cores: float
    """Processor time of the server over time."""
    people_cores: float
    own_mb: float

    @property
    def p99_ms(self) -> float:
        """Of the delays; endless where nothing came through."""
        return float(np.percentile(self.delays_ms, 99)) if self.delays_ms else float("inf")

    @property
    def keeps_up(self) -> bool:
        """Whether the tail lies within a frame's time, and nothing is dropped."""
        return self.p99_ms <= FRAME_MS and self.dropped <= MOST_DROPPED


def load(asked: Load, told: Callable[[str], None] = lambda _: None) -> list[Level]:
    """One more each time, up to the first number that is too many."""
    clip = encoded(discs(asked.size) if asked.model == LIGHT else faces())
    options = {
        "model": asked.model,
        "backend": asked.backend,
        "refine": asked.refine,
        "size": asked.size,
        "sessions": asked.most,
    }
    found: list[Level] = []
    with (
        server_process(options) as server,
        crowd(server.url.partition("#")[0], clip) as people,
    ):
        while people.people < asked.most and (not found or found[-1].keeps_up):
            told(f"{people.people + 1} on camera")
            people.add()
            time.sleep(asked.settle_s)
            found.append(_level(server, people, asked.seconds))
    return found


def _level(server: ServerProcess, people: Crowd, seconds: float) -> Level:
    server.ask("begin")
    drops, frames = _counts(server)
    before, cpu_s, pictures = server.held(), people.cpu_s(), people.pictures()
    began_s = time.monotonic()
    time.sleep(seconds)
    passed_s = time.monotonic() - began_s
    sessions = server.ask("figures")
    after, pictures = server.held(), people.pictures() - pictures
    later_drops, later_frames = _counts(server)
    drops, frames = later_drops - drops, later_frames - frames
    return Level(
        people=people.people,
        delays_ms=tuple(each for session in sessions for each in session["delays_ms"]),
        step_p99_ms=max(float(each["steps_ms"].get("p99", 0.0)) for each in sessions),
        dropped=drops / max(drops + frames, 1),
        rate=pictures / passed_s / people.people,
        server_cores=(after.cpu_s - before.cpu_s) / passed_s,
        people_cores=(people.cpu_s() - cpu_s) / passed_s,
        own_mb=after.own_mb,
    )


def _counts(server: ServerProcess) -> tuple[int, int]:
    sessions = server.ask("figures")
    return sum(each["drops"] for each in sessions), sum(each["frames"] for each in sessions)
