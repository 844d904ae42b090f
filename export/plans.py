"""The four graphs of a DPE bundle: their modules, and the names of their tensors."""

from collections.abc import Iterator
from dataclasses import dataclass

from torch import Tensor, nn

from engine.dpe.nets.dpe import DPE
from engine.dpe.nets.folded import Encode, Generate, Read
from engine.stylegan.folded import halve


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Plan:
    """One graph to be written."""

    name: str
    module: nn.Module
    """Takes the inputs in the order of their names, returns a tensor or a tuple of them."""
    inputs: dict[str, str]
    """Name of each input -> the exact tensor that is its example."""
    outputs: dict[str, str]
    """Name of each output -> the exact tensor that it must be."""


class NamedGenerate(nn.Module):
    """`Generate` with its lists of maps spread out, because a graph's inputs are single tensors."""

    def __init__(self, generate: Generate) -> None:
        super().__init__()
        self.generate = generate
        self.levels = len(generate.flows)

    def forward(self, code: Tensor, motion: Tensor, *maps: Tensor) -> Tensor:
        """Features but the largest, then colours of all sizes -> (N, 3, size, size)."""
        features, colours = maps[: self.levels - 1], maps[self.levels - 1 :]
        picture: Tensor = self.generate(code, motion, features, colours)
        return picture


def plans(model: DPE, *, precision: str) -> Iterator[Plan]:
    """The graphs one after the other, so that only one copy of the weights is alive at a time."""
    sizes = [8 * 2**level for level in range(len(model.layout.widths) - 1)]
    features = [f"feature_{size}" for size in sizes[:-1]]
    kinds = {"expression": model.expression, "pose": model.pose}
    colours = [f"{kind}_colour_{size}" for kind in kinds for size in sizes]

    yield Plan(
        name="encode",
        module=_ready(Encode(model), precision),
        inputs={"picture": "portrait"},
        outputs={name: name for name in ("code", *features, *colours)},
    )
    yield Plan(
        name="read",
        module=_ready(Read(model), precision),
        inputs={"picture": "driving"},
        outputs={name: name for name in kinds},
    )
    for kind, branch in kinds.items():
        yield Plan(
            name=f"generate_{kind}",
            module=_ready(NamedGenerate(Generate(branch)), precision),
            inputs={
                "code": "code",
                "motion": kind,
                **{name: name for name in features},
                **{f"colour_{size}": f"{kind}_colour_{size}" for size in sizes},
            },
            outputs={"picture": f"drawn_{kind}"},
        )


def _ready(module: nn.Module, precision: str) -> nn.Module:
    if precision == "fp16":
        halve(module)
    return module.eval()
