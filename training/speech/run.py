"""From nothing to a listener's file: voices speak, a network learns, is measured and written."""

import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

import numpy as np

from engine.errors import OutputError
from engine.speech.listener import LOOK_AHEAD, MANIFEST, VERSION, parse_weights, said_of
from engine.speech.mel import Floats
from engine.speech.visemes import VISEMES
from training.speech.learn import Recipe, learn
from training.speech.lessons import Lessons, make_lessons
from training.speech.measure import Scores, scores
from training.speech.voices import Cast

HELD_OUT: tuple[Cast, ...] = ("choose", "test", "fresh")
_HELD_OUT_MINUTES = 12.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What is learned from."""

    folder: Path
    """Lessons: those that are there are not made again."""
    minutes: float = 200.0
    """Of speech to learn from."""
    recipe: Recipe = field(default_factory=Recipe)

    def __post_init__(self) -> None:
        """Refuse what nothing can be learned from."""
        if self.minutes <= 0.0:
            raise ValueError(f"minutes must be more than 0, got {self.minutes}")


def lessons(run: Run, cast: Cast, tell: Callable[[float], None]) -> Lessons:
    """What this cast says; `tell` hears how many minutes there are.

    Raises:
        MachineError: espeak-ng or flite is not installed.
    """
    minutes = _HELD_OUT_MINUTES if cast in HELD_OUT else run.minutes
    return make_lessons(run.folder / f"{cast}-{minutes:g}.npz", minutes, cast, tell)


def learned(run: Run, tell: Callable[[int, float], None]) -> dict[str, Floats]:
    """The listener's arrays, in halves of floats as they are shipped."""
    arrays = learn(lessons(run, "learn", lambda minutes: None), run.recipe, tell)
    return {name: array.astype(np.float16) for name, array in arrays.items()}


def measured(arrays: dict[str, Floats], of: Lessons) -> Scores:
    """What the listener hears of clips that were not learned from, at its look-ahead."""
    weights = parse_weights(packed(arrays))
    heard, said = [], []
    begin = 0
    for length in of.lengths.tolist():
        shares = said_of(of.features[begin : begin + length].astype(np.float32), weights)
        heard.append(shares[LOOK_AHEAD:])
        said.append(of.visemes[begin : begin + length - LOOK_AHEAD])
        begin += length
    return scores(np.concatenate(heard), np.concatenate(said))


def packed(arrays: dict[str, Floats]) -> bytes:
    """The bytes of a listener's file."""
    file = BytesIO()
    np.savez(file, version=np.array(VERSION), visemes=np.array(VISEMES), **arrays)  # type: ignore[arg-type]
    return file.getvalue()


def write(arrays: dict[str, Floats], path: Path, run: Run, found: dict[Cast, Scores]) -> None:
    """The file, and beside it the manifest that says what it is; whole or not at all."""
    data = packed(arrays)
    manifest = {
        "file": path.name,
        "sha256": hashlib.sha256(data).hexdigest(),
        "version": VERSION,
        "licence": "MIT",
        "trained_on": "speech of espeak-ng and flite, sentences of our own; nobody's voice",
        "minutes": run.minutes,
        "recipe": {name: getattr(run.recipe, name) for name in run.recipe.__slots__},
        "measured": {
            cast: {name: round(getattr(score, name), 4) for name in score.__slots__}
            for cast, score in found.items()
        },
    }
    try:
        _replace(path, data)
        _replace(path.with_name(MANIFEST), (json.dumps(manifest, indent=2) + "\n").encode())
    except OSError as error:
        raise OutputError(
            f"{path} cannot be written ({error.strerror}). Choose another place with --out."
        ) from error


def _replace(path: Path, data: bytes) -> None:
    partial = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        partial.write_bytes(data)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
