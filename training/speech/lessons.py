"""Clips to learn from: sentences, pauses and other sounds, in a room, by a microphone and a codec.

A clip's features come from the listener's own code, running level and all, so that what is learned
from is what will be heard.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.speech.features import BANDS, Features
from engine.speech.mel import HOP, RATE_HZ
from engine.speech.visemes import SILENCE
from training.array_file import load_arrays, save_arrays
from training.speech import rooms
from training.speech.other_sounds import ALONE, KINDS, breath
from training.speech.voices import Cast, Voices, voices

Samples = NDArray[np.float32]

CLIP_S = 24.0
_SPEECHLESS_SHARE = 0.12
"""Clips in which nobody speaks."""
_OPUS_SHARE, _ROOM_SHARE, _MICROPHONE_SHARE = 0.25, 0.4, 0.7
_CROWD_SHARE, _PRESSED_SHARE = 0.3, 0.25
_LOUDNESS = 0.1
_FIRST_SEED: dict[Cast, int] = {
    "learn": 0,
    "choose": 1_000_000,
    "test": 2_000_000,
    "fresh": 8_000_000,
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Lessons:
    """Clips one after the other."""

    features: NDArray[np.float16]
    """(N, 40)"""
    visemes: NDArray[np.uint8]
    """(N,) places in VISEMES"""
    lengths: NDArray[np.int64]
    """(clips,) frames of each"""


def make_lessons(path: Path, minutes: float, cast: Cast, tell: Callable[[float], None]) -> Lessons:
    """Those of the file, made first where there is none; `tell` hears how many minutes there are.

    Raises:
        MachineError: a synthesiser is not installed.
    """
    if path.exists():
        return load_arrays(Lessons, path)
    features, visemes, frames = [], [], 0
    with voices(cast) as speakers:
        seed = _FIRST_SEED[cast]
        while frames * HOP < minutes * 60.0 * RATE_HZ:
            sound, said = clip(speakers, seed)
            features.append(Features().hear(sound)[: len(said)].astype(np.float16))
            visemes.append(said[: len(features[-1])].astype(np.uint8))
            frames += len(visemes[-1])
            seed += 1
            tell(frames * HOP / RATE_HZ / 60.0)
    made = Lessons(
        features=np.concatenate(features) if features else np.zeros((0, BANDS), np.float16),
        visemes=np.concatenate(visemes) if visemes else np.zeros(0, np.uint8),
        lengths=np.array([len(part) for part in visemes], np.int64),
    )
    save_arrays(made, path)
    return made


def clip(speakers: Voices, seed: int) -> tuple[Samples, NDArray[np.int64]]:
    """Samples at 16 kHz, and the viseme of each 10 ms; the same seed gives the same."""
    choose, draw = random.Random(seed), np.random.default_rng(seed)
    if choose.random() < _SPEECHLESS_SHARE:
        sound = _speechless(choose, draw)
        return sound, np.full(len(sound) // HOP, SILENCE, np.int64)
    sound, said = _speech(speakers, choose, draw)
    if speakers.are_learned_from:
        sound = _in_a_crowd(sound, choose, draw)
    return _on_its_way(sound, choose, draw), said


def sentence(
    speakers: Voices, seed: int, *, is_clean: bool = False
) -> tuple[Samples, NDArray[np.int64]]:
    """One sentence as `clip` has many: what a listener is measured on; clean, as it was spoken."""
    choose, draw = random.Random(seed), np.random.default_rng(seed)
    utterance = speakers.utterance(choose)
    voiced = utterance.samples[: len(utterance.visemes) * HOP]
    loudness = max(float(np.sqrt(np.mean(voiced**2))), 1e-4)
    levelled = voiced * np.float32(_LOUDNESS / loudness)
    if is_clean:
        return levelled, utterance.visemes
    return _on_its_way(levelled, choose, draw), utterance.visemes


def _in_a_crowd(sound: Samples, choose: random.Random, draw: np.random.Generator) -> Samples:
    """Harder than what is measured on: music or other sounds close below, and pressed."""
    if choose.random() < _CROWD_SHARE:
        sound = rooms.with_noise(sound, draw, least_db=1.0, other_share=0.7)
    if choose.random() < _PRESSED_SHARE:
        sound = rooms.pressed(sound, draw)
    return sound


def _on_its_way(sound: Samples, choose: random.Random, draw: np.random.Generator) -> Samples:
    """Through a room, a microphone and a call, each with its chance."""
    if choose.random() < _ROOM_SHARE:
        sound = rooms.in_room(sound, draw)
    sound = rooms.with_noise(sound, draw)
    if choose.random() < _MICROPHONE_SHARE:
        sound = rooms.by_microphone(sound, draw)
    sound = sound * np.float32(10.0 ** (choose.uniform(-22.0, 6.0) / 20.0))
    if choose.random() < _OPUS_SHARE:
        sound = rooms.by_opus(sound, choose.choice((12_000, 16_000, 24_000, 32_000)))
    return np.clip(sound, -1.0, 1.0).astype(np.float32)


def _speech(
    speakers: Voices, choose: random.Random, draw: np.random.Generator
) -> tuple[Samples, NDArray[np.int64]]:
    """Sentences with pauses, in some of which somebody breathes or something sounds."""
    parts: list[Samples] = []
    visemes: list[NDArray[np.int64]] = []
    length = 0
    while length < CLIP_S * RATE_HZ:
        pause = _pause(choose, draw)
        utterance = speakers.utterance(choose)
        voiced = utterance.samples[: len(utterance.visemes) * HOP]
        loudness = max(float(np.sqrt(np.mean(voiced**2))), 1e-4)
        voiced = voiced * np.float32(_LOUDNESS / loudness * 10.0 ** (choose.uniform(-4, 4) / 20.0))
        parts += [pause, voiced]
        visemes += [np.full(len(pause) // HOP, SILENCE, np.int64), utterance.visemes]
        length += len(pause) + len(voiced)
    return np.concatenate(parts), np.concatenate(visemes)


def _pause(choose: random.Random, draw: np.random.Generator) -> Samples:
    """A whole number of 10 ms."""
    kind = choose.random()
    length_s = choose.uniform(0.02, 0.7) if kind < 0.6 else choose.uniform(0.4, 2.5)
    count = int(length_s * 100) * HOP
    if kind < 0.6 or not count:
        return np.zeros(count, np.float32)
    made = breath(count, draw) if kind < 0.8 else choose.choice(KINDS)(count, draw)
    return made * np.float32(_LOUDNESS * 10.0 ** (choose.uniform(-32.0, 0.0) / 20.0))


def _speechless(choose: random.Random, draw: np.random.Generator) -> Samples:
    """A clip of other sounds, from loud to hardly heard; half of them begin out of silence.

    Whatever begins at once begins like a vowel, so that there are many beginnings.
    """
    parts: list[Samples] = []
    length = 0
    while length < CLIP_S * RATE_HZ:
        longest = choose.choice((0.8, 6.0))
        count = int(choose.uniform(0.2, longest) * 100) * HOP
        made = choose.choice(ALONE)(count, draw)
        still = int(choose.choice((0.0, choose.uniform(0.1, 2.0))) * 100) * HOP
        loud = np.float32(10.0 ** (choose.uniform(-60.0, -14.0) / 20.0))
        parts += [made * loud, np.zeros(still, np.float32)]
        length += count + still
    return np.clip(np.concatenate(parts), -1.0, 1.0).astype(np.float32)
