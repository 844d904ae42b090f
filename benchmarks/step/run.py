"""Runs one or two set-ups in turn, round by round, and starts them cold and warm."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

from benchmarks.report.report import CannotRunError
from benchmarks.step.cold import forget_files
from benchmarks.step.energy import EnergyCounter
from benchmarks.step.settings import IN_LOOP, StepSettings
from benchmarks.step.worker import Durations, worker


@dataclass(frozen=True, slots=True, kw_only=True)
class Rounds:
    """How much is measured."""

    rounds: int = 10
    frames: int = 45
    """Of a round."""
    warm_up: int = 30
    """Steps before the first round, which do not count."""
    starts: bool = True
    """Whether one cold and one warm start are timed, too."""


@dataclass(slots=True, kw_only=True)
class Timed:
    """What one set-up took."""

    settings: StepSettings
    warm_up: list[Durations] = field(default_factory=list)
    rounds: list[list[Durations]] = field(default_factory=list)
    peak_mb: float = 0.0
    joules: list[float] = field(default_factory=list)
    """A picture, of each round; empty where nothing counts them."""
    cold_s: float | None = None
    warm_s: float | None = None
    """From the start of the process to the first picture."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One set-up, or two."""

    timed: tuple[Timed, ...]
    no_energy: str = ""
    """Why there are no joules."""


def measure(
    setups: Sequence[StepSettings], asked: Rounds, told: Callable[[str], None] = lambda _: None
) -> Measured:
    """Measure; set-ups take turns, so that both meet the same neighbours."""
    found = [Timed(settings=each) for each in setups]
    if asked.starts:
        for each in found:
            told("starts, cold and warm")
            forget_files()
            each.cold_s, each.warm_s = _start_s(each.settings), _start_s(each.settings)
    counter, no_energy = _counter()
    with ExitStack() as stack:
        workers = [stack.enter_context(worker(each.settings)) for each in found]
        told("warms up")
        for each, work in zip(found, workers, strict=True):
            each.warm_up = work.steps(asked.warm_up)
        for number in range(asked.rounds):
            told(f"round {number + 1} of {asked.rounds}")
            for each, work in zip(found, workers, strict=True):
                if counter is not None:
                    counter.take_j()
                each.rounds.append(work.steps(asked.frames))
                if counter is not None:
                    each.joules.append(counter.take_j() / asked.frames)
        for each, work in zip(found, workers, strict=True):
            each.peak_mb = work.held().peak_mb
    return Measured(timed=tuple(found), no_energy=no_energy)


def _start_s(settings: StepSettings) -> float:
    with worker(settings) as started:
        return started.start_s


def _counter() -> tuple[EnergyCounter | None, str]:
    try:
        return EnergyCounter(), ""
    except CannotRunError as error:
        return None, str(error)


def dropped(steps: Sequence[Durations], rate: float) -> float:
    """The share of a camera's pictures that a loop with these steps would not take.

    The loop takes the newest picture when it is free; those that were replaced by then are dropped.
    """
    free_s, taken, last = 0.0, 0, -1
    for step in steps:
        newest = max(int(free_s * rate), last + 1)
        free_s = max(free_s, newest / rate) + sum(step.get(name, 0) for name in IN_LOOP) / 1e9
        taken, last = taken + 1, newest
    return 1.0 - taken / (last + 1) if taken else 0.0
