"""Couples on disk: made ahead by other processes, kept in memory while training, refilled.

One file per couple, written whole or not at all; the oldest go when there are too many.
"""

from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from training.array_file import load_arrays, save_arrays
from training.refiner.couples import Couple

HELD_OUT = 1_000_000
"""Seeds from here on are for validation and are never trained on."""


class Maker(Protocol):
    """What makes couples, as `CoupleMaker` does."""

    def make(self, seed: int) -> Couple | None:
        """The couple of a seed, None where it has no samples."""
        ...


def path_of(folder: Path, seed: int) -> Path:
    """Where a couple is kept."""
    return folder / f"couple_{seed:08d}.npz"


def save(couple: Couple, path: Path) -> None:
    """Write a couple; another process never sees half of it."""
    save_arrays(couple, path)


def load(path: Path) -> Couple:
    """Read a couple."""
    return load_arrays(Couple, path)


def fill(maker: Maker, folder: Path, seeds: range, most: int) -> None:
    """Make those couples of `seeds` that are missing, keeping the newest `most`."""
    for seed in seeds:
        path = path_of(folder, seed)
        if path.exists():
            continue
        couple = maker.make(seed)
        if couple is not None:
            save(couple, path)
        for old in sorted(folder.glob("couple_*.npz"), key=lambda p: p.stat().st_mtime)[:-most]:
            old.unlink()


class Pool:
    """What lies in a folder, in memory; drawn from evenly over couples."""

    def __init__(self, folder: Path, most: int) -> None:
        """`most` couples are held, the newest; each takes some 45 MB."""
        self._folder = folder
        self._most = most
        self._couples: dict[str, Couple] = {}

    def __len__(self) -> int:
        """How many couples are held."""
        return len(self._couples)

    def refresh(self, at_most: int | None = None) -> int:
        """Take in new files, at most so many; returns how many."""
        wanted = sorted(path.name for path in self._folder.glob("couple_*.npz"))[-self._most :]
        for name in self._couples.keys() - set(wanted):
            del self._couples[name]
        new = [name for name in wanted if name not in self._couples][:at_most]
        for name in new:
            self._couples[name] = load(self._folder / name)
        return len(new)

    def draw(self, random: np.random.Generator) -> tuple[Couple, int]:
        """A random sample: its couple, and its index there."""
        names = list(self._couples)
        couple = self._couples[names[int(random.integers(len(names)))]]
        return couple, int(random.integers(len(couple)))

    def all(self) -> list[tuple[Couple, NDArray[np.int64]]]:
        """Every couple with the indices of its samples."""
        return [(couple, np.arange(len(couple))) for couple in self._couples.values()]
