"""DPE: pose and expression disentangled in one latent space (arXiv 2301.06281).

A driving picture's code is projected on 20 learned directions and mapped to two motion codes, one
of the expression and one of the pose. Either is added to the portrait's own code, and the generator
of its kind draws the portrait with that code.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Self

import torch
from torch import Tensor, nn

from engine.checkpoints import compare
from engine.dpe.nets.encoder import Encoder
from engine.dpe.nets.generator import Generator
from engine.dpe.nets.layout import RELEASED, Layout, layout_of
from engine.dpe.nets.official import ADVICE, read_official, to_ours, to_theirs
from engine.motion import MODES, Mode
from engine.stylegan.layers import EqualLinear


class Directions(nn.Module):
    """An orthonormal basis of motion: the Q of a learned matrix."""

    def __init__(self, style: int, directions: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(style, directions))

    @property
    def basis(self) -> Tensor:
        """(style, directions). The signs of its columns are those of LAPACK's Householder QR."""
        basis: Tensor = torch.linalg.qr(self.weight + 1e-8)[0]
        return basis

    def forward(self, alpha: Tensor) -> Tensor:
        """(N, directions) -> (N, style)."""
        return alpha @ self.basis.T


class Branch(nn.Module):
    """What belongs to one kind of edit: its motion head and its generator."""

    def __init__(self, layout: Layout) -> None:
        super().__init__()
        self.motion = linear_chain(layout.style, layout.style, layers=3)
        self.generator = Generator(layout.widths, layout.style)


def linear_chain(inputs: int, outputs: int, layers: int) -> nn.Sequential:
    """`layers` affine maps with nothing between them, as published."""
    hidden = [EqualLinear(inputs, inputs) for _ in range(layers - 1)]
    return nn.Sequential(*hidden, EqualLinear(inputs, outputs))


class DPE(nn.Module):
    """The whole system, with the parameters as they are trained; `reenact` is the reference."""

    def __init__(self, layout: Layout = RELEASED) -> None:
        super().__init__()
        self.layout = layout
        self.encoder = Encoder(layout.widths, layout.style)
        self.projection = linear_chain(layout.style, layout.directions, layers=5)
        self.directions = Directions(layout.style, layout.directions)
        self.expression = Branch(layout)
        self.pose = Branch(layout)

    @classmethod
    def from_official(cls, path: Path | str) -> Self:
        """Load the authors' checkpoint, of any width, ready for inference (no gradients).

        Raises:
            BundleError: the file is damaged, foreign or would run code; wrong names are listed.
        """
        path = Path(path)
        state = read_official(path)
        shapes = {name: value.shape for name, value in state.items()}
        layout = layout_of(shapes)
        with torch.device("meta"):  # shapes only: nothing is allocated for a file that is refused
            expected = cls(layout).official_state()
        wanted = {name: value.shape for name, value in expected.items()}
        compare(path, shapes, wanted, what="DPE checkpoint", advice=ADVICE)
        with torch.device("meta"):
            model = cls(layout)
        model = model.to_empty(device="cpu")
        model.load_state_dict({to_ours(name): value for name, value in state.items()})
        return model.eval().requires_grad_(requires_grad=False)

    def official_state(self) -> dict[str, Tensor]:
        """The parameters under the authors' names, as their trainer stores them under 'gen'."""
        return {to_theirs(name): value for name, value in self.state_dict().items()}

    def encode(self, picture: Tensor) -> tuple[Tensor, list[Tensor]]:
        """(N, 3, size, size) in [-1, 1] -> code (N, style), features at 8, 16, ... size pixels."""
        code, features = self.encoder(picture)
        return code, features

    def motion(self, code: Tensor) -> tuple[Tensor, Tensor]:
        """A driving picture's code (N, style) -> its expression and pose codes, (N, style) each."""
        direction = self.directions(self.projection(code))
        return self.expression.motion(direction), self.pose.motion(direction)

    def reenact(self, source: Tensor, driving: Tensor, mode: Mode) -> Tensor:
        """Draw `source` with the expression, the pose, or both, of `driving`.

        Both are (N, 3, size, size) in [-1, 1], and so is the result, but for overshoot.
        """
        if mode not in MODES:
            raise ValueError(f"mode must be one of {', '.join(MODES)}, got {mode!r}")
        expression, pose = self.motion(self.encode(driving)[0])
        if mode in ("expression", "both"):
            source = self.draw(self.expression, expression, *self.encode(source))
        if mode in ("pose", "both"):
            # For `both` this encodes the drawn picture: the pose generator needs its features.
            source = self.draw(self.pose, pose, *self.encode(source))
        return source

    @staticmethod
    def draw(branch: Branch, motion: Tensor, code: Tensor, features: Sequence[Tensor]) -> Tensor:
        """Add a motion code to a portrait's code and generate the picture."""
        picture: Tensor = branch.generator(code + motion, features)
        return picture
