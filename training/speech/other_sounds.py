"""Sounds at which no mouth moves: breath, noise, clicks and music, made of random numbers."""

import numpy as np
from numpy.typing import NDArray

from engine.speech.mel import RATE_HZ

Samples = NDArray[np.float32]


def noise(count: int, random: np.random.Generator) -> Samples:
    """Of any colour from white to brown, of root mean square 1; half of it comes and goes."""
    spectrum = np.fft.rfft(random.standard_normal(count))
    spectrum /= (1.0 + np.arange(len(spectrum)) / max(len(spectrum), 1) * 200.0) ** random.uniform()
    made = np.fft.irfft(spectrum, count)
    if random.random() < 0.5:
        made = made * _swell(count, random)
    return _levelled(made)


def breath(count: int, random: np.random.Generator) -> Samples:
    """Air drawn in or let out: a hiss with a mouth's resonances, rising and falling."""
    hz = np.fft.rfftfreq(count, 1.0 / RATE_HZ)
    shape = np.full(len(hz), 0.05)
    for _ in range(3):
        middle, width = random.uniform(500.0, 5000.0), random.uniform(200.0, 1200.0)
        shape += random.uniform(0.3, 1.0) * np.exp(-(((hz - middle) / width) ** 2))
    hiss = np.fft.irfft(np.fft.rfft(random.standard_normal(count)) * shape, count)
    along = np.linspace(0.0, 1.0, count) ** random.uniform(0.5, 2.0)
    return _levelled(hiss * np.sin(np.pi * along))


def clicks(count: int, random: np.random.Generator) -> Samples:
    """Keys, knocks and claps: short bursts that ring out."""
    made = np.zeros(count)
    for _ in range(random.integers(1, 2 + count // 3000)):
        begin, length = int(random.integers(0, count)), int(random.integers(80, 1600))
        time = np.arange(min(length, count - begin)) / RATE_HZ
        ring = np.sin(2.0 * np.pi * random.uniform(150.0, 3000.0) * time)
        hit = random.standard_normal(len(time)) * random.uniform(0.2, 1.0) + ring
        made[begin : begin + len(time)] += hit * np.exp(-time * random.uniform(60.0, 400.0))
    return _levelled(made)


def music(count: int, random: np.random.Generator) -> Samples:
    """Chords, a melody and a drum in some instrument's harmonics: plucked, blown or bowed."""
    beat = int(RATE_HZ * random.uniform(0.12, 0.5))
    root, falls = random.uniform(50.0, 250.0), random.uniform(0.6, 2.2)
    is_plucked, wobble = random.random() < 0.5, random.uniform(0.0, 0.01)
    scale = 2.0 ** (np.array((0, 2, 4, 5, 7, 9, 11, 12, 14, 16)) / 12.0)
    made = np.zeros(count)
    for begin in range(0, count, beat):
        length = min(int(beat * random.choice((1, 1, 2, 4))), count - begin)
        time = np.arange(length) / RATE_HZ
        envelope = np.exp(-time * random.uniform(2.0, 8.0)) if is_plucked else _held(length)
        for _ in range(random.integers(1, 4)):
            pitch = root * float(random.choice(scale)) * float(random.choice((1.0, 1.0, 2.0)))
            phase = 2.0 * np.pi * pitch * time + wobble * pitch * np.sin(2 * np.pi * 5.5 * time)
            for harmonic in range(1, min(16, int(7500.0 / pitch)) + 1):
                made[begin : begin + length] += (
                    envelope * np.sin(harmonic * phase) * random.uniform(0.3, 1.0) / harmonic**falls
                )
        if random.random() < 0.4:
            hit = random.standard_normal(length) * np.exp(-time * random.uniform(20.0, 80.0))
            made[begin : begin + length] += hit * random.uniform(0.2, 1.5)
    return _levelled(made)


def tone(count: int, random: np.random.Generator) -> Samples:
    """A beep, a hum or a ring."""
    time = np.arange(count) / RATE_HZ
    pitch = np.exp(random.uniform(np.log(50.0), np.log(4000.0)))
    made = np.zeros(count)
    for harmonic in range(1, int(random.integers(1, 8)) + 1):
        made += np.sin(2.0 * np.pi * pitch * harmonic * time) * random.uniform() / harmonic
    return _levelled(made * _swell(count, random) if random.random() < 0.5 else made)


def beeps(count: int, random: np.random.Generator) -> Samples:
    """Short tones with pauses: a telephone, an alarm, a machine that wants something."""
    made, place = np.zeros(count, np.float32), 0
    sounding, still = random.uniform(0.04, 0.8, 2)
    while place < count:
        length = min(int(RATE_HZ * sounding * random.uniform(0.7, 1.3)), count - place)
        made[place : place + length] = tone(length, random) * random.uniform(0.5, 1.0)
        place += length + int(RATE_HZ * still * random.uniform(0.7, 1.3))
    return _levelled(made.astype(np.float64))


KINDS = (noise, breath, clicks, music, music, tone)
"""What sounds below a voice, or in its pauses."""
ALONE = (*KINDS, beeps)
"""What sounds where nobody speaks."""


def _held(length: int) -> NDArray[np.float64]:
    """In within 30 ms, out within 50."""
    place = np.arange(length) / RATE_HZ
    return np.minimum(1.0, np.minimum(place / 0.03, place[::-1] / 0.05))


def _swell(count: int, random: np.random.Generator) -> NDArray[np.float64]:
    """Louder and softer, some times a second."""
    knots = random.uniform(0.0, 1.0, max(2, int(count / RATE_HZ * random.uniform(1.0, 8.0)) + 2))
    return np.interp(np.linspace(0.0, len(knots) - 1.0, count), np.arange(len(knots)), knots)


def _levelled(made: NDArray[np.float64]) -> Samples:
    return (made / max(float(np.sqrt(np.mean(made**2))), 1e-9)).astype(np.float32)
