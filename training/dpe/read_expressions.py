"""Trains the frozen expression network on rendered heads, and measures it on people held out."""

import math
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from engine.motion import ARKIT_NAMES
from training.clips.alignment import mirrored
from training.clips.heads import HeadGrid
from training.clips.pairs import HeadPairs
from training.dpe.coefficients import mirrored_coefficients
from training.dpe.expression_network import (
    ExpressionNetwork,
    ReaderRecord,
    aligned,
    save_reader,
)

_BATCH, _RATE = 48, 2e-3
_JITTER = 0.02
"""Of an alignment, in its units: a tracker's landmarks and a drawn face are not exact."""


def train_reader(
    folder: Path,
    out: Path,
    *,
    size: int,
    steps: int,
    seed: int,
    tell: Callable[[int, float], None],
) -> ReaderRecord:
    """Train, measure, write the weights with their record."""
    people, held_out = HeadPairs(folder, size, "train"), HeadPairs(folder, size, "held-out")
    pictures, alignments, truth = pictures_of(people.grids)
    torch.manual_seed(seed)
    random = np.random.default_rng(seed)
    network = ExpressionNetwork()
    network.mean.copy_(truth.mean(0))
    network.deviation.copy_(truth.std(0).clamp(min=0.02))
    optimiser = torch.optim.AdamW(network.parameters(), lr=_RATE, weight_decay=2e-2)
    for step in range(steps):
        for group in optimiser.param_groups:
            group["lr"] = _RATE * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * step / steps)))
        chosen = torch.from_numpy(random.integers(0, len(pictures), _BATCH))
        squares, wanted = _varied(pictures[chosen], alignments[chosen], truth[chosen], random)
        loss = F.mse_loss(network(squares)[1], (wanted - network.mean) / network.deviation)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        tell(step + 1, float(loss.detach()))
    correlation, error = measure(network.eval(), held_out.grids)
    record = ReaderRecord(
        people=len(people), pictures=len(pictures), steps=steps, seed=seed, size=size,
        correlation=correlation, error=error,
    )  # fmt: skip
    save_reader(network, asdict(record), out)
    return record


def pictures_of(grids: list[HeadGrid]) -> tuple[Tensor, Tensor, Tensor]:
    """All cells: pictures (M, 3, S, S) uint8, alignments (M, 2, 3), coefficients (M, 52)."""
    pictures = np.concatenate(
        [grid.pictures.reshape(-1, *grid.pictures.shape[2:]) for grid in grids]
    )
    alignments = np.concatenate([grid.alignments.reshape(-1, 2, 3) for grid in grids])
    truth = np.concatenate([np.tile(grid.coefficients, (len(grid.poses), 1)) for grid in grids])
    channels_first = torch.from_numpy(pictures).permute(0, 3, 1, 2)
    return channels_first, torch.from_numpy(alignments), torch.from_numpy(truth)


def measure(network: ExpressionNetwork, grids: list[HeadGrid]) -> tuple[dict[str, float], float]:
    """Correlation of each coefficient that varies, and the mean absolute error."""
    pictures, alignments, truth = pictures_of(grids)
    with torch.no_grad():
        read = torch.cat(
            [
                network.read(pictures[some].float() / 127.5 - 1.0, alignments[some])
                for some in slices(len(pictures))
            ]
        )
    correlation = {
        name: round(float(np.corrcoef(read[:, k], truth[:, k])[0, 1]), 3)
        for k, name in enumerate(ARKIT_NAMES)
        if float(truth[:, k].std()) > 1e-3 and float(read[:, k].std()) > 1e-6
    }
    return correlation, round(float((read - truth).abs().mean()), 4)


def slices(count: int, size: int = 128) -> list[slice]:
    """So many pictures in parts that fit into memory."""
    return [slice(first, first + size) for first in range(0, count, size)]


def _varied(
    pictures: Tensor, alignments: Tensor, truth: Tensor, random: np.random.Generator
) -> tuple[Tensor, Tensor]:
    """Squares as a run shows them: mirrored, recoloured, sometimes coarse, not quite in place."""
    count = len(pictures)
    x = pictures.float() / 127.5 - 1.0
    flips = random.random(count) < 0.5
    flipped = torch.from_numpy(flips)
    x = torch.where(flipped[:, None, None, None], x.flip(-1), x)
    at = alignments.numpy()
    at = np.where(flips[:, None, None], mirrored(at), at)
    at = at + random.normal(0, _JITTER, at.shape) * np.array([1, 1, 1.5])
    wanted = torch.where(flipped[:, None], mirrored_coefficients(truth), truth)
    if random.random() < 0.5:
        x = F.interpolate(F.avg_pool2d(x, 2), size=x.shape[-1], mode="bilinear")
    squares = aligned(x, torch.from_numpy(at.astype(np.float32)))
    gain = torch.from_numpy(random.uniform(0.75, 1.25, (count, 3, 1, 1)).astype(np.float32))
    offset = torch.from_numpy(random.uniform(-0.15, 0.15, (count, 3, 1, 1)).astype(np.float32))
    noise = torch.from_numpy(random.normal(0, 0.03, squares.shape).astype(np.float32))
    return squares * gain + offset + noise, wanted
