"""Lips by sound: how well visemes are heard, how a filmed mouth is followed, what is no speech.

python -m benchmarks.speech --media ../shared/media [--prototype ../shared/prototypes/speech]
    [--pocketsphinx PYTHON] [--minutes 12]

Unseen synthetic voices need espeak-ng and flite. `--prototype` adds the rows of the first sketch,
`--pocketsphinx` those of its phones, by a Python that has that package. Speed is of this machine as
busy as it is.
"""

import argparse
import importlib
import json
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.machine import keep, markdown
from benchmarks.speech_filmed import (
    TRAITS,
    Agreement,
    Filmed,
    Floats,
    agreement,
    loudness,
    read_clip,
    traits_of,
)
from benchmarks.speech_rendered import rendered
from engine.speech.articulation import JAW, articulate
from engine.speech.listener import LOOK_AHEAD, Listener
from engine.speech.mel import RATE_HZ
from engine.speech.track import lips_of
from engine.speech.visemes import Phoneme, labels, shares
from training.speech.lessons import sentence
from training.speech.measure import LEAST_SHARE, scores
from training.speech.other_sounds import ALONE
from training.speech.voices import Cast, Text, voices

Samples = NDArray[np.float32]
Shares = NDArray[np.float32]
Ways = dict[str, Callable[[Samples], Shares]]

CLIPS = ("speech/talk_v", "speech/talk_a", "speech/talk_h", "driving/driving_d10")
_POCKETSPHINX = (
    "pocketsphinx did not run. Measured before by the same code (commit 855e232), its phones have "
    "jaw, width, rounding, contact of 0.45, 0.12, 0.29, 0.18 on talk_v, 0.55, 0.75, 0.59, 0.31 on "
    "talk_a, 0.24, 0.29, 0.44, 0.51 on talk_h and 0.43, 0.64, 0.31, 0.38 on driving_d10."
)
LEVELS_DB = (-50.0, -35.0, -20.0)
_SEEDS: dict[Cast, int] = {"choose": 3_000_000, "test": 4_000_000, "fresh": 5_000_000}


def ours(samples: Samples) -> Shares:
    """At a look-ahead of 40 ms."""
    listener = Listener()
    rest = np.zeros(LOOK_AHEAD * 160, np.float32)
    return np.concatenate([listener.hear(samples), listener.hear(rest)])[LOOK_AHEAD:]


def prototypes(folder: Path) -> Callable[[Samples], Shares]:
    """The first sketch, levelled over the whole sound as it was."""
    sys.path.insert(0, str(folder))
    speak: Any = importlib.import_module("speak")
    logmel: Any = importlib.import_module("logmel")

    def hear(samples: Samples) -> Shares:
        levelled = samples * 0.1 / max(float(np.sqrt(np.mean(samples**2))), 1e-9)
        listener = speak.Listener(folder / "visemes.npz", LOOK_AHEAD)
        found = np.stack([listener.hear(frame) for frame in logmel.log_mel(levelled)])
        return np.concatenate([found[LOOK_AHEAD:], np.repeat(found[-1:], LOOK_AHEAD, axis=0)])

    return hear


TEXTS: dict[str, tuple[Text, bool]] = {
    "sentences": ("sentences", False),
    "sentences, clean": ("sentences", True),
    "words without sense": ("words", False),
    "prose": ("prose", False),
}
"""What is said, and whether it is heard without a room, noise and codec."""


def synthetic(
    cast: Cast, text: Text, minutes: float, ways: Ways, *, is_clean: bool
) -> dict[str, Any]:
    """Scores by way, of voices that nothing was learned from."""
    heard: dict[str, list[Shares]] = {way: [] for way in ways}
    said: list[NDArray[np.int64]] = []
    seed, frames = _SEEDS[cast], 0
    with voices(cast, text) as speakers:
        while frames < minutes * 6000:
            sound, true = sentence(speakers, seed, is_clean=is_clean)
            for way, hear in ways.items():
                heard[way].append(hear(sound)[: len(true)])
            said.append(true[: len(heard["ours"][-1])])
            frames, seed = frames + len(true), seed + 1
    whole = np.concatenate(said)
    return {way: asdict(scores(np.concatenate(found), whole)) for way, found in heard.items()}


def filmed(media: Path, ways: Ways, python: Path | None) -> dict[str, Any]:
    """Agreement with each clip's own mouth, by way and trait."""
    result: dict[str, Any] = {}
    for name in CLIPS:
        clip = read_clip(media / f"{name}.mp4")
        found = {"loudness": loudness(clip.samples)}
        for way, hear in ways.items():
            found[f"{way}, visemes alone"] = traits_of(articulate(hear(clip.samples)))
        found["ours"] = traits_of(lips_of([clip.samples]).mouth)
        if python is not None:
            found["pocketsphinx"] = traits_of(articulate(_by_pocketsphinx(python, clip.samples)))
        result[Path(name).name] = {
            "mean jaw": {"filmed": float(clip.traits["jaw"].mean())}
            | {way: float(traits["jaw"].mean()) for way, traits in found.items()},
            "agreement": {way: _told(clip, traits) for way, traits in found.items()},
        }
    return result


def _told(clip: Filmed, traits: dict[str, Floats]) -> dict[str, Any]:
    return {trait: asdict(found) for trait, found in agreement(clip, traits).items()}


