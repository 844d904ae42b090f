"""A small DPE whose channels are multiples of 8, as the kernels take them."""

from functools import cache

import torch

from benchmarks.seeded_weights import seeded_state
from engine.dpe.gpu.weights import DpeWeights
from engine.dpe.nets.dpe import DPE
from engine.dpe.nets.layout import Layout
from engine.dpe.nets.official import to_ours
from export.plans import plans

WIDE = Layout(widths=(24, 16, 16, 8, 8), style=16, directions=5)
"""Of 64 x 64 pictures."""


@cache
def wide_dpe(seed: int = 1) -> DPE:
    """In float32, with seeded weights."""
    model = DPE(WIDE)
    state = seeded_state(WIDE, seed)
    model.load_state_dict({to_ours(name): value for name, value in state.items()})
    return model.eval().requires_grad_(requires_grad=False)


def weights_of(model: DPE) -> DpeWeights:
    """Its folded weights, as a bundle would hold them."""
    graphs = {plan.name: plan.module.state_dict() for plan in plans(model, precision="fp32")}
    return DpeWeights(size=model.layout.size, widths=model.layout.widths, graphs=graphs)


@cache
def wide_weights(seed: int = 1) -> DpeWeights:
    """Of `wide_dpe`."""
    return weights_of(wide_dpe(seed))


def padded(picture: torch.Tensor) -> torch.Tensor:
    """(N, 3, h, w) -> (N, 8, h, w) channels last, as the crop kernel leaves it."""
    wide = torch.nn.functional.pad(picture, (0, 0, 0, 0, 0, 5))
    return wide.contiguous(memory_format=torch.channels_last)
