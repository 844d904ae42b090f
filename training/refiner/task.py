"""Training the refiner: its losses, its held-out scores, its sheet."""

from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from pickle import UnpicklingError

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from engine.errors import InputError
from engine.frame import Pixels
from engine.nets.refiner import PIXEL_CHANNELS, Corrections, Refiner, applied
from engine.rig.refine.inputs import MOTION_LENGTH
from training.adversary import Adversary
from training.computing import Computing
from training.perceptual import Perceptual
from training.refiner.batches import Batch, training_batch, whole_batch
from training.refiner.pool import Pool

BATCH = 16
_RIM = 6
"""Pixels at a window's edge that no loss looks at: there the network saw no surroundings."""
_HELD_OUT_SAMPLES = 48
_SHEET_ROWS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """Of the losses; 0 leaves one out, which is how the ablations were made."""

    l1: float = 8.0
    unmasked: float = 2.0
    """L1 of the picture without the colours: flow and shading carry all they can."""
    gradient: float = 4.0
    perceptual: float = 0.5
    worse: float = 8.0
    """Of what is worse than the rig's own picture, pixel by pixel: the rig must not be lost."""
    mask: float = 0.05
    """A push towards the picture's own pixels."""
    flow: float = 0.04
    """Of the residual flow at the truth's landmarks, per px."""
    smooth: float = 0.02
    """Of the residual flow's gradient."""
    in_mouth: float = 1.0
    """Of L1 between the lips: nothing outside a mouth tells where its teeth are, and where two
    pictures are possible L1 wants their mean, which is grey."""
    fooling: float = 0.0
    """Of the discriminator's opinion; 0 leaves it out."""
    matching: float = 0.0
    """Of the distance in the discriminator's features."""


SHARPENING = Weights(l1=4.0, worse=4.0, perceptual=3.0, in_mouth=0.25, fooling=0.1, matching=1.0)
"""The second stage's: begun from a network that is nearly right, it is to look right, too."""

_FOOLED_FROM = 400
"""Steps over which the discriminator's say grows: at first it knows nothing."""


class RefinerTask:
    """See `training/task.py`."""

    def __init__(
        self,
        pool: Pool,
        held_out: Pool,
        perceptual: Perceptual | None,
        *,
        weights: Weights | None = None,
        begin: Refiner | None = None,
        batch: int = BATCH,
        computing: Computing | None = None,
        workers: Executor | None = None,
    ) -> None:
        """`perceptual` None leaves that loss out; both pools hold something already.

        `begin` is what to go on from, None for a new network; `workers` make the samples of a
        batch side by side.
        """
        self._pool, self._workers = pool, workers
        self._computing = computing or Computing()
        self._perceptual = perceptual.to(self._computing.device) if perceptual else None
        self._weights = weights or Weights()
        self._batch = batch
        refiner = (begin or Refiner(MOTION_LENGTH)).train()
        self.networks = nn.ModuleDict({"refiner": refiner.to(memory_format=torch.channels_last)})  # type: ignore[call-overload]
        if self._weights.fooling:
            self.networks["adversary"] = Adversary(PIXEL_CHANNELS)
        self.networks.to(self._computing.device)
        random = np.random.default_rng(0)
        self._held_out = [held_out.draw(random) for _ in range(_HELD_OUT_SAMPLES)]

    def losses(
        self, networks: nn.ModuleDict, random: np.random.Generator, step: int
    ) -> dict[str, Tensor]:
        """Of one batch of windows."""
        draws = [self._pool.draw(random) for _ in range(self._batch)]
        batch = training_batch(draws, random, self._workers).on(self._computing.device)
        with self._computing.lowered():
            corrections, refined, shaded = run(networks["refiner"], batch)
            terms = self._terms(batch, corrections, refined, shaded)
            if "adversary" in networks:
                terms |= self._judged(networks["adversary"], batch, refined, step)
        return {name: term.float() for name, term in terms.items()}

    def _terms(
        self, batch: Batch, corrections: Corrections, refined: Tensor, shaded: Tensor
    ) -> dict[str, Tensor]:
        inner = (..., slice(_RIM, -_RIM), slice(_RIM, -_RIM))
        truth, weight = batch.truth[inner], self._weight_of_l1(batch)[inner]
        output, rig = refined[inner], batch.warped[:, :3][inner]
        error = output - truth
        worse = F.relu(error.abs() - (rig - truth).abs())
        wants = self._weights
        terms = {
            "l1": (error.abs() * weight).mean() * wants.l1,
            "unmasked": ((shaded[inner] - truth).abs() * weight).mean() * wants.unmasked,
            "gradient": (_gradient(error) * weight[..., :-1, :-1]).mean() * wants.gradient,
            "worse": (worse * weight).mean() * wants.worse,
            "mask": corrections.mask.mean() * wants.mask,
            "flow": _astray(corrections.flow, batch) * wants.flow,
            "smooth": _gradient(corrections.flow).mean() * wants.smooth,
        }
        if self._perceptual is not None:
            terms["perceptual"] = self._perceptual(output, truth) * wants.perceptual
        return terms

    def _weight_of_l1(self, batch: Batch) -> Tensor:
        opening = batch.warped[:, 3:4] * 0.5 + 0.5  # the first of MAPS
        return batch.weight * (1.0 - (1.0 - self._weights.in_mouth) * opening)

    def _judged(
        self, adversary: nn.Module, batch: Batch, refined: Tensor, step: int
    ) -> dict[str, Tensor]:
        assert isinstance(adversary, Adversary)
        around_parts = F.relu(batch.weight - 1.0)
        verdict = adversary.judge(refined, batch.truth, batch.warped[:, 3:], around_parts)
        say = min(step / _FOOLED_FROM, 1.0)
        return {
            "telling": verdict.telling,
            "fooling": verdict.fooling * (self._weights.fooling * say),
            "matching": verdict.matching * (self._weights.matching * say),
        }

    @torch.no_grad()
    def scores(self, networks: nn.ModuleDict) -> dict[str, float]:
        """L1 of 255, weighted towards eyes and mouth: of the refined picture and of the rig's."""
        totals = dict.fromkeys(("held_out", "held_out_rig", "held_out_mask"), 0.0)
        for k in range(0, len(self._held_out), 8):
            batch = whole_batch(self._held_out[k : k + 8]).on(self._computing.device)
            corrections, refined, _ = run(networks["refiner"], batch)
            share = batch.weight / batch.weight.sum()
            for name, picture in (("held_out", refined), ("held_out_rig", batch.warped[:, :3])):
                difference = (picture.clamp(-1, 1) - batch.truth).abs().mean(1, keepdim=True)
                totals[name] += float((difference * share).sum() * 127.5)
            totals["held_out_mask"] += float(corrections.mask.mean())
        return {name: total / (len(self._held_out) / 8) for name, total in totals.items()}

    @torch.no_grad()
    def sheet(self, networks: nn.ModuleDict) -> Pixels:
        """Columns, twice: portrait, rig, refined, truth, mask."""
        batch = whole_batch(self._held_out[: 2 * _SHEET_ROWS]).on(self._computing.device)
        corrections, refined, _ = run(networks["refiner"], batch)
        mask = corrections.mask.expand(-1, 3, -1, -1) * 2 - 1
        columns = [batch.portrait[:, :3], batch.warped[:, :3], refined, batch.truth, mask]
        strips = [np.hstack([_pixels(column[k]) for column in columns]) for k in range(len(mask))]
        halves = [np.vstack(strips[:_SHEET_ROWS]), np.vstack(strips[_SHEET_ROWS:])]
        return np.hstack(halves)

    def refresh(self) -> dict[str, float]:
        """Take in what the fillers made meanwhile, a few at a time."""
        self._pool.refresh(at_most=10)
        return {"couples": float(len(self._pool))}


