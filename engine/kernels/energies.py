"""The tables of all demodulations, laid out for one launch."""

from collections.abc import Sequence
from typing import Self

import torch
from torch import Tensor


class Energies:
    """Per styled convolution a table (outputs, inputs) of its weights' energies."""

    def __init__(self, tables: Sequence[Tensor]) -> None:
        """In the order of the convolutions, float32, on one device."""
        self.tables = list(tables)
        self.styles = sum(table.shape[1] for table in tables)
        """Length of all styles side by side."""
        self.flat = torch.cat([table.flatten() for table in tables])
        rows: list[tuple[int, int, int]] = []
        first = begin = 0
        for outputs, inputs in (table.shape for table in tables):
            rows += [(first, inputs, begin + inputs * row) for row in range(outputs)]
            first, begin = first + inputs, begin + inputs * outputs
        self.rows = torch.tensor(rows, dtype=torch.int32, device=self.flat.device)
        """(all outputs, 3): where its style begins, how long it is, where its energies begin."""

    def to(self, device: torch.device | str) -> Self:
        """On another device."""
        return type(self)([table.to(device) for table in self.tables])
