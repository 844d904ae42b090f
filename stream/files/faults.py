"""Faults on demand, to try what a stream does with them; without the switch there are none.

The switch is the environment variable UNDERSTUDY_FAULTS, read once at the start: names of `Fault`
with how often each is to happen, such as `step.error:30,disk.full:1`. A test arms them by `armed`.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Literal, TypeAlias, get_args

Fault: TypeAlias = Literal[
    "step.error", "step.nan", "step.stall", "step.memory",
    "camera.freeze", "clock.jump", "disk.full", "encoder.error",
]  # fmt: skip
FAULTS: tuple[Fault, ...] = get_args(Fault)
SWITCH = "UNDERSTUDY_FAULTS"
STALL_S = 0.3
JUMP_NS = 3_600_000_000_000
"""An hour."""

_left: dict[Fault, int] = {}


def any_armed() -> bool:
    """Whether any is to happen at all."""
    return bool(_left)


def happens(fault: Fault) -> bool:
    """Whether this fault is to happen here and now."""
    if not _left:
        return False
    left = _left.get(fault, 0)
    if left > 0:
        _left[fault] = left - 1
    return left > 0


@contextmanager
def armed(faults: Mapping[Fault, int]) -> Iterator[Mapping[Fault, int]]:
    """Have each of these happen so often within the block; gives how often each still will."""
    _left.update(faults)
    try:
        yield _left
    finally:
        _left.clear()


def read_switch(text: str) -> dict[Fault, int]:
    """The faults that a text asks for; ValueError where it cannot be meant."""
    asked: dict[Fault, int] = {}
    for part in filter(None, text.split(",")):
        name, _, times = part.partition(":")
        known = next((fault for fault in FAULTS if fault == name), None)
        if known is None or not times.isdecimal():
            raise ValueError(f"{SWITCH}: {part!r} is no fault such as step.error:3: {FAULTS}")
        asked[known] = int(times)
    return asked


_left.update(read_switch(os.environ.get(SWITCH, "")))
