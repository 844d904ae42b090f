"""The statistics of all benchmarks: tails, ratios and slopes, each with how sure it is."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

RESAMPLED = 2000
LEAST_FOR_SLOPE = 8

Interval = tuple[float, float]


def percentiles(values: Sequence[float] | NDArray[np.float64]) -> dict[str, float]:
    """p50, p95, p99 and max, in the values' unit.

    Raises:
        ValueError: there are no values.
    """
    if not len(values):
        raise ValueError("no values: nothing was measured")
    found = np.percentile(np.asarray(values, float), [50, 95, 99, 100])
    return dict(zip(("p50", "p95", "p99", "max"), map(float, found), strict=True))


def bootstrap_median(rounds: Sequence[float], seed: int = 0) -> Interval:
    """95 % interval of the median over rounds: percentile bootstrap (Efron 1979)."""
    values = np.asarray(rounds, float)
    chosen = np.random.default_rng(seed).integers(len(values), size=(RESAMPLED, len(values)))
    return _middle(np.median(values[chosen], axis=1))


def paired_ratio(a: Sequence[float], b: Sequence[float], seed: int = 0) -> tuple[float, Interval]:
    """How many times a is b, with its 95 % interval: the median over rounds, and bootstrap.

    Rounds of both were run in turn, so that each pair met the same neighbours.
    """
    if len(a) != len(b):
        raise ValueError(f"{len(a)} and {len(b)} rounds are no pairs")
    ratios = np.asarray(b, float) / np.asarray(a, float)
    return float(np.median(ratios)), bootstrap_median([*ratios], seed)


def ratio_of_medians(
    a: Sequence[float], b: Sequence[float], seed: int = 0
) -> tuple[float, Interval]:
    """How many times a is b, of rounds of two runs: medians, each drawn anew by bootstrap."""
    first, second = np.asarray(a, float), np.asarray(b, float)
    random = np.random.default_rng(seed)
    of_a = first[random.integers(len(first), size=(RESAMPLED, len(first)))]
    of_b = second[random.integers(len(second), size=(RESAMPLED, len(second)))]
    ratios = np.median(of_b, axis=1) / np.median(of_a, axis=1)
    return float(np.median(second) / np.median(first)), _middle(ratios)


def slope(times: Sequence[float], values: Sequence[float]) -> tuple[float, float]:
    """Least-squares slope in value per unit of time, and half the width of its 95 % interval.

    Raises:
        ValueError: fewer than eight samples, of which no slope can be told.
    """
    if len(times) < LEAST_FOR_SLOPE:
        raise ValueError(f"{len(times)} samples say nothing: run it longer")
    moments = np.asarray(times, float)
    moments = moments - moments.mean()
    level = np.asarray(values, float)
    found = float(moments @ level / (moments @ moments))
    rest = level - level.mean() - found * moments
    error = float(np.sqrt(rest @ rest / (len(level) - 2) / (moments @ moments)))
    return found, 1.96 * error


def _middle(values: NDArray[np.float64]) -> Interval:
    low, high = np.percentile(values, [2.5, 97.5])
    return float(low), float(high)
