"""PD-FGC's log-mel pictures, and the listener's own streaming features."""

import importlib.util

import numpy as np
import pytest

from engine.speech.features import BANDS, Features
from engine.speech.mel import log_mel
from tests.speech_here import KIT, voiced


@pytest.mark.skipif(not KIT.exists(), reason="there is no folder shared/ beside this one")
def test_log_mel_is_what_the_authors_modules_make_of_the_same_sound() -> None:
    spec = importlib.util.spec_from_file_location("seeded", KIT / "seeded.py")
    assert spec is not None
    assert spec.loader is not None
    seeded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(seeded)
    golden = np.load(KIT / "golden.npz")["mel"]
    np.testing.assert_allclose(log_mel(seeded.speech()), golden, atol=1e-5)


def test_log_mel_has_a_row_each_ten_milliseconds_and_seven_behind_the_end() -> None:
    found = log_mel(voiced(1.0))
    assert found.shape == (107, 80)
    assert found.min() >= 0.0
    assert found.max() <= 1.0


def test_loudness_is_levelled_over_the_whole() -> None:
    sound = voiced(1.0)
    np.testing.assert_allclose(log_mel(sound), log_mel(sound * 0.1), atol=1e-5)


def test_silence_and_nothing_are_no_errors() -> None:
    assert log_mel(np.zeros(1600, np.float32)).shape == (17, 80)
    assert log_mel(np.zeros(0, np.float32)).shape[1] == 80


@pytest.mark.parametrize(
    "wrong", [np.zeros((2, 100), np.float32), np.zeros(100, np.int16), np.array([0.0, np.nan])]
)
def test_what_is_no_row_of_finite_samples_is_refused(wrong: np.ndarray) -> None:
    with pytest.raises(ValueError, match="sound must be"):
        log_mel(wrong)
    with pytest.raises(ValueError, match="sound must be"):
        Features().hear(wrong)


def test_features_in_pieces_are_those_of_the_whole() -> None:
    sound = voiced(2.0)
    whole = Features().hear(sound)
    pieces = Features()
    cut = np.concatenate([pieces.hear(part) for part in np.split(sound, [7, 100, 777, 9000])])
    assert whole.shape == (200, BANDS)
    np.testing.assert_allclose(cut, whole, atol=1e-5)


def test_a_frame_has_heard_nothing_of_what_follows() -> None:
    sound = voiced(1.0)
    other = sound.copy()
    other[8000:] = 0.5
    np.testing.assert_array_equal(Features().hear(sound)[:50], Features().hear(other)[:50])


def test_speech_that_is_too_low_or_comes_after_silence_is_levelled_in_time() -> None:
    """Natural logarithms of power: 12 dB are 2.8 of them."""
    usual = Features().hear(voiced(6.0, loud=0.05))
    low = Features().hear(voiced(6.0, loud=0.05 / 4))
    late = Features().hear(np.concatenate([np.zeros(48000, np.float32), voiced(3.0, loud=0.05)]))

    def loudness(frames: np.ndarray) -> float:
        return float(np.percentile(frames, 95))

    assert loudness(usual[:100]) - loudness(low[:100]) > 1.0
    assert abs(loudness(usual[300:]) - loudness(low[300:])) < 0.3
    assert abs(loudness(usual[300:]) - loudness(late[400:])) < 0.3
