"""Lips by sound against filmed speakers' own, as the rig's tracker and reader see those."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.faces.clip_neutral import find_neutrals
from engine.faces.mesh_tracker import MeshTracker
from engine.motion import ARKIT_NAMES
from engine.rig.model import RigModel
from engine.rig.motion.arkit_reader import load_reader
from engine.rig.motion.motion import RigMotion
from engine.speech.articulation import CURVES, Mouth
from engine.speech.features import FRAME_S
from stream.files.clips import Clip
from stream.files.sound_file import samples_of

Floats = NDArray[np.float64]

TRAITS = ("jaw", "width", "rounding", "contact")
LAGS_S = np.arange(-0.2, 0.3001, 0.01)
"""How much later the sound is than the mouth."""
_CORNERS = (61, 291)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Filmed:
    """A speaker."""

    times_s: Floats
    """(N,) of the pictures"""
    traits: dict[str, Floats]
    """By the reader: (N,) each."""
    samples: NDArray[np.float32]
    """At 16 kHz, from the first picture on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """How well a trait follows the sound."""

    r: float
    """Pearson's, at the best lag."""
    lag_s: float


def read_clip(path: Path) -> Filmed:
    """Track a clip, relative to its most neutral face."""
    clip, tracker = Clip(path), MeshTracker()
    frames = list(clip.frames())
    faces = [tracker.find(frame.pixels, frame.captured_ns) for frame in frames]
    driver = RigModel().driver()
    neutral = find_neutrals(faces)[0]
    face = faces[neutral]
    assert face is not None
    driver.calibrate(frames[neutral].pixels, face)
    pairs = [(a, b) for a, b in zip(frames, faces, strict=True) if b is not None]
    motions = [driver.read(frame.pixels, face, frame.captured_ns) for frame, face in pairs]
    with clip.sound() as sound:
        assert sound is not None
        samples = np.concatenate(list(samples_of(sound)))
    times_s = np.array([frame.captured_ns / 1e9 for frame, _ in pairs])
    return Filmed(times_s=times_s, traits=_traits(motions), samples=samples)


def _traits(motions: list[RigMotion]) -> dict[str, Floats]:
    offsets = np.array([motion.offsets for motion in motions])
    read = load_reader().read(offsets, np.array([motion.aperture for motion in motions]))
    right, left = (offsets[:, corner, 0] for corner in _CORNERS)
    return {
        "jaw": read[:, ARKIT_NAMES.index("jawOpen")],
        "width": left - right,
        "rounding": sum(read[:, ARKIT_NAMES.index(n)] for n in ("mouthFunnel", "mouthPucker")),
        "contact": np.array([motion.lip_contact for motion in motions]),
    }


def traits_of(mouth: Mouth) -> dict[str, Floats]:
    """The same of a mouth by sound, every 10 ms."""
    curve = {names[0]: mouth.curves[:, place] for place, names in enumerate(CURVES)}
    rounding = curve["mouthFunnel"] + curve["mouthPucker"]
    width = curve["mouthStretchLeft"] + curve["mouthSmileLeft"] - rounding
    return {
        "jaw": curve["jawOpen"].astype(float),
        "width": width.astype(float),
        "rounding": rounding.astype(float),
        "contact": mouth.contact.astype(float),
    }


def agreement(filmed: Filmed, heard: dict[str, Floats]) -> dict[str, Agreement]:
    """Each trait at its own best lag."""
    return {trait: _best(filmed, filmed.traits[trait], heard[trait]) for trait in heard}


def _best(filmed: Filmed, seen: Floats, heard: Floats) -> Agreement:
    places = (np.arange(len(heard)) + 0.5) * FRAME_S
    found = []
    for lag in LAGS_S:
        moved = np.interp(filmed.times_s + lag, places, heard)
        found.append(_r(seen, moved))
    best = int(np.argmax(found))
    return Agreement(r=float(found[best]), lag_s=float(LAGS_S[best]))


def _r(first: Floats, second: Floats) -> float:
    if first.std() < 1e-9 or second.std() < 1e-9:
        return 0.0
    return float(np.corrcoef(first, second)[0, 1])


Way = Callable[[NDArray[np.float32]], dict[str, Floats]]
"""From samples to traits, every 10 ms."""


def loudness(samples: NDArray[np.float32]) -> dict[str, Floats]:
    """What a jaw would be that followed nothing but the loudness of the voice."""
    spectrum = np.lib.stride_tricks.sliding_window_view(np.pad(samples, (240, 0)), 400)[::160]
    power = np.abs(np.fft.rfft(spectrum * np.hanning(400), axis=1)) ** 2
    band = power[:, 7:86].mean(axis=1)  # 280 to 3400 Hz
    loud = np.log10(band + 1e-6)
    return {"jaw": np.maximum(loud - np.percentile(loud, 20), 0.0)}
