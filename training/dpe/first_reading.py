"""An encoder that reads something before it has learned: filters of patches, least squares on top.

From StyleGAN2's own initialisation an expression code told next to nothing after 16,000 pictures.
Filters that are whitened patches of what they will see, most of them at mouths and eyes (as Coates
and Ng 2011 have it, layer after layer), and a last layer that is the regression of the known
numbers on what these filters give, read at once better than 30,000 pictures had taught.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from engine.dpe.nets.dpe import DPE
from engine.dpe.nets.encoder import AppearanceEncoder
from engine.stylegan.layers import ConvLayer, EqualConv, EqualLinear, LeakyBias, typed
from training.clips.pairs import BOXES, POSES
from training.dpe.coefficients import GROUPS
from training.dpe.losses import ReadingHeads

_MOTION = 0.3
"""Size of the first motion codes beside a picture's own."""
_RIDGE = 0.1
"""Of the regression, in mean squares of a feature."""
_AT_ONCE = 64
_PATCHES = 3000
_AT_PARTS = 0.7
"""Share of the patches that lie at mouths and eyes."""
_WHITENING = 0.1
"""Added to each variance, in their mean: noise is not made as large as a feature."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Seen:
    """Pictures that filters are made of."""

    pictures: Tensor
    """(N, 3, S, S) in -1..1"""
    boxes: Tensor
    """(N, 12): face, mouth, eyes as in `HeadGrid`."""
    random: np.random.Generator


@torch.no_grad()
def filters_of_patches(encoder: AppearanceEncoder, seen: Seen) -> None:
    """Set every filter but those of the last layer, each from what the layer below gives.

    On these pictures a filter's answers, before the activation, have mean 0 and deviation 1.
    """
    x = _set_filters(encoder.first, seen.pictures, seen)
    for block in encoder.blocks:
        main = _set_filters(block.conv2, _set_filters(block.conv1, x, seen), seen)
        x = (main + _set_filters(block.skip, x, seen)) / math.sqrt(2.0)
    codes: Tensor = encoder.last(x)
    encoder.last.weight.div_(codes.std((0, 2, 3))[:, None, None, None] + 1e-6)


def _set_filters(layer: ConvLayer, x: Tensor, seen: Seen) -> Tensor:
    activation = layer[-1] if isinstance(layer[-1], LeakyBias) else None
    for part in layer:
        if isinstance(part, EqualConv):
            filters = _filters(_patches(x, part.weight.shape[-1], seen), len(part.weight), seen)
            part.weight.copy_(filters.reshape(part.weight.shape) / _scale(part))
            raw: Tensor = part(x)
            spread = raw.std((0, 2, 3)) + 1e-6
            part.weight.div_(spread[:, None, None, None])
            if activation is not None:
                activation.bias.copy_((-raw.mean((0, 2, 3)) / spread)[None, :, None, None])
        x = part(x)
    return x


def _filters(patches: Tensor, count: int, seen: Seen) -> Tensor:
    """(count, n): some of the patches (M, n), whitened."""
    centred = (patches - patches.mean(0)).double()
    values, vectors = torch.linalg.eigh(centred.T @ centred / len(centred))
    whiten = vectors * (values + _WHITENING * values.mean()).rsqrt() @ vectors.T
    chosen = torch.from_numpy(seen.random.choice(len(patches), count, replace=False))
    white = centred[chosen] @ whiten
    filters: Tensor = white / (white.norm(dim=1, keepdim=True) + 1e-9) @ whiten
    return filters.float()


def _patches(x: Tensor, side: int, seen: Seen) -> Tensor:
    """(M, C side side) of maps (N, C, h, w)."""
    random, size = seen.random, x.shape[-1]
    which = random.integers(0, len(x), _PATCHES)
    part = random.integers(1, 3, _PATCHES)  # mouth, eyes
    boxes = seen.boxes.numpy().reshape(-1, 3, 4)[which, part]
    anywhere = random.random(_PATCHES) > _AT_PARTS
    boxes[anywhere] = (-1.0, -1.0, 1.0, 1.0)
    spot = boxes[:, :2] + random.random((_PATCHES, 2)) * (boxes[:, 2:] - boxes[:, :2])
    reach = side // 2
    columns, rows = np.clip(((spot + 1) * size / 2).astype(int), reach, size - 1 - reach).T
    found = [
        x[n, :, row - reach : row + reach + 1, column - reach : column + reach + 1].flatten()
        for n, row, column in zip(which, rows, columns, strict=True)
    ]
    return torch.stack(found)


def _scale(conv: EqualConv) -> float:
    """What a stored weight is multiplied by when it is used."""
    return 1.0 / math.sqrt(conv.weight[0].numel())


@torch.no_grad()
def read_at_first(model: DPE, heads: ReadingHeads, pictures: Tensor, wanted: Tensor) -> None:
    """Solve for the last layer; the chains hand on what it gives, and the heads take it off there.

    Args:
        model: its chains are of identities (`initial.py`).
        heads: measured already.
        pictures: (M, 3, S, S) in 0..255.
        wanted: (M, 30) groups of coefficients, poses and boxes, in the heads' standard.
    """
    encoder = model.encoder.net_app
    features = torch.cat([_deep(encoder, some) for some in _in_parts(pictures)]).double()
    middle = features.mean(0)
    features = features - middle
    square = features.T @ features / len(features)
    square += _RIDGE * square.diagonal().mean() * torch.eye(len(square), dtype=square.dtype)
    found = torch.linalg.solve(square, features.T @ wanted.double() / len(features)).T
    offsets = -(found @ middle).float()
    _set_last(encoder.last, found.float())
    moves = len(GROUPS) + POSES
    _set_projection(typed(model.projection, EqualLinear)[-1], moves, offsets)
    basis = model.directions.basis
    of_expression, of_pose = basis[:, : len(GROUPS)], basis[:, len(GROUPS) : moves]
    for branch, own, head in (
        (model.expression, of_expression, heads.expression),
        (model.pose, of_pose, heads.pose),
    ):
        _set(typed(branch.motion, EqualLinear)[-1], _MOTION * own @ own.T)
        head.weight.copy_(own.T / _MOTION)
        head.bias.zero_()
    heads.boxes.weight.zero_()
    heads.boxes.weight[:, moves : moves + BOXES] = torch.eye(BOXES)
    heads.boxes.bias.copy_(offsets[moves:])


def fits(model: DPE) -> bool:
    """Whether code and basis are long enough for what is read."""
    moves = len(GROUPS) + POSES
    return model.layout.directions >= moves and model.layout.style >= moves + BOXES


def _in_parts(pictures: Tensor) -> Iterator[Tensor]:
    for first in range(0, len(pictures), _AT_ONCE):
        yield pictures[first : first + _AT_ONCE]


def _deep(encoder: AppearanceEncoder, pictures: Tensor) -> Tensor:
    """What the last layer sees, (n, features)."""
    x: Tensor = encoder.first(pictures.float() / 127.5 - 1.0)
    for block in encoder.blocks:
        x = block(x)
    return x.flatten(1)


def _set_last(last: EqualConv, rows: Tensor) -> None:
    one = last.weight[0]
    last.weight[: len(rows)] = rows.reshape(-1, *one.shape) * math.sqrt(one.numel())


def _set_projection(last: EqualLinear, moves: int, offsets: Tensor) -> None:
    rows = torch.zeros_like(last.weight)
    rows[:moves, :moves] = torch.eye(moves)
    free = torch.arange(moves, len(rows))
    rows[free, free + BOXES] = 0.1  # directions that nothing known is read off
    _set(last, rows)
    last.bias[:moves] = offsets[:moves]


def _set(layer: nn.Module, effective: Tensor) -> None:
    assert isinstance(layer, EqualLinear)
    layer.weight.copy_(effective * math.sqrt(effective.shape[1]))
    layer.bias.zero_()
