"""Where a training computes, and how precisely."""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Literal

import torch

from engine.errors import MachineError

DeviceName = Literal["auto", "cpu", "cuda"]
Precision = Literal["fp32", "bf16"]


@dataclass(frozen=True, slots=True)
class Computing:
    """A device, and the precision of the networks' forward and backward passes on it.

    Weights, optimiser, average and losses are fp32 in either precision, so a checkpoint of one
    goes on in the other, and on another device.
    """

    device: str = "cpu"
    """As torch names it."""
    precision: Precision = "fp32"

    def lowered(self) -> AbstractContextManager[object]:
        """Within it, networks compute in this precision."""
        return torch.autocast(self.device, torch.bfloat16, enabled=self.precision == "bf16")


def computing_on(name: DeviceName = "auto", precision: Precision = "fp32") -> Computing:
    """`auto` takes a GPU where torch sees one.

    Raises:
        MachineError: a GPU is asked for, and torch sees none.
    """
    has_gpu = torch.cuda.is_available()
    if name == "cuda" and not has_gpu:
        raise MachineError(
            "torch sees no NVIDIA GPU here: install a driver and a torch with CUDA, "
            "or train with --device cpu."
        )
    device = "cuda" if has_gpu and name != "cpu" else "cpu"
    return Computing(device, precision)
