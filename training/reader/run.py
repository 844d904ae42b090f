"""From nothing to a reader file: people are rendered, a reader is learned, measured and written."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.errors import InputError, OutputError
from engine.motion import ARKIT_NAMES
from engine.rig.motion.arkit_reader import SEEN, VERSION, Reader, steadied
from engine.rig.motion.factors import arkit_from_motions
from training.reader import samples
from training.reader.features import Rows, rows_of
from training.reader.learn import Recipe, learned_reader, lessons, linear_reader
from training.reader.measure import Values

LEAST_PEOPLE = 4
"""Fewer faces than these people make have fewer dimensions than a reader has components."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What is learned from and measured on."""

    facekit: Path
    folder: Path
    """Samples: those that are there are not made again."""
    people: int = 216
    held_out: int = 30
    recipe: Recipe = field(default_factory=Recipe)

    def __post_init__(self) -> None:
        """Refuse numbers that nothing can be learned from."""
        if self.people < LEAST_PEOPLE:
            raise ValueError(f"people must be at least {LEAST_PEOPLE}, got {self.people}")
        if self.held_out < 1:
            raise ValueError(f"held_out must be at least 1, got {self.held_out}")

    @property
    def learned_from(self) -> range:
        """Seeds of the people to learn from."""
        return range(self.people)

    @property
    def measured_on(self) -> range:
        """Seeds of the people to measure on."""
        return range(samples.HELD_OUT, samples.HELD_OUT + self.held_out)


def make_samples(run: Run, tell: Callable[[int], None]) -> None:
    """Render whoever is missing; `tell` hears how many people are done."""
    from engine.faces.mesh_tracker import MeshTracker
    from training.heads import facekit
    from training.heads.renderer import Renderer

    seeds = [*run.learned_from, *run.measured_on]
    if all(samples.path_of(run.folder, seed).exists() for seed in seeds):
        return
    renderer = Renderer(facekit.load(run.facekit), samples.QUALITY)
    samples.fill(samples.SampleMaker(renderer, MeshTracker()), run.folder, seeds, tell)
    renderer.context.release()


def rows(folder: Path, seeds: range) -> Rows:
    """The faces of those people who lie in the folder; InputError where there are none."""
    found = samples.people(folder, seeds)
    if not found:
        raise InputError(
            f"no samples of the people {seeds.start} to {seeds.stop - 1} lie in {folder}. "
            "Run `understudy train reader` with --samples naming that folder."
        )
    return rows_of(found)


def learn(run: Run, tell: Callable[[int, float], None]) -> Reader:
    """The reader of the recipe; the same samples and recipe give the same."""
    return learned_reader(rows(run.folder, run.learned_from), run.recipe, tell)


def readings(run: Run, reader: Reader, measured: Rows) -> dict[str, Values]:
    """What every way of reading says of the measured faces, (N, 52) each in 0..1."""
    lesson = lessons(rows(run.folder, run.learned_from), run.recipe)
    linear = linear_reader(lesson, run.recipe)
    offsets, aperture = (
        array.astype(np.float64) for array in (measured.offsets, measured.aperture)
    )
    still = np.zeros_like(offsets)
    still[:, SEEN] = steadied(offsets).reshape(len(offsets), -1, 3)
    return {
        "analytic": np.clip(arkit_from_motions(offsets, aperture), 0.0, 1.0),
        "analytic, steadied": np.clip(arkit_from_motions(still, aperture), 0.0, 1.0),
        "linear": linear.read(offsets, aperture),
        "network": reader.read(offsets, aperture),
    }


def write(reader: Reader, path: Path, run: Run) -> None:
    """Write a reader file, whole or not at all; halves of floats keep it small."""
    arrays: dict[str, NDArray[np.generic]] = {
        "version": np.array(VERSION, np.int64),
        "names": np.array(ARKIT_NAMES),
        "learned": np.array([run.people, run.recipe.steps, run.recipe.seed], np.int64),
        "directions": reader.directions.astype(np.float16),
        "direct": reader.direct,
    }
    arrays |= {f"weights_{k}": layer for k, layer in enumerate(reader.weights, start=1)}
    arrays |= {f"biases_{k}": layer for k, layer in enumerate(reader.biases, start=1)}
    partial = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        with partial.open("wb") as file:
            np.savez(file, **arrays)  # type: ignore[arg-type]
        partial.replace(path)
    except OSError as error:
        raise OutputError(
            f"{path} cannot be written ({error.strerror}). Choose another place with --out."
        ) from error
