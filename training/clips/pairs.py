"""Two frames of one person, as DPE's strategy takes them, from clips and from rendered heads.

Of rendered heads more is known: the crossed pictures, coefficients, poses. Who uses that says so.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.errors import InputError
from engine.frame import Pixels
from training.clips import heads
from training.clips.heads import HeadGrid
from training.clips.shards import ClipEntry, ClipReader, read_index
from training.clips.splits import Split, held_out
from training.reader.samples import HELD_OUT

COEFFICIENTS, POSES, BOXES = 52, 6, 12


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Known:
    """What only a renderer knows of a pair."""

    expression_only: Pixels
    """The source's pose with the driver's expression."""
    pose_only: Pixels
    """The driver's pose with the source's expression."""
    coefficients: NDArray[np.float32]
    """(2, 52) of source and driver."""
    poses: NDArray[np.float32]
    """(2, 6) likewise."""
    boxes: NDArray[np.float32]
    """(2, 12) likewise: left, top, right, bottom of face, mouth and eyes, in -1..1."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pair:
    """Source and driving frame of one person."""

    source: Pixels
    """(S, S, 3) RGB"""
    driving: Pixels
    alignments: NDArray[np.float32]
    """(2, 2, 3) of source and driver."""
    known: Known | None


class PairSource(Protocol):
    """Draws pairs."""

    def draw(self, random: np.random.Generator, along: float) -> Pair:
        """A pair; `along` is how far the curriculum is, 0..1."""
        ...


class ClipPairs:
    """Two frames of the same person and shot, evenly over clips."""

    def __init__(self, folder: Path, size: int, split: Split) -> None:
        """Read a folder of clips.

        Raises:
            InputError: it has no clips of that split.
        """
        clips, _ = read_index(folder)
        apart = held_out(clip.identity for clip in clips)
        self._clips: list[ClipEntry] = [
            clip for clip in clips if (clip.identity in apart) == (split == "held-out")
        ]
        if not self._clips:
            purpose = "measure on" if split == "held-out" else "learn from"
            raise InputError(f"{folder} has no clips to {purpose}: add clips of other people.")
        self._reader, self._size = ClipReader(folder), size

    def __len__(self) -> int:
        """How many clips."""
        return len(self._clips)

    def draw(self, random: np.random.Generator, along: float) -> Pair:
        """Frames are drawn evenly, whatever `along` says."""
        clip = self._clips[int(random.integers(len(self._clips)))]
        first, second = (int(k) for k in random.choice(clip.frames, 2, replace=False))
        alignments = self._reader.alignments(clip)
        return Pair(
            source=resized(self._reader.picture(clip, first), self._size),
            driving=resized(self._reader.picture(clip, second), self._size),
            alignments=alignments[[first, second]],
            known=None,
        )


class HeadPairs:
    """Cells of rendered people's grids, all in memory; their poses widen along the curriculum.

    Most pairs differ in both; some only in expression or only in pose.
    """

    def __init__(self, folder: Path, size: int, split: Split, *, alike: float = 0.4) -> None:
        """Read a folder of grids; `alike` is the share of pairs that have one of both in common.

        Raises:
            InputError: it has nobody of that split.
        """
        held = split == "held-out"
        seeds = [seed for seed in heads.seeds_in(folder) if (seed >= HELD_OUT) == held]
        if not seeds:
            first = HELD_OUT if held else 0
            raise InputError(
                f"{folder} has no rendered people from seed {first} on: make them with "
                "`understudy train heads`."
            )
        self._grids = [_sized(heads.load(heads.path_of(folder, seed)), size) for seed in seeds]
        self._alike = alike

    @property
    def grids(self) -> list[HeadGrid]:
        """All people, in the order of their seeds."""
        return self._grids

    def __len__(self) -> int:
        """How many people."""
        return len(self._grids)

    def draw(self, random: np.random.Generator, along: float) -> Pair:
        """At 0 only the poses nearest to straight; at 1 all."""
        grid = self._grids[int(random.integers(len(self._grids)))]
        poses, faces = grid.pictures.shape[:2]
        reach = min(2 + int(along * (poses - 1)), poses)
        p, q = (int(k) for k in random.choice(reach, 2, replace=False))
        e, f = (int(k) for k in random.choice(faces, 2, replace=False))
        kind = random.random()
        if kind < self._alike / 2:
            q = p
        elif kind < self._alike:
            f = e
        return pair_of(grid, (p, e), (q, f))


class Mixture:
    """Draws from several sources by their shares."""

    def __init__(self, sources: Sequence[PairSource], shares: Sequence[float]) -> None:
        if len(sources) != len(shares) or not sources or min(shares) < 0 or sum(shares) <= 0:
            raise ValueError(f"one share of at least 0 for each source, got {list(shares)}")
        self._sources = list(sources)
        self._ends = np.cumsum(shares) / np.sum(shares)

    def draw(self, random: np.random.Generator, along: float) -> Pair:
        """A pair of one of the sources."""
        which = int(np.searchsorted(self._ends, random.random(), side="right"))
        return self._sources[min(which, len(self._sources) - 1)].draw(random, along)


def pair_of(grid: HeadGrid, source: tuple[int, int], driving: tuple[int, int]) -> Pair:
    """The pair of two cells (pose, expression)."""
    (p, e), (q, f) = source, driving
    return Pair(
        source=grid.pictures[p, e],
        driving=grid.pictures[q, f],
        alignments=np.stack([grid.alignments[p, e], grid.alignments[q, f]]),
        known=Known(
            expression_only=grid.pictures[p, f],
            pose_only=grid.pictures[q, e],
            coefficients=grid.coefficients[[e, f]],
            poses=grid.poses[[p, q]],
            boxes=np.stack([grid.boxes[p, e].ravel(), grid.boxes[q, f].ravel()]),
        ),
    )


def resized(picture: Pixels, size: int) -> Pixels:
    """(S, S, 3) -> (size, size, 3)."""
    if len(picture) == size:
        return picture
    how = cv2.INTER_AREA if len(picture) > size else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(picture, (size, size), interpolation=how), np.uint8)


def _sized(grid: HeadGrid, size: int) -> HeadGrid:
    poses, faces, side = grid.pictures.shape[:3]
    if side == size:
        return grid
    pictures = [resized(picture, size) for picture in grid.pictures.reshape(-1, side, side, 3)]
    return HeadGrid(
        pictures=np.array(pictures).reshape(poses, faces, size, size, 3),
        alignments=grid.alignments, boxes=grid.boxes,
        coefficients=grid.coefficients, poses=grid.poses,
    )  # fmt: skip
