"""The benchmark of lips by sound: its measures find what was put in."""

import numpy as np
import pytest

from benchmarks.speech import speed
from benchmarks.speech_filmed import Filmed, agreement, loudness, traits_of
from engine.speech.articulation import articulate
from engine.speech.visemes import VISEMES, shares
from tests.speech_here import RATE, voiced

RANDOM = np.random.default_rng(0)
PLACES = np.repeat(RANDOM.integers(0, len(VISEMES), 60), 10)


def filmed(lag_s: float, blurred: float) -> Filmed:
    """A mouth that precedes its sound by `lag_s`, and is read with errors."""
    traits = traits_of(articulate(shares(PLACES)))
    times_s = np.arange(0.3, 5.5, 1 / 25)
    heard_s = (np.arange(len(PLACES)) + 0.5) / 100
    seen = {name: np.interp(times_s + lag_s, heard_s, values) for name, values in traits.items()}
    noise = {
        name: RANDOM.normal(0, blurred * values.std(), len(values)) for name, values in seen.items()
    }
    samples = np.zeros(6 * RATE, np.float32)
    return Filmed(
        times_s=times_s,
        traits={name: values + noise[name] for name, values in seen.items()},
        samples=samples,
    )


@pytest.mark.parametrize("lag_s", [-0.1, 0.0, 0.12])
def test_a_lag_is_found_and_errors_lower_the_agreement(lag_s: float) -> None:
    heard = traits_of(articulate(shares(PLACES)))
    exact, blurred = agreement(filmed(lag_s, 0.0), heard), agreement(filmed(lag_s, 1.0), heard)
    for trait in heard:
        assert exact[trait].lag_s == pytest.approx(lag_s, abs=0.011)
        assert exact[trait].r > 0.99
        assert 0.4 < blurred[trait].r < 0.9


def test_a_mouth_that_does_nothing_agrees_with_nothing() -> None:
    still = {"jaw": np.zeros(600)}
    assert agreement(filmed(0.1, 0.0), still)["jaw"].r == 0.0


def test_loudness_follows_the_voice() -> None:
    found = loudness(np.concatenate([np.zeros(RATE, np.float32), voiced(1.0)]))["jaw"]
    assert found[:90].max() < 0.1 * found[110:].max()


def test_speed_is_told_for_each_size_of_a_piece() -> None:
    assert set(speed()) == {"10 ms", "20 ms", "1000 ms"}
    assert min(speed().values()) > 0.0
