"""The result in the authors' layout, under their swapped names: `understudy import` reads it."""

from pathlib import Path

import torch

from engine.dpe.nets.dpe import DPE

RESULT = "dpe.pt"


def write_official(model: DPE, path: Path) -> None:
    """Write the parameters under 'gen', whole or not at all."""
    state = {name: value.detach().cpu() for name, value in model.official_state().items()}
    partial = path.with_suffix(".part")
    torch.save({"gen": state}, partial)
    partial.replace(path)
