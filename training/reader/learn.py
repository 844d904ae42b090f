"""Learns a reader: a ridge regression, and a small network that corrects it."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from engine.motion import ARKIT_NAMES
from engine.rig.motion.arkit_reader import Reader
from training.reader.features import (
    Floats,
    Rows,
    directions_of,
    exact_twins,
    features_of,
    joined,
    mirror_of_basis,
    ridge_regression,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How a reader is learned."""

    components: int = 200
    """Principal components of the offsets that the directions are made of."""
    hidden: tuple[int, int] = (64, 64)
    steps: int = 2000
    batch: int = 256
    rate: float = 2e-3
    decay: float = 1.0
    """Of the weights, in AdamW."""
    jitter: float = 0.2
    """Noise on the features, over their own deviation: no face is seen twice alike."""
    ridge: float = 0.1
    """Pull of a linear map to zero, over its features' mean square."""
    elbow: float = 0.1
    """Errors below it count by their square, above it by their size: what is 0 is read as 0."""
    exact: float = 0.25
    """Share of the rendered faces that are added as the rig's own shapes would move them."""
    seed: int = 5

    def __post_init__(self) -> None:
        """Refuse sizes that make no network."""
        if min(self.components, *self.hidden, self.steps, self.batch) < 1:
            raise ValueError("components, hidden, steps and batch must be at least 1")


def lessons(rows: Rows, recipe: Recipe) -> Rows:
    """What is learned from: the faces, some exact twins, and the mirror images of them all."""
    random = np.random.default_rng(recipe.seed)
    count = round(recipe.exact * len(rows.offsets))
    chosen = random.permutation(len(rows.offsets))[:count]
    seen = joined([rows, exact_twins(rows.some(chosen))]) if count else rows
    return joined([seen, seen.mirrored(mirror_of_basis())])


def linear_reader(lesson: Rows, recipe: Recipe) -> Reader:
    """A reader whose hidden layers say nothing: ridge regression on the directions."""
    directions = directions_of(lesson, recipe.components, recipe.ridge)
    features = features_of(lesson, directions).astype(np.float64)
    names = len(ARKIT_NAMES)
    first, second = recipe.hidden
    return Reader(
        directions=directions,
        direct=ridge_regression(features, lesson.truth, recipe.ridge).astype(np.float32),
        weights=(
            np.zeros((features.shape[1], first), np.float32),
            np.zeros((first, second), np.float32),
            np.zeros((second, names), np.float32),
        ),
        biases=(np.zeros(first, np.float32), np.zeros(second, np.float32)),
    )


def learned_reader(
    rows: Rows,
    recipe: Recipe,
    tell: Callable[[int, float], None] = lambda step, loss: None,
) -> Reader:
    """Begin with the linear reader and learn all layers; `tell` hears of step and mean loss."""
    lesson = lessons(rows, recipe)
    linear = linear_reader(lesson, recipe)
    features = torch.from_numpy(features_of(lesson, linear.directions))
    truth = torch.from_numpy(np.ascontiguousarray(lesson.truth))
    random = torch.Generator().manual_seed(recipe.seed)
    network = _Network(linear, recipe, random)
    optimiser = torch.optim.AdamW(network.parameters(), lr=recipe.rate, weight_decay=recipe.decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, max_lr=recipe.rate, total_steps=recipe.steps
    )
    noise = features.square().mean(dim=0).sqrt() * recipe.jitter
    total = 0.0
    for step in range(1, recipe.steps + 1):
        chosen = torch.randint(len(features), (recipe.batch,), generator=random)
        seen = features[chosen]
        seen = seen + torch.randn(seen.shape, generator=random) * noise
        loss = _loss(network(seen), truth[chosen], recipe.elbow)
        optimiser.zero_grad()
        torch.autograd.backward(loss)
        optimiser.step()
        schedule.step()
        total += float(loss.detach())
        if step % 100 == 0:
            tell(step, total / 100)
            total = 0.0
    return network.reader(linear.directions)


class _Network(nn.Module):
    """The layers of `engine.rig.motion.arkit_reader.Reader` in torch."""

    def __init__(self, begun: Reader, recipe: Recipe, random: torch.Generator) -> None:
        super().__init__()
        inputs, (first, second) = begun.direct.shape[0], recipe.hidden
        self.direct = nn.Parameter(torch.from_numpy(begun.direct.copy()))
        sizes = ((inputs, first), (first, second), (second, len(ARKIT_NAMES)))
        self.weights = nn.ParameterList(
            nn.Parameter(torch.randn(size, generator=random) * scale / size[0] ** 0.5)
            for size, scale in zip(sizes, (1.0, 1.0, 0.1), strict=True)
        )
        self.biases = nn.ParameterList(
            nn.Parameter(torch.randn(size, generator=random) * 0.1) for size in (first, second)
        )

    def forward(self, features: Tensor) -> Tensor:
        rest = torch.zeros_like(features[:1])
        read: Tensor = features @ self.direct + self._bent(features) - self._bent(rest)
        return read

    def _bent(self, features: Tensor) -> Tensor:
        first = torch.tanh(features @ self.weights[0] + self.biases[0])
        second = torch.tanh(first @ self.weights[1] + self.biases[1])
        bent: Tensor = second @ self.weights[2]
        return bent

    def reader(self, directions: Floats) -> Reader:
        """What was learned, for numpy."""
        one, two, three = (weight.detach().numpy().copy() for weight in self.weights)
        low, high = (bias.detach().numpy().copy() for bias in self.biases)
        return Reader(
            directions=directions,
            direct=self.direct.detach().numpy().copy(),
            weights=(one, two, three),
            biases=(low, high),
        )


def _loss(read: Tensor, truth: Tensor, elbow: float) -> Tensor:
    """Huber; beyond 0 and 1 on the right side nothing is wrong, since values are clipped there."""
    shown = torch.where((truth <= 0) & (read < 0), truth, read)
    shown = torch.where((truth >= 1) & (shown > 1), truth, shown)
    return nn.functional.huber_loss(shown, truth, delta=elbow) / elbow