def _by_pocketsphinx(python: Path, samples: Samples) -> Shares:
    program = Path(__file__).with_name("speech_phones.py")
    with tempfile.TemporaryDirectory() as folder:
        sound = Path(folder) / "sound.f32"
        samples.astype(np.float32).tofile(sound)
        told = subprocess.run(
            [python, program, sound], capture_output=True, text=True, check=True
        ).stdout
    phonemes = [
        Phoneme(first / 100.0, "pau" if name == "SIL" or name.startswith("+") else name.lower())
        for name, first, _ in json.loads(told)
    ]
    return shares(labels(phonemes, len(samples) // 160, is_arpabet=True))


def speechless() -> dict[str, dict[str, float]]:
    """The widest the jaw opens at sounds that nobody makes with a mouth, ten of each, 8 s long."""
    found: dict[str, dict[str, float]] = {}
    for kind in dict.fromkeys(ALONE):
        peaks, opened = [], []
        for number in range(10):
            random = np.random.default_rng(7_000_000 + number)
            level = 10.0 ** (LEVELS_DB[number % len(LEVELS_DB)] / 20.0)
            sound = kind(8 * RATE_HZ, random) * np.float32(level)
            jaw = lips_of([np.clip(sound, -1.0, 1.0)]).mouth.curves[:, JAW]
            peaks.append(float(jaw.max()))
            opened.append(float(np.mean(jaw >= 0.05)))
        found[kind.__name__] = {"widest": max(peaks), "open": float(np.mean(opened))}
    return found


def speed() -> dict[str, float]:
    """Milliseconds for 10 ms of sound, by the size of a piece: medians."""
    random = np.random.default_rng(0)
    result = {}
    for piece in (160, 320, 16000):
        listener, took = Listener(), []
        for _ in range(max(20, 64_000 // piece)):
            samples = random.normal(0.0, 0.1, piece).astype(np.float32)
            start = time.perf_counter_ns()
            listener.hear(samples)
            took.append((time.perf_counter_ns() - start) / 1e6 * 160 / piece)
        result[f"{piece // 16} ms"] = float(np.median(took))
    return result


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, and keep the figures in `results/`."""
    parser = argparse.ArgumentParser(description="Measure lips by sound.")
    parser.add_argument("--media", type=Path, help="folder with speech/ and driving/")
    parser.add_argument("--prototype", type=Path, help="folder of the first sketch")
    parser.add_argument("--pocketsphinx", type=Path, help="a Python that has pocketsphinx")
    parser.add_argument("--minutes", type=float, default=12.0, help="of synthetic speech")
    given = sys.argv[1:] if arguments is None else list(arguments)
    options = parser.parse_args(given)
    ways: Ways = {"ours": ours}
    if options.prototype is not None:
        ways["prototype"] = prototypes(options.prototype)
    result: dict[str, Any] = {
        "synthetic": {
            cast: {
                name: synthetic(cast, text, options.minutes, ways, is_clean=is_clean)
                for name, (text, is_clean) in TEXTS.items()
            }
            for cast in _SEEDS
        },
        "filmed": {}
        if options.media is None
        else filmed(options.media, ways, options.pocketsphinx),
        "rendered": {trait: asdict(told) for trait, told in rendered().items()},
        "speechless": speechless(),
        "ms per 10 ms": speed(),
    }
    command = f"python -m benchmarks.speech {shlex.join(given)}"
    keep("speech", command, result, _tables(result))
    return 0


def _tables(result: dict[str, Any]) -> str:
    parts = [
        "Synthetic voices that nothing was learned from, 40 ms of look-ahead; in rooms and noise "
        "down to 8 dB, but for the clean rows. "
        f"A closure is heard where its share is {LEAST_SHARE:g}; found and false within 30 ms.",
        markdown(
            [
                "voices",
                "say",
                "way",
                "visemes right",
                "where somebody speaks",
                "closures found",
                "false",
            ],
            [
                [cast, text, way, *(f"{score[name]:.2f}" for name in score)]
                for cast, texts in result["synthetic"].items()
                for text, ways in texts.items()
                for way, score in ways.items()
            ],
        ),
        "Filmed speakers, r with what the rig's tracker and reader see, at the best lag (ms by "
        "which the sound is later than the mouth).",
        markdown(
            ["clip", "way", *TRAITS, "mean jaw (filmed)"],
            [
                [clip, way, *(_cell(told.get(trait)) for trait in TRAITS), _means(found, way)]
                for clip, found in result["filmed"].items()
                for way, told in found["agreement"].items()
            ],
        ),
        *([_POCKETSPHINX] if _lacks_pocketsphinx(result) else []),
        "A rendered film of `understudy say`, its mouth tracked, against what its phonemes ask "
        "for: r (ms by which the sound is later than the mouth): "
        + ", ".join(f"{trait} {_cell(told)}" for trait, told in result["rendered"].items()),
        "What is no speech, ten sounds of 8 s each at -50 to -20 dB: the widest that the jaw "
        "opens, and the share of the time in which it is open by 0.05.",
        markdown(
            ["sound", "widest", "open"],
            [
                [name, f"{told['widest']:.3f}", f"{told['open']:.4f}"]
                for name, told in result["speechless"].items()
            ],
        ),
        "Milliseconds for 10 ms of sound (network and features, NumPy, median; busy machine): "
        + ", ".join(f"{ms:.2f} in pieces of {name}" for name, ms in result["ms per 10 ms"].items()),
    ]
    return "\n\n".join(parts)


def _lacks_pocketsphinx(result: dict[str, Any]) -> bool:
    return any("pocketsphinx" not in clip["agreement"] for clip in result["filmed"].values())


def _cell(told: dict[str, float] | None) -> str:
    if told is None:
        return ""
    found = Agreement(**told)
    return f"{found.r:.2f} ({found.lag_s * 1000:+.0f})"


def _means(found: dict[str, Any], way: str) -> str:
    means = found["mean jaw"]
    return f"{means[way]:.2f} ({means['filmed']:.2f})" if way != "loudness" else ""


if __name__ == "__main__":
    sys.exit(main())
