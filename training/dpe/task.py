"""DPE's strategy as the trainer knows it: networks, losses of a step, what is measured."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from engine.dpe.nets.dpe import DPE
from engine.frame import Pixels
from training.computing import Computing
from training.dpe.batches import Batches
from training.dpe.cycle import Drawn, draw_cycle, draw_edited, draw_itself, read
from training.dpe.discriminator import R1_EVERY, Discriminator, fooling, r1, telling
from training.dpe.held_out import HeldOutClips, HeldOutHeads, sheet_of
from training.dpe.initial import begin_gently
from training.dpe.losses import Judges, ReadingHeads, cycle_losses, edited_losses, self_losses
from training.dpe.recipe import Recipe


class DpeTask:
    """A `training.task.Task`, and the `training.trainer.Schedule` of its stages."""

    def __init__(
        self,
        recipe: Recipe,
        batches: Batches,
        judges: Judges,
        held_out: Sequence[HeldOutHeads | HeldOutClips],
        *,
        computing: Computing | None = None,
    ) -> None:
        self.recipe = recipe
        self._batches, self._judges, self._held_out = batches, judges, held_out
        self._computing = computing or Computing()
        self.networks = networks_of(recipe)
        for judge in (judges.perceptual, judges.expression):
            if judge is not None:
                judge.to(self._computing.device)

    def begin(self, step: int) -> None:
        """Let learn what the step's stage lets learn."""
        stage, _ = self.recipe.stage_at(step)
        dpe = dpe_of(self.networks)
        self.networks.requires_grad_(stage.learns == "all")
        if stage.learns == "expression":
            _let_learn(dpe.expression, dpe.pose.motion, dpe.projection)
            if "discriminator" in self.networks:
                _let_learn(self.networks["discriminator"])
        if stage.learns == "encoder":
            _let_learn(dpe.encoder, dpe.projection, dpe.directions)
            _let_learn(dpe.expression.motion, dpe.pose.motion, self.networks["reading"])

    def rate(self, step: int) -> float:
        """The learning rate of a step."""
        stage, at = self.recipe.stage_at(step)
        if not self.recipe.falls:
            return stage.rate
        warm = min(1.0, (at + 1) / 30)
        fall = 0.05 + 0.95 * 0.5 * (1 + float(np.cos(np.pi * at / max(stage.steps, 1))))
        return stage.rate * warm * fall

    def losses(
        self, networks: nn.ModuleDict, random: np.random.Generator, step: int
    ) -> dict[str, Tensor]:
        """One part of a step's batch; which is drawn, step and place say and not `random`."""
        stage, at = self.recipe.stage_at(step)
        batch = self._batches.next(step).to(self._computing.device)
        dpe, weights, found = dpe_of(networks), stage.weights, dict[str, Tensor]()
        with self._computing.lowered():
            codes = read(dpe, batch.source, batch.driving)
            drawn: Drawn | None = None
            if stage.draws == "self":
                drawn = draw_itself(dpe, codes)
            elif stage.draws == "edits":
                drawn = draw_edited(dpe, codes)
            elif stage.draws == "cycle":
                drawn = draw_cycle(dpe, codes)
        if drawn is not None:
            drawn = drawn.mapped(Tensor.float)
            if drawn.itself:
                found |= self_losses(drawn, batch, weights, self.recipe, self._judges)
            if drawn.edited:
                found |= edited_losses(drawn, batch, weights, self.recipe, self._judges)
        if drawn is not None and drawn.cycle:
            found |= cycle_losses(drawn, batch, weights, self.recipe, self._judges)
            if weights.adversarial:
                judge = networks["discriminator"]
                assert isinstance(judge, Discriminator)
                _, s2, _, d2 = drawn.cycle
                pictures = torch.cat([s2, d2])
                real = torch.cat([batch.source, batch.driving])
                found["adversarial"] = weights.adversarial * fooling(judge, pictures)
                found["telling"] = telling(judge, real, pictures)
                if weights.r1 and at % R1_EVERY == 0:
                    found["r1"] = 0.5 * weights.r1 * R1_EVERY * r1(judge, real)
        if weights.reading:
            heads = networks["reading"]
            assert isinstance(heads, ReadingHeads)
            found["reading"] = weights.reading * heads.unlike(codes, batch)
        return found

    def scores(self, networks: nn.ModuleDict) -> dict[str, float]:
        """On held-out people; r beside every run."""
        dpe = dpe_of(networks)
        found: dict[str, float] = {}
        for people in self._held_out:
            found |= people.scores(dpe)
        return found

    def sheet(self, networks: nn.ModuleDict) -> Pixels:
        """S, S', S'', D, D', D'' as in the paper's Fig. 3."""
        dpe = dpe_of(networks)
        return sheet_of([row for people in self._held_out for row in people.rows(dpe)])

    def refresh(self) -> dict[str, float]:
        """How long training stood still for its pairs, in all."""
        return {"waited_s": self._batches.waited_s, "pairs": float(self._batches.pairs)}


def networks_of(recipe: Recipe) -> nn.ModuleDict:
    """All that learns: DPE, and what it needs beside it while it learns."""
    dpe = DPE(recipe.layout)
    if recipe.begins_gently:
        begin_gently(dpe)
    networks = nn.ModuleDict({"dpe": dpe})
    if any(stage.weights.adversarial for stage in recipe.stages):
        widths = recipe.adversary_widths or recipe.layout.widths
        networks["discriminator"] = Discriminator(widths)
    if any(stage.weights.reading for stage in recipe.stages):
        networks["reading"] = ReadingHeads(recipe.layout.style)
    return networks


def dpe_of(networks: nn.ModuleDict) -> DPE:
    """The networks that are shipped."""
    dpe = networks["dpe"]
    assert isinstance(dpe, DPE)
    return dpe


def _let_learn(*parts: nn.Module) -> None:
    for part in parts:
        part.requires_grad_(requires_grad=True)
