"""Reaches into aiortc's modules by name: where a part is gone, it says so instead of guessing."""

from types import ModuleType
from typing import Any

from engine.errors import MachineError
from engine.installing import install

_TESTED = "aiortc>=1.14,<1.17"


def part_of(module: ModuleType, name: str) -> Any:  # noqa: ANN401
    """A part of aiortc that it doesn't export."""
    if not hasattr(module, name):
        raise _unknown_version(f"{module.__name__}.{name}")
    return getattr(module, name)


def replace_part(module: ModuleType, name: str, part: object) -> None:
    """Put our own part in the place of one of aiortc's."""
    part_of(module, name)
    setattr(module, name, part)


def private(owner: type, name: str) -> str:
    """How Python names what the objects of a class keep to themselves."""
    return f"_{owner.__name__}__{name}"


def check_private(owner: type, names: tuple[str, ...]) -> None:
    """Refuse a version of aiortc whose objects are not made of these parts."""
    known = vars(owner)["__init__"].__code__.co_names
    for name in names:
        if private(owner, name) not in known:
            raise _unknown_version(f"{owner.__name__} with {name}")


def _unknown_version(missing: str) -> MachineError:
    return MachineError(
        f"this version of aiortc has no {missing}. Install the tested one: {install(_TESTED)}"
    )
