"""Reaches into aiortc's modules by name: where a part is gone, it says so instead of guessing."""

from types import ModuleType
from typing import Any

from engine.errors import MachineError
from engine.installing import install


def part_of(module: ModuleType, name: str) -> Any:  # noqa: ANN401
    """A part of aiortc that it doesn't export."""
    if not hasattr(module, name):
        raise MachineError(
            f"this version of aiortc has no {module.__name__}.{name}. "
            f"Install the tested one: {install('aiortc>=1.14,<1.17')}"
        )
    return getattr(module, name)


def replace_part(module: ModuleType, name: str, part: object) -> None:
    """Put our own part in the place of one of aiortc's."""
    part_of(module, name)
    setattr(module, name, part)
