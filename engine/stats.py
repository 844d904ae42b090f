"""How long each stage takes: timing of one frame's stages, and percentiles over many frames."""

import time
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import numpy as np

REMEMBERED = 9_000
"""Frames that a stage's percentiles look back on: five minutes at 30 frames a second."""


@contextmanager
def timed(stages_ns: dict[str, int], stage: str) -> Iterator[None]:
    """Add the duration of the block to a frame's record; a stage that ran twice is summed."""
    began = time.perf_counter_ns()
    yield
    took = time.perf_counter_ns() - began
    stages_ns[stage] = stages_ns.get(stage, 0) + took


def percentiles_ms(samples_ns: Iterable[int]) -> dict[str, float]:
    """Median, tail and worst in milliseconds: a viewer feels the tail, not the mean.

    Of no samples, an empty dict.
    """
    ms = np.fromiter(samples_ns, np.float64) / 1e6
    if not ms.size:
        return {}
    names = ("p50", "p95", "p99", "max")
    values = np.percentile(ms, [50, 95, 99, 100])
    return {name: round(float(value), 3) for name, value in zip(names, values, strict=True)}


class StageTimes:
    """The durations of every stage over the last frames; bounded, so it may run for ever.

    One thread adds; any thread may ask, because it is answered from copies.
    """

    def __init__(self, remembered: int = REMEMBERED) -> None:
        self._remembered = remembered
        self._samples: dict[str, deque[int]] = {}

    def add(self, stages_ns: dict[str, int]) -> None:
        """Take in the record of a frame that has passed its last stage."""
        for stage, duration_ns in stages_ns.items():
            self._samples.setdefault(stage, deque(maxlen=self._remembered)).append(duration_ns)

    def percentiles_ms(self) -> dict[str, dict[str, float]]:
        """Stage -> p50, p95, p99 and max in milliseconds, in the order the stages first ran."""
        stages = self._samples.copy()
        return {stage: percentiles_ms(samples.copy()) for stage, samples in stages.items()}
