"""A patch discriminator: tells rendered patches from refined ones, so that teeth do not blur.

Hinge loss and feature matching (Wang 2018, pix2pixHD, Sec. 3.2). It learns beside the
network that it judges, by the same optimiser: each of its losses reaches one of the two only.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

_WIDTHS = (32, 64, 96)
_SLOPE = 0.2


class Verdict(NamedTuple):
    """Scalars."""

    telling: Tensor
    """What the discriminator minimises; reaches its own weights only."""
    fooling: Tensor
    """What the network minimises; reaches the pictures only."""
    matching: Tensor
    """Likewise: the mean distance of the discriminator's features."""


class Adversary(nn.Module):
    """Looks at patches of 26 px of a picture and of the regions that it should show."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        first, second, third = _WIDTHS
        self.layers = nn.ModuleList(
            [
                nn.Conv2d(channels, first, 4, stride=2, padding=1),
                nn.Conv2d(first, second, 4, stride=2, padding=1),
                nn.Conv2d(second, third, 3, padding=1),
            ]
        )
        self.last = nn.Conv2d(third, 1, 3, padding=1)

    def forward(self, seen: Tensor) -> list[Tensor]:
        """(N, channels, S, S) -> each layer's features, and last the (N, 1, S/4, S/4) score."""
        taps, x = [], seen
        for layer in self.layers:
            x = F.leaky_relu(layer(x), _SLOPE)
            taps.append(x)
        return [*taps, self.last(x)]

    def judge(self, output: Tensor, truth: Tensor, regions: Tensor, watched: Tensor) -> Verdict:
        """One batch.

        Args:
            output: (N, 3, S, S) of the network.
            truth: (N, 3, S, S) rendered.
            regions: (N, C, S, S) region maps, the same for both.
            watched: (N, 1, S, S), at least 0: where it matters.
        """
        real, fake = torch.cat([truth, regions], 1), torch.cat([output, regions], 1)
        both = self(torch.cat([real, fake.detach()]))[-1]
        share = F.avg_pool2d(watched, 4)
        share = share / share.sum().clamp(min=1e-6)
        says_real, says_fake = both.chunk(2)
        telling = ((F.relu(1.0 - says_real) + F.relu(1.0 + says_fake)) * share).sum()
        self.requires_grad_(requires_grad=False)
        with torch.no_grad():
            wanted = self(real)
        given = self(fake)
        self.requires_grad_(requires_grad=True)
        fooling = -(given[-1] * share).sum()
        matching = torch.stack(
            [(mine - yours).abs().mean() for mine, yours in zip(given[:-1], wanted, strict=False)]
        ).sum()
        return Verdict(telling, fooling, matching)
