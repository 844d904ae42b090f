"""What a trainer needs to know of what it trains; one file per strategy.

The refiner is one (`training/refiner/task.py`). DPE's bidirectional cyclic strategy (DPE, Sec. 3.2)
is another (`training/dpe/task.py`): its modules under `networks`, its cycles in `losses`.
"""

from typing import Protocol

import numpy as np
from torch import Tensor, nn

from engine.frame import Pixels


class Task(Protocol):
    """One strategy: networks, samples, losses, and what is looked at."""

    networks: nn.ModuleDict
    """What learns; saved, averaged and handed back to `losses` by name."""

    def losses(
        self, networks: nn.ModuleDict, random: np.random.Generator, step: int
    ) -> dict[str, Tensor]:
        """Draw a batch and give weighted losses; their sum is minimised."""
        ...

    def scores(self, networks: nn.ModuleDict) -> dict[str, float]:
        """On held-out samples, the same ones each time."""
        ...

    def sheet(self, networks: nn.ModuleDict) -> Pixels:
        """Held-out samples to look at."""
        ...

    def refresh(self) -> dict[str, float]:
        """Take in new samples; what to log of that."""
        ...
