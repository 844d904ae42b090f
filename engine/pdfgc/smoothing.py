"""The demo's smoothing over time: lips by a narrow bell, the pose by a mean.

In time, not in pictures, so that a clip of 50 pictures a second is as smooth as one of 25.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from engine.runtimes.base import Array

PERIOD_NS = 40_000_000
"""From one picture of the demo to the next; one to either side is taken in."""
FASTEST_NS = 4_000_000
"""Pictures nearer to each other are no film."""

Times = NDArray[np.int64]
Weigh = Callable[[NDArray[np.float64]], NDArray[np.float64]]


def bell(values: Array, times_ns: Times) -> Array:
    """(N, C) -> (N, C), weights exp(-d^2 / 2) for d pictures away: (0.274, 0.452, 0.274) at 25.

    Beyond the ends there are zeros, as in the demo.
    """
    summed, _ = _neighbours(values, times_ns, lambda apart: np.exp(-0.5 * apart**2))
    step = _step_ns(times_ns) / PERIOD_NS
    reach = int(1 / step + 1e-6)
    whole = np.exp(-0.5 * (np.arange(-reach, reach + 1) * step) ** 2).sum()
    smooth: Array = (summed / whole).astype(np.float32)
    return smooth


def mean(values: Array, times_ns: Times) -> Array:
    """(N, C) -> (N, C), the mean of what lies within a picture of the demo to either side."""
    summed, weight = _neighbours(values, times_ns, np.ones_like)
    smooth: Array = (summed / weight[:, None]).astype(np.float32)
    return smooth


def _neighbours(
    values: Array, times_ns: Times, weigh: Weigh
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Each row's neighbours within PERIOD_NS, weighed and summed, and the sum of their weights."""
    summed, weight = np.zeros(values.shape), np.zeros(len(values))
    reach = int(np.ceil(PERIOD_NS / _step_ns(times_ns)))
    for offset in range(-min(reach, len(values) - 1), min(reach, len(values) - 1) + 1):
        here = slice(max(-offset, 0), len(values) - max(offset, 0))
        there = slice(max(offset, 0), len(values) - max(-offset, 0))
        apart = (times_ns[there] - times_ns[here]) / PERIOD_NS
        share = weigh(apart) * (np.abs(apart) <= 1 + 1e-6)
        summed[here] += share[:, None] * values[there]
        weight[here] += share
    return summed, weight


def _step_ns(times_ns: Times) -> float:
    """From one picture to the next."""
    step = float(np.median(np.diff(times_ns))) if len(times_ns) > 1 else PERIOD_NS
    return max(step, FASTEST_NS)


class PoseMean:
    """The same mean for a stream that knows no picture to come: of this one and two before."""

    def __init__(self) -> None:
        self._poses: list[tuple[int, Array]] = []

    def __call__(self, pose: Array, captured_ns: int) -> Array:
        """The pose to show."""
        since = captured_ns - 2 * PERIOD_NS
        kept = [(at, known) for at, known in self._poses if since <= at < captured_ns]
        self._poses = [*kept, (captured_ns, pose)]
        shown: Array = np.mean([known for _, known in self._poses], axis=0, dtype=np.float32)
        return shown
