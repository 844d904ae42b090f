"""Batches of pairs, made ahead by threads; each a function of seed, step and place in the batch.

So a resumed run and one of several processes see the pairs that an uninterrupted single one sees.
"""

import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, fields

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.errors import InputError
from training.clips.alignment import mirrored
from training.clips.pairs import BOXES, COEFFICIENTS, POSES, Pair, PairSource
from training.dpe.coefficients import mirrored_boxes, mirrored_coefficients, mirrored_poses
from training.dpe.recipe import Recipe

_AHEAD = 3


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Batch:
    """N pairs. Pictures are (N, 3, S, S) in -1..1."""

    source: Tensor
    driving: Tensor
    alignments: Tensor
    """(N, 2, 2, 3) of source and driver."""
    is_known: Tensor
    """(N,) whether what follows is there; 0 where not."""
    expression_only: Tensor
    pose_only: Tensor
    coefficients: Tensor
    """(N, 2, 52)"""
    poses: Tensor
    """(N, 2, 6)"""
    boxes: Tensor
    """(N, 2, 12)"""

    def to(self, device: str) -> "Batch":
        """On another device."""
        moved = {f.name: getattr(self, f.name).to(device, non_blocking=True) for f in fields(self)}
        return Batch(**moved)


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """Which part of a batch one process takes at a time."""

    process: int = 0
    processes: int = 1
    parts: int = 1
    """Of each process: accumulated before a step."""

    def of(self, batch: int, part: int) -> range:
        """Places in the batch.

        Raises:
            InputError: the batch cannot be shared evenly.
        """
        shares = self.processes * self.parts
        if batch % shares:
            raise InputError(
                f"a batch of {batch} cannot be shared by {self.processes} processes "
                f"in {self.parts} parts each: choose another --batch or --accumulate."
            )
        size = batch // shares
        first = (self.process * self.parts + part) * size
        return range(first, first + size)


class Batches:
    """Gives the parts of each step's batch, in order."""

    def __init__(
        self, source: PairSource, recipe: Recipe, share: Share, *, seed: int, workers: int
    ) -> None:
        """`workers` threads make them; 0 makes each when it is asked for."""
        self._source, self._recipe, self._share, self._seed = source, recipe, share, seed
        self._pool = ThreadPoolExecutor(workers) if workers else None
        self._waiting: deque[tuple[tuple[int, int], Future[Batch]]] = deque()
        self._next = (-1, 0)
        self.waited_s = 0.0
        """How long training has stood still for pairs."""
        self.pairs = 0
        for stage in recipe.stages:
            share.of(stage.batch, 0)

    def next(self, step: int) -> Batch:
        """The next part of a step's batch; the first, if the step is not the last one's."""
        place = self._next if self._next[0] == step else (step, 0)
        began = time.monotonic()
        batch = self._taken(place)
        self.waited_s += time.monotonic() - began
        self.pairs += len(batch.source)
        self._next = self._after(place)
        return batch

    def made(self, step: int, part: int) -> Batch:
        """The part itself, whatever was asked for before."""
        stage, at = self._recipe.stage_at(step)
        begin, end = stage.along
        along = begin + (end - begin) * at / max(stage.steps, 1)
        pairs, flips, colours = [], [], []
        for place in self._share.of(stage.batch, part):
            random = np.random.default_rng([self._seed, step, place])
            pairs.append(self._source.draw(random, along))
            flips.append(self._recipe.mirrors and random.random() < 0.5)
            colours.append(_colours(random) if self._recipe.recolours else np.array(_AS_IT_IS))
        return collate(pairs, np.array(flips, bool), np.array(colours, np.float32))

    def _taken(self, place: tuple[int, int]) -> Batch:
        if self._pool is None:
            return self.made(*place)
        while self._waiting and self._waiting[0][0] != place:
            self._waiting.popleft()[1].cancel()
        following = self._waiting[-1][0] if self._waiting else None
        while len(self._waiting) <= _AHEAD:
            following = place if following is None else self._after(following)
            self._waiting.append((following, self._pool.submit(self.made, *following)))
        return self._waiting.popleft()[1].result()

    def _after(self, place: tuple[int, int]) -> tuple[int, int]:
        step, part = place
        return (step, part + 1) if part + 1 < self._share.parts else (step + 1, 0)


def pairs_a_second(batches: Batches, step: int, seconds: float = 1.0) -> float:
    """How many pairs one worker makes."""
    made, began = 0, time.monotonic()
    while time.monotonic() - began < seconds:
        made += len(batches.made(step, 0).source)
    return made / (time.monotonic() - began)


_AS_IT_IS = (1.0, 1.0, 1.0, 0.0)


def _colours(random: np.random.Generator) -> NDArray[np.float64]:
    """Gains of the channels, and one offset."""
    return np.append(random.uniform(0.8, 1.2, 3), random.uniform(-0.1, 0.1))


def collate(pairs: list[Pair], flips: NDArray[np.bool_], colours: NDArray[np.float32]) -> Batch:
    """Tensors of pairs; `flips` (N,) are mirrored, `colours` (N, 4) are gains and an offset."""
    known = [pair.known for pair in pairs]
    blank = np.zeros_like(pairs[0].source)
    flipped = torch.from_numpy(flips)
    dress = _dresser(flipped, torch.from_numpy(colours))
    alignments = np.array([pair.alignments for pair in pairs])
    alignments = np.where(flips[:, None, None, None], mirrored(alignments), alignments)
    zeros = [np.zeros((2, count), np.float32) for count in (COEFFICIENTS, POSES, BOXES)]
    coefficients = torch.from_numpy(np.array([k.coefficients if k else zeros[0] for k in known]))
    poses = torch.from_numpy(np.array([k.poses if k else zeros[1] for k in known]))
    boxes = torch.from_numpy(np.array([k.boxes if k else zeros[2] for k in known]))
    turned = flipped[:, None, None]
    return Batch(
        source=dress(np.array([pair.source for pair in pairs])),
        driving=dress(np.array([pair.driving for pair in pairs])),
        alignments=torch.from_numpy(alignments.astype(np.float32)),
        is_known=torch.tensor([k is not None for k in known]),
        expression_only=dress(np.array([k.expression_only if k else blank for k in known])),
        pose_only=dress(np.array([k.pose_only if k else blank for k in known])),
        coefficients=torch.where(turned, mirrored_coefficients(coefficients), coefficients),
        poses=torch.where(turned, mirrored_poses(poses), poses),
        boxes=torch.where(turned, mirrored_boxes(boxes), boxes),
    )


def _dresser(flipped: Tensor, colours: Tensor) -> Callable[[NDArray[np.uint8]], Tensor]:
    gain, offset = colours[:, :3, None, None], colours[:, 3:, None, None]

    def dress(pictures: NDArray[np.uint8]) -> Tensor:
        x = torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 127.5 - 1.0
        x = torch.where(flipped[:, None, None, None], x.flip(-1), x)
        return (x * gain + offset).clamp(-1.0, 1.0)

    return dress
