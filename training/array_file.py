"""A dataclass of arrays as one .npz file, written whole or not at all."""

import os
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

T = TypeVar("T", bound="DataclassInstance")


def save_arrays(arrays: "DataclassInstance", path: Path) -> None:
    """Write all fields of a dataclass of arrays; another process never sees half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(f".{os.getpid()}.part")
    with partial.open("wb") as file:
        np.savez(file, **{f.name: getattr(arrays, f.name) for f in fields(arrays)})
    partial.replace(path)


def load_arrays(kind: type[T], path: Path) -> T:
    """Read a file of `save_arrays` back."""
    with np.load(path, allow_pickle=False) as arrays:
        return kind(**{f.name: arrays[f.name] for f in fields(kind)})
