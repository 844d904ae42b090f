"""Held-out rendered people: what is edited, by whom, and what should come out exactly."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.frame import Pixels
from engine.motion import Mode
from training.clips.heads import HeadGrid
from training.clips.pairs import pair_of


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Case:
    """A source and a driver of one person, in other poses and with other expressions."""

    person: int
    source: Pixels
    """(S, S, 3) RGB"""
    driving: Pixels
    exact: dict[Mode, Pixels]
    """What each mode should give."""
    boxes: dict[Mode, tuple[int, int, int, int]]
    """Left, top, right, bottom, px: the face of the source and of what should come out."""


def cases_of(people: Sequence[HeadGrid], each: int, seed: int = 1) -> list[Case]:
    """So many of each person, the same ones for the same seed."""
    random = np.random.default_rng(seed)
    found = []
    for person, grid in enumerate(people):
        poses, faces = grid.pictures.shape[:2]
        for _ in range(each):
            p, q = (int(k) for k in random.choice(poses, 2, replace=False))
            e, f = (int(k) for k in random.choice(faces, 2, replace=False))
            found.append(_case(person, grid, (p, e), (q, f)))
    return found


def _case(person: int, grid: HeadGrid, source: tuple[int, int], driving: tuple[int, int]) -> Case:
    pair, (p, e), (q, f) = pair_of(grid, source, driving), source, driving
    assert pair.known is not None
    size = len(pair.source)
    goals: dict[Mode, tuple[int, int]] = {"expression": (p, f), "pose": (q, e), "both": (q, f)}
    return Case(
        person=person,
        source=pair.source,
        driving=pair.driving,
        exact={mode: grid.pictures[goal] for mode, goal in goals.items()},
        boxes={
            mode: _around(grid.boxes[p, e, 0], grid.boxes[goal][0], size)
            for mode, goal in goals.items()
        },
    )


def _around(
    one: NDArray[np.float32], other: NDArray[np.float32], size: int
) -> tuple[int, int, int, int]:
    low, high = np.minimum(one[:2], other[:2]), np.maximum(one[2:], other[2:])
    first = np.clip(np.floor((low + 1) * size / 2), 0, size - 1).astype(int)
    last = np.clip(np.ceil((high + 1) * size / 2), first + 1, size).astype(int)
    return int(first[0]), int(first[1]), int(last[0]), int(last[1])