def run(refiner: nn.Module, batch: Batch) -> tuple[Corrections, Tensor, Tensor]:
    """The network's corrections, the refined crops, and those without colours; all fp32."""
    assert isinstance(refiner, Refiner)
    features = refiner.portrait(batch.portrait, batch.small)
    corrections = Corrections(*(x.float() for x in refiner(batch.warped, *features, batch.motion)))
    refined, shaded = applied(batch.warped, corrections)
    return corrections, refined, shaded


def load_average(path: Path) -> Refiner:
    """The averaged refiner of a checkpoint.

    Raises:
        InputError: the file is missing, damaged or of another network.
    """
    refiner, prefix = Refiner(MOTION_LENGTH), "refiner."
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)["average"]
        mine = {n.removeprefix(prefix): v for n, v in state.items() if n.startswith(prefix)}
        refiner.load_state_dict(mine)
    except (OSError, RuntimeError, KeyError, ValueError, TypeError, UnpicklingError):
        raise InputError(f"{path} is no checkpoint of this network: name one of a run.") from None
    return refiner.eval()


def _astray(flow: Tensor, batch: Batch) -> Tensor:
    """Mean px by which the flow (N, 2, S, S) leads past the landmarks that lie in the window."""
    side = flow.shape[-1]
    at = ((batch.found + 0.5) * (2.0 / side) - 1.0)[:, :, None]
    led = F.grid_sample(flow.float(), at, align_corners=False)[..., 0].permute(0, 2, 1)
    inside = ((batch.found > 0) & (batch.found < side - 1)).all(-1).float()
    missed = ((led - batch.way).square().sum(-1) + 0.05).sqrt()
    return (missed * inside).sum() / inside.sum().clamp(min=1.0)


def _gradient(x: Tensor) -> Tensor:
    """(N, C, h, w) -> (N, C, h - 1, w - 1): absolute differences to right and below."""
    right = (x[..., :-1, 1:] - x[..., :-1, :-1]).abs()
    return right + (x[..., 1:, :-1] - x[..., :-1, :-1]).abs()


def _pixels(picture: Tensor) -> Pixels:
    light = picture.permute(1, 2, 0).float().clamp(-1, 1).cpu().numpy()
    return np.ascontiguousarray(((light + 1) * 127.5 + 0.5).astype(np.uint8))
