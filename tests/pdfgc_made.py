"""What the tests of PD-FGC take: small networks with seeded weights, pictures and motions."""

from functools import cache

import torch
from torch import Tensor

from benchmarks.seeded_pdfgc import TINY, seeded_states
from engine.pdfgc.layout import MEL_BANDS, MEL_FRAMES, MOTION, SIZE
from engine.pdfgc.nets.pdfgc import PDFGC
from export.pdfgc import exact_tensors
from tests.dpe_made import made_pictures


@cache
def tiny_pdfgc(seed: int = 1) -> PDFGC:
    """In float64, without a file."""
    model = PDFGC(TINY)
    for state, module in zip(seeded_states(TINY, seed).values(), model.by_file(), strict=True):
        module.load_state_dict(state, strict=False)
    return model.double().eval().requires_grad_(requires_grad=False)


@cache
def tiny_exact() -> dict[str, Tensor]:
    """What every tensor of its bundle must be."""
    return exact_tensors(tiny_pdfgc())


def pictures(count: int, seed: int = 5) -> Tensor:
    """(count, 3, 224, 224) in [-1, 1], float64."""
    return made_pictures(count, SIZE, seed)


def windows(count: int, seed: int = 5) -> Tensor:
    """(count, 1, 80, 20) in 0..1, float64."""
    generator = torch.Generator().manual_seed(seed)
    shape = (count, 1, MEL_BANDS, MEL_FRAMES)
    return torch.rand(shape, generator=generator, dtype=torch.float64)


def motions(count: int, seed: int = 5) -> Tensor:
    """(count, 542), float64."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(count, MOTION, generator=generator, dtype=torch.float64)
