"""The listener's network in torch, and how it learns; `engine.speech.listener` is its twin.

Causal: what it says at frame t is of frame t - LOOK_AHEAD, so it has heard 40 ms beyond that.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from engine.speech.features import BANDS
from engine.speech.listener import DILATIONS, LOOK_AHEAD, TAPS
from engine.speech.visemes import VISEMES
from training.speech.lessons import Lessons

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How it is learned; what the listener that ships was learned by is in its manifest."""

    width: int = 160
    steps: int = 6000
    batch: int = 16
    span: int = 400
    """Frames of a window; the first WARM of them are heard, and nothing is asked of them."""
    rate: float = 3e-3
    decay: float = 1e-3
    smoothing: float = 0.05
    loudness: float = 0.9
    """Standard deviation of what is added to a window's logarithms."""
    warp: float = 0.1
    """Most by which the bands are stretched or squeezed: other vocal tracts."""
    seed: int = 0


WARM = 64


class Network(nn.Module):
    """Five dilated convolutions that see 630 ms of the past and nothing of the future."""

    def __init__(self, width: int) -> None:
        super().__init__()
        first, *others = DILATIONS
        self.first = nn.Conv1d(BANDS, width, TAPS, dilation=first)
        self.others = nn.ModuleList(nn.Conv1d(width, width, TAPS, dilation=d) for d in others)
        self.out = nn.Conv1d(width, len(VISEMES), 1)

    def forward(self, features: Tensor) -> Tensor:
        """(B, 40, T) -> (B, 16, T) scores."""
        reach = TAPS - 1
        padded = nn.functional.pad(features, (reach * DILATIONS[0], 0))
        seen = torch.relu(self.first(padded))
        for layer, dilation in zip(self.others, DILATIONS[1:], strict=True):
            seen = seen + torch.relu(layer(nn.functional.pad(seen, (reach * dilation, 0))))
        scores: Tensor = self.out(seen)
        return scores

    def arrays(self, mean: Floats, spread: Floats) -> dict[str, Floats]:
        """What `engine.speech.listener` reads: weights as (taps * inputs, outputs)."""
        found = {"mean": mean, "spread": spread}
        for number, layer in enumerate((self.first, *self.others)):
            assert isinstance(layer, nn.Conv1d)
            weight = layer.weight.detach().permute(2, 1, 0)  # (taps, inputs, outputs)
            found[f"weight_{number}"] = weight.reshape(-1, weight.shape[2]).numpy().copy()
            assert layer.bias is not None
            found[f"bias_{number}"] = layer.bias.detach().numpy().copy()
        assert self.out.bias is not None
        found["weight_out"] = self.out.weight.detach()[:, :, 0].T.numpy().copy()
        found["bias_out"] = self.out.bias.detach().numpy().copy()
        return found


def learn(
    lessons: Lessons, recipe: Recipe, tell: Callable[[int, float], None]
) -> dict[str, Floats]:
    """The listener's arrays; `tell` hears of step and mean loss. Same input, same thread: same."""
    torch.manual_seed(recipe.seed)
    draw = np.random.default_rng(recipe.seed)
    features = lessons.features.astype(np.float32)
    mean, spread = features.mean(axis=0), features.std(axis=0)
    network = Network(recipe.width)
    optimiser = torch.optim.AdamW(network.parameters(), recipe.rate, weight_decay=recipe.decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, recipe.rate, total_steps=recipe.steps)
    total = 0.0
    for step in range(1, recipe.steps + 1):
        seen, said = _batch(features, lessons.visemes, recipe, draw)
        scores = network(torch.from_numpy((seen - mean) / spread).transpose(1, 2))
        loss = nn.functional.cross_entropy(
            scores[..., WARM:], torch.from_numpy(said), label_smoothing=recipe.smoothing
        )
        optimiser.zero_grad()
        torch.autograd.backward(loss)
        optimiser.step()
        schedule.step()
        total += float(loss.detach())
        if step % 100 == 0:
            tell(step, total / 100)
            total = 0.0
    return network.arrays(mean, spread)


def _batch(
    features: Floats, visemes: NDArray[np.uint8], recipe: Recipe, draw: np.random.Generator
) -> tuple[Floats, NDArray[np.int64]]:
    """(B, span, 40) as other voices and rooms would sound, and (B, span - WARM)."""
    begins = draw.integers(0, len(features) - recipe.span, recipe.batch)
    seen = np.stack([features[begin : begin + recipe.span] for begin in begins])
    said = np.stack([visemes[b + WARM - LOOK_AHEAD : b + recipe.span - LOOK_AHEAD] for b in begins])
    seen = _warped(seen, draw.uniform(1.0 - recipe.warp, 1.0 + recipe.warp, recipe.batch))
    seen += draw.normal(0.0, recipe.loudness, (recipe.batch, 1, 1)).astype(np.float32)
    floors = np.where(draw.random(recipe.batch) < 0.5, draw.uniform(-9.0, -3.0, recipe.batch), -99)
    seen = np.maximum(seen, floors[:, None, None].astype(np.float32))
    return seen, said.astype(np.int64)


def _warped(seen: Floats, stretches: NDArray[np.float64]) -> Floats:
    """Bands read from a little higher or lower."""
    places = np.clip(np.arange(BANDS) * stretches[:, None], 0, BANDS - 1.001)
    low = places.astype(int)
    share = (places - low).astype(np.float32)[:, None]
    below = np.take_along_axis(seen, low[:, None], axis=2)
    above = np.take_along_axis(seen, low[:, None] + 1, axis=2)
    return np.asarray(below * (1.0 - share) + above * share, np.float32)
