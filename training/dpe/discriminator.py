"""The adversary of the LIA family: StyleGAN2's discriminator (Karras 2020), and its losses."""

import math
from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from engine.dpe.nets.encoder import Residual
from engine.stylegan.layers import GAIN, SLOPE, ConvLayer, EqualLinear

_GROUP = 4
R1_EVERY = 16
"""Steps between two penalties, which then count as many times (Karras 2020, Sec. 3.1)."""


class Discriminator(nn.Module):
    """Says how real a picture looks."""

    def __init__(self, widths: Sequence[int]) -> None:
        """`widths` are the channels at 4, 8, 16, ... pixels, up to the picture's size."""
        super().__init__()
        down = list(reversed(widths))
        self.first = ConvLayer(3, down[0], 1)
        self.blocks = nn.Sequential(*(Residual(above, below) for above, below in pairwise(down)))
        self.last = ConvLayer(down[-1] + 1, down[-1], 3)
        self.hidden = EqualLinear(16 * down[-1], down[-1])
        self.score = EqualLinear(down[-1], 1)

    def forward(self, picture: Tensor) -> Tensor:
        """(N, 3, size, size) in -1..1 -> (N,), higher is more real."""
        x = self.blocks(self.first(picture))
        x = self.last(torch.cat([x, _deviation(x)], dim=1))
        x = F.leaky_relu(self.hidden(x.flatten(1)), SLOPE) * GAIN
        score: Tensor = self.score(x)
        return score[:, 0]


def telling(judge: Discriminator, real: Tensor, drawn: Tensor) -> Tensor:
    """What the discriminator minimises, non-saturating; reaches its own weights only."""
    return F.softplus(judge(drawn.detach())).mean() + F.softplus(-judge(real)).mean()


def fooling(judge: Discriminator, drawn: Tensor) -> Tensor:
    """What the generators minimise (Eq. 11); reaches the pictures only."""
    judge.requires_grad_(requires_grad=False)
    loss = F.softplus(-judge(drawn)).mean()
    judge.requires_grad_(requires_grad=True)
    return loss


def r1(judge: Discriminator, real: Tensor) -> Tensor:
    """The squared gradient at real pictures, a mean over them."""
    real = real.detach().requires_grad_()
    (gradient,) = torch.autograd.grad(judge(real).sum(), real, create_graph=True)
    squared: Tensor = gradient.square().sum((1, 2, 3)).mean()
    return squared


def _deviation(x: Tensor) -> Tensor:
    """(N, C, h, w) -> (N, 1, h, w): how much a few neighbours in the batch differ.

    Groups are of neighbours, so that they are the same however a batch is shared among processes
    whose part is a multiple of four.
    """
    group = math.gcd(len(x), _GROUP)
    groups = x.reshape(len(x) // group, group, *x.shape[1:])
    mean = groups.var(1, correction=0).add(1e-8).sqrt().mean((1, 2, 3))
    return mean.repeat_interleave(group)[:, None, None, None].expand(-1, 1, *x.shape[2:])
