"""The sections of the GPU report in their order, with the time each may take.

A borrowed GPU is there for minutes. What says most comes first, and a section that hangs costs its
own limit and one start of a process.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

TOTAL_S = 265.0
"""Of the whole report; what has not begun by then is left out."""
START_S = 10.0
"""Of a process that can measure: torch, the GPU's context. Longer where files are read first."""
START_LIMIT_S = 45.0
AGAIN_S = 20.0
"""Of another one after a failure: the start, and the networks once more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One part of the report."""

    name: str
    expected_s: float
    """Estimated, until a GPU has said otherwise."""
    limit_s: float
    """It is ended there, at the latest."""
    tests: tuple[str, ...] = ()
    """Files for pytest; without them it is measured by `gpu_worker.py`."""


class PartlyFailed(Exception):  # noqa: N818 - it carries figures, and is no error by itself
    """Some of a section's figures, where others could not be had."""

    def __init__(self, figures: Mapping[str, Any], failures: Mapping[str, str]) -> None:
        """`failures`: what failed -> its traceback."""
        super().__init__(", ".join(failures))
        self.figures, self.failures = figures, failures


SECTIONS = (
    Section(name="machine", expected_s=5, limit_s=25),
    Section(name="networks", expected_s=30, limit_s=60),
    Section(name="profile", expected_s=5, limit_s=20),
    Section(name="convolutions", expected_s=10, limit_s=30),
    Section(
        name="kernels against twins",
        expected_s=15,
        limit_s=40,
        tests=("tests/test_gpu_kernels.py",),
    ),
    Section(name="kernels", expected_s=8, limit_s=30),
    Section(name="live step", expected_s=10, limit_s=30),
    Section(name="sessions", expected_s=20, limit_s=45),
    Section(name="rig", expected_s=4, limit_s=15),
    Section(
        name="other tests",
        expected_s=40,
        limit_s=70,
        tests=("tests/test_gpu_step.py", "tests/test_gpu_rig.py"),
    ),
    Section(name="torch.compile", expected_s=40, limit_s=75),
)
