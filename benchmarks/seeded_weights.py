"""DPEs with seeded weights, in the authors' format: arithmetic does not care for their values."""

import hashlib
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from engine.dpe.nets.dpe import DPE
from engine.dpe.nets.layout import Layout
from engine.stylegan.layers import binomial_kernel

TINY = Layout(widths=(12, 12, 12, 8, 8), style=16, directions=5)
"""Of 64 x 64 pictures: every kind of layer, in a hundredth of a second."""


def seeded_state(layout: Layout = TINY, seed: int = 1) -> dict[str, Tensor]:
    """A state dict in the authors' names: normal weights from each name, modulation near 1."""
    with torch.device("meta"):
        expected = DPE(layout).official_state()
    return {name: _seeded(name, tuple(value.shape), seed) for name, value in expected.items()}


def write_checkpoint(path: Path, layout: Layout = TINY, seed: int = 1) -> Path:
    """A file as the authors publish it."""
    torch.save({"gen": seeded_state(layout, seed)}, path)
    return path


def _seeded(name: str, shape: tuple[int, ...], seed: int) -> Tensor:
    if name.endswith("kernel"):
        return binomial_kernel(4.0 if name.startswith("dec_") else 1.0)
    digest = hashlib.sha256(f"{seed}:{name}".encode()).digest()
    generator = np.random.Generator(np.random.PCG64(int.from_bytes(digest[:8], "little")))
    values = torch.from_numpy(generator.standard_normal(shape, dtype=np.float32))
    if name.endswith("modulation.bias"):
        return 1 + 0.1 * values
    return 0.1 * values if name.endswith("bias") else values
