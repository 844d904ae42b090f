"""The mark of tests that need an NVIDIA GPU, and the device they run on."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import torch

NEEDS_GPU = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="torch sees no NVIDIA GPU here"),
]


@contextmanager
def poisoned() -> Iterator[None]:
    """Let torch fill what it allocates with NaN or large numbers: what is not written then shows.

    And without TF32, since the twins are the reference.
    """
    before = torch.are_deterministic_algorithms_enabled()
    torch.use_deterministic_algorithms(True, warn_only=True)
    try:
        with torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
            yield
    finally:
        torch.use_deterministic_algorithms(before)
