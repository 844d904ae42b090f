"""Eq. 8 to 12: what the six pictures of a step are held to."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from training.clips.pairs import BOXES, COEFFICIENTS, POSES
from training.dpe.batches import Batch
from training.dpe.coefficients import GROUPS, groups_of
from training.dpe.cycle import Codes, Drawn
from training.dpe.expression_network import ExpressionNetwork
from training.dpe.perceptual import PerceptualPairs
from training.dpe.recipe import Recipe, Weights

Picture = Tensor
_MOUTH, _EYES = (-0.5, 0.28, 0.5, 0.95), (-0.68, -0.55, 0.68, -0.1)
"""Boxes in the aligned square (`training/clips/alignment.py`)."""
_SHARES = (1.0, 0.5, 0.5)
"""Of coefficients, poses and boxes in what is read."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Judges:
    """Frozen networks; None where a run has none, and then leaves that loss out."""

    perceptual: PerceptualPairs | None
    expression: ExpressionNetwork | None


class ReadingHeads(nn.Module):
    """What is known of rendered heads, linearly from the codes; for the reading stage of `small`.

    Coefficients are read off the expression code and poses off the pose code. Off the picture's
    own code are read the boxes of face, mouth and eyes: a network that knows where they lie finds
    what they do with fewer pictures.
    """

    scale: Tensor
    middle: Tensor

    def __init__(self, style: int) -> None:
        super().__init__()
        self.expression = nn.Linear(style, len(GROUPS))
        self.pose = nn.Linear(style, POSES)
        self.boxes = nn.Linear(style, BOXES)
        numbers = len(GROUPS) + POSES + BOXES
        self.register_buffer("middle", torch.zeros(numbers))
        self.register_buffer("scale", torch.ones(numbers))

    def measure(self, known: Tensor) -> None:
        """Standardise by what is known (M, 70) of the people learned from."""
        numbers = _grouped(known)
        self.middle.copy_(numbers.mean(0))
        self.scale.copy_(numbers.std(0).clamp(min=0.02))

    def standard(self, known: Tensor) -> Tensor:
        """(..., 70): 52 coefficients, 6 of a pose, 12 of boxes -> (..., 30) in deviations."""
        return (_grouped(known) - self.middle) / self.scale

    def unlike(self, codes: Codes, batch: Batch) -> Tensor:
        """Mean squared error in deviations, over the pairs whose truth is known."""
        known = torch.cat((batch.coefficients, batch.poses, batch.boxes), dim=2)
        wanted = self.standard(known.transpose(0, 1).flatten(0, 1))  # S first, as codes are
        found = (
            self.expression(codes.expression.float()),
            self.pose(codes.pose.float()),
            self.boxes(codes.code.float()),
        )
        each, first = torch.zeros_like(wanted[:, 0]), 0
        for share, part in zip(_SHARES, found, strict=True):
            last = first + part.shape[1]
            each = each + share * (part - wanted[:, first:last]).square().mean(1)
            first = last
        return (each * batch.is_known.repeat(2)).mean()


def self_losses(
    drawn: Drawn, batch: Batch, weights: Weights, recipe: Recipe, judges: Judges
) -> dict[str, Tensor]:
    """Of e(S, S) and p(S, S): the paper's core of the disentanglement."""
    if not recipe.uses("self"):
        return {}
    given = [(picture, batch.source) for picture in drawn.itself]
    losses: dict[str, Tensor] = {}
    if weights.itself:
        where = region_weights(batch.alignments[:, 0], batch.source, weights.regions)
        total = torch.stack([_unequal(a, b, where) for a, b in given]).sum()
        losses["itself"] = weights.itself * total
    if weights.perceptual and judges.perceptual is not None:
        losses["perceptual_itself"] = weights.perceptual * judges.perceptual(given)
    return losses


def _grouped(known: Tensor) -> Tensor:
    groups = groups_of(known[..., :COEFFICIENTS])
    return torch.cat([groups, known[..., COEFFICIENTS:]], dim=-1)


def edited_losses(
    drawn: Drawn, batch: Batch, weights: Weights, recipe: Recipe, judges: Judges
) -> dict[str, Tensor]:
    """e(S, D) and p(S, D) against the exact pictures; nothing where these are not known."""
    known = batch.is_known[:, None, None, None]
    wanted = [
        torch.where(known, exact, picture.detach())
        for picture, exact in zip(
            drawn.edited, (batch.expression_only, batch.pose_only), strict=True
        )
    ]
    given = list(zip(drawn.edited, wanted, strict=True))
    at_s, at_d = batch.alignments[:, 0], batch.alignments[:, 1]
    where = [region_weights(at, batch.source, weights.regions) for at in (at_s, at_d)]
    apart = [_unequal(a, b, there) for (a, b), there in zip(given, where, strict=True)]
    losses = {"truth": weights.truth * torch.stack(apart).sum()}
    if weights.perceptual and judges.perceptual is not None:
        losses["perceptual"] = weights.perceptual * judges.perceptual(given)
    if weights.expression and judges.expression is not None and recipe.uses("expression"):
        faces = [(drawn.edited[0], at_s, wanted[0], at_s)]
        losses["expression"] = weights.expression * judges.expression.unlike(faces)
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
