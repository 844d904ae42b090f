from math import nan, pi

import numpy as np
import pytest

from engine.smoothing import OneEuroFilter

FRAME_NS = 33_366_667


def run(filtered: OneEuroFilter, values: list[float], step_ns: int = FRAME_NS) -> list[float]:
    return [float(filtered(np.array([v]), i * step_ns)[0]) for i, v in enumerate(values)]


def test_the_first_value_passes_unchanged() -> None:
    value = np.array([[1.0, -2.0], [3.0, 4.0]], np.float32)
    np.testing.assert_array_equal(OneEuroFilter(min_cutoff_hz=1, beta=0)(value, 5), value)


def test_one_step_follows_the_formula() -> None:
    smooth = OneEuroFilter(min_cutoff_hz=1.5, beta=0)
    run(smooth, [0.0])
    tau = 1 / (2 * pi * 1.5)
    expected = 10 * 0.04 / (0.04 + tau)  # the discrete low-pass of eq. 3 in its other form
    assert smooth(np.array([10.0]), 40_000_000)[0] == pytest.approx(expected)


def test_noise_on_a_still_value_is_damped() -> None:
    noise = np.random.default_rng(0).normal(0, 1, 600).tolist()
    smooth = run(OneEuroFilter(min_cutoff_hz=1, beta=0), noise)
    # A first-order low-pass lets share / (2 - share) of white noise's variance through.
    passed = 1 / (1 + 2 * (1 / (2 * pi * FRAME_NS / 1e9)))
    assert np.var(smooth[100:]) == pytest.approx(passed, rel=0.35)


@pytest.mark.parametrize("frame_rate", [24, 60])
@pytest.mark.parametrize(("beta", "speed"), [(0.0, 3.0), (0.5, 6.0)])
def test_the_stated_lag_is_the_lag_behind_a_steady_motion(
    beta: float, speed: float, frame_rate: int
) -> None:
    smooth = OneEuroFilter(min_cutoff_hz=1, beta=beta)
    step_ns = round(1e9 / frame_rate)
    moving = [speed * i * step_ns / 1e9 for i in range(frame_rate * 6)]
    late_by_ms = (moving[-1] - run(smooth, moving, step_ns)[-1]) / speed * 1000
    assert late_by_ms == pytest.approx(smooth.lag_ms(speed), rel=0.02)


def test_the_same_moment_gives_the_same_value() -> None:
    smooth = OneEuroFilter(min_cutoff_hz=1, beta=0)
    run(smooth, [0.0, 1.0])
    once = smooth(np.array([2.0]), 2 * FRAME_NS)
    np.testing.assert_array_equal(smooth(np.array([9.0]), 2 * FRAME_NS), once)


def test_going_back_in_time_starts_anew() -> None:
    smooth = OneEuroFilter(min_cutoff_hz=1, beta=0)
    run(smooth, [0.0, 1.0, 2.0])
    assert smooth(np.array([7.0]), 0)[0] == 7.0


def test_the_result_is_the_callers_own() -> None:
    smooth = OneEuroFilter(min_cutoff_hz=1, beta=0)
    first = smooth(np.array([1.0]), 0)
    first[:] = 99
    assert smooth(np.array([1.0]), FRAME_NS)[0] == 1.0


@pytest.mark.parametrize("cutoff", [0.0, -1.0, nan])
def test_a_cutoff_that_cannot_be_is_refused(cutoff: float) -> None:
    with pytest.raises(ValueError, match="min_cutoff_hz"):
        OneEuroFilter(min_cutoff_hz=cutoff, beta=0)


def test_a_negative_beta_is_refused() -> None:
    with pytest.raises(ValueError, match="beta"):
        OneEuroFilter(min_cutoff_hz=1, beta=-0.1)
