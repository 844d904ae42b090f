"""PD-FGCs with seeded weights, in the authors' format: arithmetic does not care for their values.

Scaled so that numbers stay near 1 through the networks. What the release has and nobody runs (two
classifiers, a mapping network, a constant) is there too, in a few numbers.
"""

import hashlib
import math
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from engine.pdfgc.nets.official import APPEARANCE, FILES, GENERATOR, SOUND
from engine.pdfgc.nets.pdfgc import PDFGC
from engine.pdfgc.widths import RELEASED, Widths
from engine.stylegan.layers import binomial_kernel

TINY = Widths(appearance=16, motion=8, sound=8, generator=(16, 16, 16, 16, 8, 8))
UNUSED = {
    APPEARANCE: ("fc.weight", "fc.bias", "model.fc.weight", "model.fc.bias"),
    GENERATOR: ("style.1.weight", "style.1.bias", "input.input"),
}


def seeded_states(widths: Widths = RELEASED, seed: int = 1) -> dict[str, dict[str, Tensor]]:
    """File -> its state dict."""
    with torch.device("meta"):
        model = PDFGC(widths)
    found: dict[str, dict[str, Tensor]] = {}
    for file, module in zip(FILES, model.by_file(), strict=True):
        shapes = {name: tuple(value.shape) for name, value in module.state_dict().items()}
        found[file] = {name: _seeded(file, name, shape, seed) for name, shape in shapes.items()}
        found[file] |= {name: torch.zeros(2, 3) for name in UNUSED.get(file, ())}
    return found


def write_release(
    folder: Path, widths: Widths = RELEASED, seed: int = 1, *, without: str | None = None
) -> Path:
    """The four files as the authors publish them; `without` leaves out names that begin so."""
    folder.mkdir(parents=True, exist_ok=True)
    for file, state in seeded_states(widths, seed).items():
        kept = {n: v for n, v in state.items() if without is None or not n.startswith(without)}
        torch.save(kept, folder / file)
    return folder


def _seeded(file: str, name: str, shape: tuple[int, ...], seed: int) -> Tensor:
    if name.endswith("num_batches_tracked"):
        return torch.zeros(shape, dtype=torch.int64)
    if name.endswith("kernel"):
        return binomial_kernel(4.0)
    digest = hashlib.sha256(f"{seed}:{file}:{name}".encode()).digest()
    generator = np.random.Generator(np.random.PCG64(int.from_bytes(digest[:8], "little")))
    values = torch.from_numpy(np.asarray(generator.standard_normal(shape, dtype=np.float32)))
    offset, scale = _spread(file, name, shape)
    values = offset + scale * values
    return values.exp() if name.endswith("running_var") else values


def _spread(file: str, name: str, shape: tuple[int, ...]) -> tuple[float, float]:
    """Mean and deviation of a tensor's numbers; of a variance, those of its logarithm."""
    if name.endswith("modulation.bias"):
        return 1.0, 0.1
    if name.endswith("noise.weight"):
        return 0.1, 0.05
    if name.endswith("running_var"):
        return 0.0, 0.2
    if name.endswith(("bias", "running_mean")):
        return 0.0, 0.1
    if file == GENERATOR:  # equalised learning rate; tanh is kept far from its ends
        return 0.0, 0.08 if name.startswith("to_rgb") and name.endswith("conv.weight") else 1.0
    if len(shape) == 1:  # the scale of a batch norm; small where a residual branch ends
        ends = name.endswith({APPEARANCE: "bn3.weight", SOUND: "bn2.weight"}.get(file, "none"))
        return 0.3 if ends else 1.0, 0.1
    narrow = 0.1 if name == "model.fc.weight" else 1.0
    return 0.0, narrow * math.sqrt(2 / math.prod(shape[1:]))
