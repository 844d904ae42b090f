"""Eq. 8 to 12: what the six pictures of a step are held to."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from training.dpe.batches import Batch
from training.dpe.coefficients import GROUPS, groups_of
from training.dpe.cycle import Codes, Drawn
from training.dpe.expression_network import ExpressionNetwork
from training.dpe.perceptual import PerceptualPairs
from training.dpe.recipe import Recipe, Weights

Picture = Tensor
_MOUTH, _EYES = (-0.5, 0.28, 0.5, 0.95), (-0.68, -0.55, 0.68, -0.1)
"""Boxes in the aligned square (`training/clips/alignment.py`)."""
_TRUE_POSES = 3
"""Yaw, pitch and roll are read off the pose code."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Judges:
    """Frozen networks; None where a run has none, and then leaves that loss out."""

    perceptual: PerceptualPairs | None
    expression: ExpressionNetwork | None


class ReadingHeads(nn.Module):
    """Known coefficients, linearly from the motion codes; for the reading stage of `small`."""

    scale: Tensor
    middle: Tensor

    def __init__(self, style: int) -> None:
        super().__init__()
        self.expression = nn.Linear(style, len(GROUPS))
        self.pose = nn.Linear(style, _TRUE_POSES)
        numbers = len(GROUPS) + _TRUE_POSES
        self.register_buffer("middle", torch.zeros(numbers))
        self.register_buffer("scale", torch.ones(numbers))

    def measure(self, coefficients: Tensor, poses: Tensor) -> None:
        """Standardise by (M, 52) and (M, 6) of the people learned from."""
        numbers = torch.cat([groups_of(coefficients), poses[:, :_TRUE_POSES]], dim=1)
        self.middle.copy_(numbers.mean(0))
        self.scale.copy_(numbers.std(0).clamp(min=0.02))

    def unlike(self, codes: Codes, batch: Batch) -> Tensor:
        """Mean squared error in deviations, over the pairs whose truth is known."""
        both = batch.coefficients.transpose(0, 1).flatten(0, 1)
        poses = batch.poses.transpose(0, 1).flatten(0, 1)[:, :_TRUE_POSES]
        wanted = (torch.cat([groups_of(both), poses], dim=1) - self.middle) / self.scale
        codes_read = self.expression(codes.expression), self.pose(codes.pose)
        error = (torch.cat(codes_read, dim=1) - wanted).square().mean(1)
        return (error * batch.is_known.repeat(2)).mean()


def self_losses(
    drawn: Drawn, batch: Batch, weights: Weights, recipe: Recipe, judges: Judges
) -> dict[str, Tensor]:
    """Of e(S, S) and p(S, S): the paper's core of the disentanglement."""
    if not recipe.uses("self"):
        return {}
    given = [(drawn.itself_expression, batch.source), (drawn.itself_pose, batch.source)]
    losses: dict[str, Tensor] = {}
    if weights.itself:
        where = region_weights(batch.alignments[:, 0], batch.source, weights.regions)
        total = torch.stack([_unequal(a, b, where) for a, b in given]).sum()
        losses["itself"] = weights.itself * total
    if weights.perceptual and judges.perceptual is not None:
        losses["perceptual_itself"] = weights.perceptual * judges.perceptual(given)
    return losses


def cycle_losses(
    drawn: Drawn, batch: Batch, weights: Weights, recipe: Recipe, judges: Judges
) -> dict[str, Tensor]:
    """Eq. 8, the rest of Eq. 9, Eq. 10, and exact truths where a recipe takes them."""
    s1, s2, d1, d2 = drawn.cycle
    at_s, at_d = batch.alignments[:, 0], batch.alignments[:, 1]
    on_s = region_weights(at_s, batch.source, weights.regions)
    on_d = region_weights(at_d, batch.source, weights.regions)
    pairs = [(s2, batch.driving, on_d), (d2, batch.source, on_s)]
    if recipe.uses("crossed"):
        pairs.append((s1, d1, on_s))
    unequal = torch.stack([_unequal(a, b, where) for a, b, where in pairs]).sum()
    losses = {"reconstruction": weights.reconstruction * unequal}
    if weights.perceptual and judges.perceptual is not None:
        looks = judges.perceptual([(a, b) for a, b, _ in pairs])
        losses["perceptual"] = weights.perceptual * looks
    if weights.expression and judges.expression is not None and recipe.uses("expression"):
        # S' and D' = p(D, S) have the source's pose, and the driver's expression.
        faces = [(s1, at_s, batch.driving, at_d), (d1, at_s, batch.driving, at_d)]
        losses["expression"] = weights.expression * judges.expression.unlike(faces)
    if weights.truth:
        known = on_s * batch.is_known[:, None, None, None]
        exact = [_unequal(picture, batch.expression_only, known) for picture in (s1, d1)]
        losses["truth"] = weights.truth * torch.stack(exact).sum()
    return losses


def region_weights(alignments: Tensor, like: Picture, regions: float) -> Tensor:
    """(N, 1, S, S): `regions` at mouth and eyes, 1 elsewhere."""
    count, size = len(like), like.shape[-1]
    places = F.affine_grid(
        _inverse(alignments), [count, 1, size, size], align_corners=False
    )  # each pixel's place in the aligned square
    x, y = places[..., 0], places[..., 1]
    marked = torch.zeros_like(x, dtype=torch.bool)
    for left, top, right, bottom in (_MOUTH, _EYES):
        marked |= (x >= left) & (x <= right) & (y >= top) & (y <= bottom)
    return torch.where(marked, regions, 1.0)[:, None]


def _inverse(alignments: Tensor) -> Tensor:
    turn = torch.linalg.inv(alignments[:, :, :2])
    return torch.cat([turn, -turn @ alignments[:, :, 2:]], dim=2)


def _unequal(mine: Picture, yours: Picture, where: Tensor) -> Tensor:
    return ((mine - yours).abs() * where).mean()
