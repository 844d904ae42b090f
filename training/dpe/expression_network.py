"""The frozen judge of Eq. 10: a small network that reads 52 coefficients off a face's picture.

It sees a square in which eyes and nose always lie in one place (`training/clips/alignment.py`): of
whole crops of 32 to 64 pixels it would learn pose and person and hardly the expression.
"""

from dataclasses import dataclass
from pathlib import Path
from pickle import UnpicklingError

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from engine.errors import InputError
from engine.motion import ARKIT_NAMES

SQUARE_PX = 48
_WIDTH, _HIDDEN = 24, 96


class ExpressionNetwork(nn.Module):
    """(N, 3, 48, 48) aligned squares to features and coefficients."""

    mean: Tensor
    deviation: Tensor

    def __init__(self) -> None:
        super().__init__()
        w = _WIDTH
        self.trunk = nn.Sequential(
            _block(3, w, 2), _block(w, 2 * w, 2), _block(2 * w, 2 * w, 1),
            _block(2 * w, 3 * w, 2), nn.Flatten(), nn.Dropout(0.3),
            nn.Linear(3 * w * 36, _HIDDEN), nn.SiLU(),
        )  # fmt: skip
        self.dropped = nn.Dropout(0.1)
        self.last = nn.Linear(_HIDDEN, len(ARKIT_NAMES))
        self.register_buffer("mean", torch.zeros(len(ARKIT_NAMES)))
        self.register_buffer("deviation", torch.ones(len(ARKIT_NAMES)))

    def forward(self, squares: Tensor) -> tuple[Tensor, Tensor]:
        """Features (N, 96), and coefficients in their deviations (N, 52)."""
        light = squares - squares.mean((2, 3), keepdim=True)
        light = light / (light.std((1, 2, 3), keepdim=True) + 0.05)
        features: Tensor = self.trunk(light)
        return features, self.last(self.dropped(features))

    def read(self, pictures: Tensor, alignments: Tensor) -> Tensor:
        """(N, 3, S, S) in -1..1 and (N, 2, 3) -> coefficients (N, 52), about 0..1."""
        standard: Tensor = self(aligned(pictures, alignments))[1]
        return standard * self.deviation + self.mean

    def unlike(self, pairs: list[tuple[Tensor, Tensor, Tensor, Tensor]]) -> Tensor:
        """Eq. 10: picture, its alignment, wanted picture, its alignment; the sum over pairs."""
        given = torch.cat([aligned(picture, at) for picture, at, _, _ in pairs])
        with torch.no_grad():
            wanted = self(torch.cat([aligned(picture, at) for _, _, picture, at in pairs]))[0]
        return F.l1_loss(self(given)[0], wanted) * len(pairs)


def aligned(pictures: Tensor, alignments: Tensor) -> Tensor:
    """The squares (N, 3, 48, 48) of pictures (N, 3, S, S)."""
    grid = F.affine_grid(alignments, [len(pictures), 3, SQUARE_PX, SQUARE_PX], align_corners=False)
    return F.grid_sample(
        pictures, grid, mode="bilinear", padding_mode="border", align_corners=False
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ReaderRecord:
    """How it was trained, and its error."""

    people: int
    pictures: int
    steps: int
    seed: int
    size: int
    correlation: dict[str, float]
    """Of each coefficient with the truth, on people who were held out."""
    error: float
    """Mean absolute error there, over all coefficients."""


def save_reader(network: ExpressionNetwork, record: dict[str, object], path: Path) -> None:
    """Write the weights and their record, whole or not at all."""
    partial = path.with_suffix(".part")
    torch.save({"expression": network.state_dict(), "record": record}, partial)
    partial.replace(path)


def load_reader(path: Path) -> ExpressionNetwork:
    """Read it, frozen.

    Raises:
        InputError: the file is missing or of something else.
    """
    network = ExpressionNetwork()
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
        network.load_state_dict(content["expression"])
    except (OSError, RuntimeError, KeyError, TypeError, ValueError, UnpicklingError):
        raise InputError(
            f"{path} is no expression network: make one with `understudy train expressions`."
        ) from None
    return network.eval().requires_grad_(requires_grad=False)


def _block(inputs: int, outputs: int, stride: int) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride, 1), nn.GroupNorm(4, outputs), nn.SiLU()
    )
