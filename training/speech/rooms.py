"""What becomes of a voice on its way: room, noise, microphone, Opus."""

from fractions import Fraction

import av
import numpy as np
from numpy.typing import NDArray

from engine.speech.mel import RATE_HZ
from training.speech.other_sounds import KINDS

Samples = NDArray[np.float32]

_OPUS_HZ = 48_000
_OPUS_LATE = 312
"""Samples at 48 kHz that libopus adds before the first (its look-ahead, which players skip)."""


def in_room(sound: Samples, random: np.random.Generator) -> Samples:
    """With an echo that dies away within 0.1 to 0.5 s."""
    dies_s = random.uniform(0.1, 0.5)
    count = int(dies_s * RATE_HZ)
    response = random.standard_normal(count) * 10.0 ** (-3.0 * np.arange(count) / count)
    response *= random.uniform(0.02, 0.12)
    response[0] = 1.0
    length = len(sound) + count
    echoed = np.fft.irfft(np.fft.rfft(sound, length) * np.fft.rfft(response, length), length)
    return echoed[: len(sound)].astype(np.float32)


def with_noise(
    sound: Samples, random: np.random.Generator, least_db: float = 8.0, other_share: float = 0.25
) -> Samples:
    """Some other sound below it, by up to 50 dB; noise, but for a share of the clips."""
    loudness = float(np.sqrt(np.mean(sound**2)))
    kind = (
        KINDS[0] if random.random() < 1.0 - other_share else KINDS[int(random.integers(len(KINDS)))]
    )
    below = 10.0 ** (-random.uniform(least_db, 50.0) / 20.0)
    return sound + kind(len(sound), random) * np.float32(loudness * below)


def by_microphone(sound: Samples, random: np.random.Generator) -> Samples:
    """Its colour: a tilt and a few gentle resonances, 9 dB at most."""
    spectrum = np.fft.rfft(sound)
    along = np.linspace(0.0, 1.0, len(spectrum))
    decibels = random.uniform(-8.0, 8.0) * (2.0 * np.sqrt(along) - 1.0)
    decibels += random.uniform(-4.0, 4.0) * np.sin(
        np.sqrt(along) * random.uniform(1.0, 4.0) * np.pi + random.uniform(0.0, 6.0)
    )
    if random.random() < 0.2:  # a telephone
        hz = along * RATE_HZ / 2.0
        decibels -= 30.0 * ((hz < 250.0) | (hz > 3600.0))
    return np.fft.irfft(spectrum * 10.0 ** (decibels / 20.0), len(sound)).astype(np.float32)


def pressed(sound: Samples, random: np.random.Generator) -> Samples:
    """As broadcast and telephones press it: soft sounds lifted, loud ones held down, some cut."""
    power = np.convolve(sound.astype(np.float64) ** 2, np.ones(400) / 400.0, "same")
    loud = np.sqrt(power + 1e-3 * power.mean() + 1e-12)
    made = sound * (loud.mean() / loud) ** random.uniform(0.3, 0.8)
    most = np.abs(made).max() * random.uniform(0.3, 1.0)
    return np.asarray(np.clip(made, -most, most), np.float32)


def by_opus(sound: Samples, bit_rate: int) -> Samples:
    """As a call brings it, in time with the original; 20 ms packets."""
    coder = av.CodecContext.create("libopus", "w")
    assert isinstance(coder, av.AudioCodecContext)
    coder.sample_rate, coder.layout, coder.format = _OPUS_HZ, "mono", "s16"
    coder.bit_rate, coder.time_base = bit_rate, Fraction(1, _OPUS_HZ)
    coder.options = {"application": "voip"}
    decoder = av.CodecContext.create("libopus", "r")
    assert isinstance(decoder, av.AudioCodecContext)
    decoder.sample_rate, decoder.layout = _OPUS_HZ, "mono"
    heard = []
    ratio = _OPUS_HZ // RATE_HZ
    places = np.arange(len(sound) * ratio + 2 * 960) / ratio
    fine = np.interp(places, np.arange(len(sound)), sound, right=0.0)
    piece = 960
    for begin in range(0, len(fine) // piece * piece, piece):
        whole = np.clip(fine[begin : begin + piece] * 32767.0, -32768, 32767).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(whole[None], format="s16", layout="mono")
        frame.sample_rate, frame.pts = _OPUS_HZ, begin
        for packet in coder.encode(frame):
            heard += [found.to_ndarray() for found in decoder.decode(packet)]
    made = np.concatenate([part.reshape(-1) for part in heard]).astype(np.float32)
    if heard[0].dtype == np.int16:
        made /= 32768.0
    made = made[_OPUS_LATE:]
    thirds = np.pad(made, (0, max(0, len(sound) * ratio - len(made))))[: len(sound) * ratio]
    return np.asarray(thirds.reshape(-1, ratio).mean(axis=1), np.float32)
