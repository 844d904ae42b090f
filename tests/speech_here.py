"""Sounds for tests: made ones, and real ones where the folder shared/ lies beside this one."""

import shutil
import wave
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.speech.espeak import Manner, Spoken, espeak

RATE = 16_000
MEDIA = Path(__file__).parents[2] / "shared" / "media"
KIT = Path(__file__).parents[2] / "shared" / "pdfgc_parity"

needs_espeak = pytest.mark.skipif(
    shutil.which("espeak-ng") is None, reason="espeak-ng is not installed"
)
needs_voices = pytest.mark.skipif(
    shutil.which("espeak-ng") is None or shutil.which("flite") is None,
    reason="espeak-ng and flite are not both installed",
)


def voiced(seconds: float, *, pitch: float = 120.0, loud: float = 0.1) -> NDArray[np.float32]:
    """A buzz with a vowel's formants that opens and closes four times a second."""
    time = np.arange(round(seconds * RATE)) / RATE
    made = np.zeros(len(time))
    for harmonic in range(1, 40):
        hz = pitch * harmonic
        height = np.exp(-(((hz - 700) / 200) ** 2)) + 0.6 * np.exp(-(((hz - 1200) / 250) ** 2))
        made += (height + 0.01) * np.sin(2 * np.pi * hz * time)
    made *= np.clip(np.sin(2 * np.pi * 4 * time), 0.0, 1.0)
    return np.asarray(made * loud / np.sqrt(np.mean(made**2)), np.float32)


def spoken(text: str, voice: str = "en-us") -> Spoken:
    """By espeak-ng."""
    with espeak() as speaker:
        return speaker.say(text, Manner(voice=voice))


def at_16_khz(said: Spoken) -> NDArray[np.float32]:
    """Its samples, resampled."""
    count = int(said.length_s * RATE)
    places = np.arange(count) * said.rate_hz / RATE
    return np.interp(places, np.arange(len(said.samples)), said.samples).astype(np.float32)


def write_wav(path: Path, samples: NDArray[np.float32], rate: int = RATE) -> Path:
    """16 bits, one channel."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes((np.clip(samples, -1, 1) * 32767).astype(np.int16).tobytes())
    return path
