"""A soak that cannot fail says nothing: what grows is seen in noise, and too little is no pass."""

import numpy as np
import pytest

from benchmarks.soak import LIMITS, slope, verdict

NOISE = np.random.default_rng(1).normal(0.0, 0.5, 200)


def samples(count: int, every_s: float, **growth: float) -> list[dict[str, float]]:
    """So much more an hour of each, with noise."""
    return [
        {"at_s": n * every_s, **{
            name: 100.0 + growth.get(name, 0.0) * n * every_s / 3600 + float(NOISE[n % 200])
            for name in LIMITS
        }}
        for n in range(count)
    ]  # fmt: skip


def test_what_stays_passes() -> None:
    assert all(each["passes"] for each in verdict(samples(120, 20.0)).values())


@pytest.mark.parametrize("name", LIMITS)
def test_what_grows_fails(name: str) -> None:
    found = verdict(samples(120, 20.0, **{name: 40.0}))
    assert [other for other, each in found.items() if not each["passes"]] == [name]


def test_a_slope_is_found_in_noise() -> None:
    grown = samples(120, 20.0, rss_mb=10.0)
    an_hour, margin = slope([each["at_s"] for each in grown], [each["rss_mb"] for each in grown])
    assert an_hour == pytest.approx(10.0, abs=margin)
    assert margin < 1.0


def test_too_little_is_no_pass() -> None:
    with pytest.raises(ValueError, match="say nothing"):
        verdict(samples(5, 20.0))
