"""The slow twin of PD-FGC's generator: computed step by step as the release computes it.

Modulated convolutions as grouped convolutions with a weight per sample, each low-pass as a padded
one-channel convolution, the whole style of 2590 numbers at every layer and every picture. It works
on a state dict in the authors' names and shares no code with engine/pdfgc. The three encoders are
plain networks: there is one way to write them.
"""

from collections.abc import Mapping

import torch
from torch import Tensor

from benchmarks.authors_form import leaky, modulated_conv, up_fir_down

State = Mapping[str, Tensor]
LEVELS = 5


def styled_conv(x: Tensor, style: Tensor, state: State, name: str, number: int) -> Tensor:
    """Convolve with modulated weights, add noise, activate; an odd number doubles the size."""
    x = modulated_conv(x, style, state, f"{name}.conv", up=number % 2 == 1)
    x = x + state[f"{name}.noise.weight"] * state[f"noises.noise_{number}"]
    return leaky(x, state[f"{name}.activate.bias"])


def to_rgb(x: Tensor, style: Tensor, below: Tensor | None, state: State, name: str) -> Tensor:
    """Add this level's picture to the one below."""
    out = modulated_conv(x, style, state, f"{name}.conv", demodulate=False)
    out = out + state[f"{name}.bias"]
    if below is not None:
        out = out + up_fir_down(below, state[f"{name}.upsample.kernel"], 2, (2, 1))
    return out


def synthesis(style: Tensor, start: Tensor, state: State) -> Tensor:
    """Draw a picture from a style (N, 2590) and a map (N, 512, 7, 7)."""
    x = styled_conv(start, style, state, "conv1", 0)
    rgb = to_rgb(x, style, None, state, "to_rgb1")
    for level in range(LEVELS):
        x = styled_conv(x, style, state, f"convs.{2 * level}", 2 * level + 1)
        x = styled_conv(x, style, state, f"convs.{2 * level + 1}", 2 * level + 2)
        rgb = to_rgb(x, style, rgb, state, f"to_rgbs.{level}")
    return torch.tanh(rgb)
