"""Stage times are summed per frame, remembered up to a bound, and told as percentiles."""

import time

import pytest

from engine.stats import StageTimes, percentiles_ms, timed


def test_percentiles_are_those_of_the_samples() -> None:
    found = percentiles_ms(milliseconds * 1_000_000 for milliseconds in range(1, 102))
    assert found == {"p50": 51.0, "p95": 96.0, "p99": 100.0, "max": 101.0}


def test_no_samples_have_no_percentiles() -> None:
    assert percentiles_ms([]) == {}


def test_a_stage_that_runs_twice_is_summed() -> None:
    stages_ns: dict[str, int] = {}
    for _ in range(2):
        with timed(stages_ns, "find"):
            time.sleep(0.002)
    assert list(stages_ns) == ["find"]
    assert stages_ns["find"] >= 4_000_000


def test_only_the_last_frames_are_remembered() -> None:
    times = StageTimes(remembered=3)
    for duration_ms in (900, 1, 2, 3):
        times.add({"find": duration_ms * 1_000_000})
    assert times.percentiles_ms()["find"]["max"] == 3.0


def test_stages_are_told_in_the_order_they_ran() -> None:
    times = StageTimes()
    times.add({"find": 1, "render": 1})
    times.add({"find": 1, "encode": 1})
    assert list(times.percentiles_ms()) == ["find", "render", "encode"]


def test_a_block_that_fails_is_not_hidden() -> None:
    with pytest.raises(KeyError), timed({}, "find"):
        raise KeyError
