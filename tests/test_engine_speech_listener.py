"""The listener: what it hears, in pieces as in whole, and what it does not take for speech."""

import hashlib
import json
from importlib.resources import files
from io import BytesIO

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from engine.errors import BundleError
from engine.speech import listener as module
from engine.speech.articulation import JAW
from engine.speech.features import SILENT, Features
from engine.speech.listener import LOOK_AHEAD, Listener, load_weights, parse_weights, said_of
from engine.speech.track import Hearing, lips_of
from engine.speech.visemes import VISEMES
from tests.speech_here import MEDIA, RATE, at_16_khz, needs_espeak, spoken, voiced

ASSETS = files("engine").joinpath("assets/speech")


def jaw_of(sound: NDArray[np.float32]) -> NDArray[np.float32]:
    return lips_of([sound]).mouth.curves[:, JAW]


def test_shares_in_pieces_are_those_of_the_whole() -> None:
    sound = voiced(3.0)
    whole = Listener().hear(sound)
    pieces = Listener()
    cut = [pieces.hear(part) for part in np.split(sound, [1, 160, 500, 4801, 20000])]
    assert whole.shape == (300, len(VISEMES))
    np.testing.assert_allclose(np.concatenate(cut), whole, atol=1e-5)
    np.testing.assert_allclose(whole.sum(axis=1), 1.0, atol=1e-5)


def test_a_mouth_in_pieces_is_that_of_the_whole() -> None:
    sound = voiced(2.0)
    whole, pieces = lips_of([sound]).mouth, Hearing()
    parts = [pieces.hear(part) for part in np.split(sound, [33, 5000, 5001])] + [pieces.finish()]
    assert len(whole.curves) == 200
    np.testing.assert_allclose(np.concatenate([p.curves for p in parts]), whole.curves, atol=1e-5)


def test_a_stream_begins_as_if_silence_had_been_before_it() -> None:
    """A beep at the very beginning must not find a network that has heard nothing yet."""
    features = Features().hear(voiced(0.5))
    still = np.full((80, features.shape[1]), SILENT, np.float32)
    whole = said_of(np.concatenate([still, features]), load_weights())
    np.testing.assert_allclose(said_of(features, load_weights()), whole[80:], atol=1e-5)


def test_it_hears_forty_milliseconds_ahead_and_no_more() -> None:
    """Frame t + 4 says frame t: it knows the samples up to 160 (t + 5), and none beyond."""
    sound = voiced(1.0)
    other = sound.copy()
    other[160 * (50 + LOOK_AHEAD + 1) :] = 0.3
    first, second = Listener().hear(sound), Listener().hear(other)
    np.testing.assert_array_equal(first[: 50 + LOOK_AHEAD + 1], second[: 50 + LOOK_AHEAD + 1])
    assert np.abs(first[50 + LOOK_AHEAD + 3 :] - second[50 + LOOK_AHEAD + 3 :]).max() > 0.01


@pytest.mark.parametrize("loud", [0.002, 0.03, 0.2])
@pytest.mark.parametrize("colour", [0.0, 1.0])
def test_noise_leaves_the_jaw_alone(loud: float, colour: float) -> None:
    spectrum = np.fft.rfft(np.random.default_rng(3).standard_normal(5 * RATE))
    spectrum /= (1.0 + np.arange(len(spectrum)) / 100.0) ** (colour / 2)
    noise = np.fft.irfft(spectrum)
    assert jaw_of((noise * loud / noise.std()).astype(np.float32)).max() < 0.05


def test_breathing_leaves_the_jaw_alone() -> None:
    count = 4 * RATE
    hiss = np.random.default_rng(5).standard_normal(count)
    hz = np.fft.rfftfreq(count, 1 / RATE)
    shape = np.exp(-(((hz - 1600) / 900) ** 2)) + 0.05
    air = np.fft.irfft(np.fft.rfft(hiss) * shape, count)
    air *= np.abs(np.sin(np.pi * np.arange(count) / RATE / 1.3))
    assert jaw_of((air * 0.03 / air.std()).astype(np.float32)).max() < 0.05


def test_silence_and_a_hum_leave_the_jaw_alone() -> None:
    time = np.arange(3 * RATE) / RATE
    assert jaw_of(np.zeros(3 * RATE, np.float32)).max() < 0.05
    assert jaw_of((0.05 * np.sin(2 * np.pi * 50 * time)).astype(np.float32)).max() < 0.05


@pytest.mark.skipif(not MEDIA.exists(), reason="there is no folder shared/ beside this one")
def test_a_speech_opens_and_closes_the_mouth_also_when_it_is_recorded_far_too_low() -> None:
    with av.open(str(MEDIA / "driving" / "jfk.flac")) as container:
        resampler = av.AudioResampler(format="fltp", layout="mono", rate=RATE)
        parts = [
            p.to_ndarray()[0] for f in container.decode(audio=0) for p in resampler.resample(f)
        ]
    sound = np.concatenate(parts)
    usual, low = jaw_of(sound), jaw_of(sound * np.float32(0.25))
    late = jaw_of(np.concatenate([np.zeros(5 * RATE, np.float32), sound]))[500:]
    assert usual.max() > 0.15
    assert np.percentile(usual, 10) < 0.02
    assert np.corrcoef(usual, low)[0, 1] > 0.9
    assert np.corrcoef(usual, late)[0, 1] > 0.9


@needs_espeak
def test_it_hears_what_espeak_says() -> None:
    from engine.speech.visemes import labels

    said = spoken("Maybe the baker bought a big blue boat before breakfast.", "en-us+m7")
    heard = Listener().hear(at_16_khz(said))[LOOK_AHEAD:].argmax(axis=1)
    true = labels(said.phonemes, len(heard))
    assert np.mean(heard == true) > 0.5


def test_what_ships_is_what_its_manifest_says_and_small() -> None:
    data = ASSETS.joinpath("listener.npz").read_bytes()
    manifest = json.loads(ASSETS.joinpath("manifest.json").read_text())
    assert manifest["sha256"] == hashlib.sha256(data).hexdigest()
    assert len(data) <= 1_000_000
    assert manifest["licence"] == "MIT"


def damaged(**changed: NDArray[np.generic]) -> bytes:
    with np.load(BytesIO(ASSETS.joinpath("listener.npz").read_bytes())) as arrays:
        held = {name: arrays[name] for name in arrays.files}
    file = BytesIO()
    np.savez(file, **{**held, **changed})
    return file.getvalue()


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"nothing", "damaged"),
        (damaged(version=np.array(99)), "version"),
        (damaged(visemes=np.array(["a"])), "visemes"),
        (damaged(bias_0=np.zeros(3, np.float32)), "size"),
        (damaged(mean=np.full(40, np.nan, np.float32)), "finite"),
        (damaged(mean=np.zeros(40, np.int64)), "floats"),
    ],
)
def test_weights_that_are_damaged_or_foreign_are_refused(data: bytes, reason: str) -> None:
    with pytest.raises(BundleError, match=rf"{reason}.*understudy train speech"):
        parse_weights(data)


def test_another_file_than_the_manifests_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hashlib, "sha256", hashlib.sha1)
    with pytest.raises(BundleError, match="manifest"):
        module.load_weights.__wrapped__()
