"""The border between the engine and whatever runs a bundle's graphs.

A runtime is what the user names with --backend.
"""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol, TypeAlias, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from engine.errors import BundleError
from engine.manifest import GraphSpec, TensorSpec

Array: TypeAlias = NDArray[np.float32]
Arrays: TypeAlias = Mapping[str, Array]


class Graph(Protocol):
    """One graph, compiled and ready. Any thread may run it, and several at once.

    Sessions share the weights and the compiled form, and nothing that a run writes to: a run has
    buffers to itself for as long as its results are looked at.
    """

    def borrow(self, inputs: Arrays) -> AbstractContextManager[dict[str, Array]]:
        """All outputs by name, for all inputs by name, in the graph's own memory.

        They hold until the block ends; then another run may overwrite them. An input that owns its
        data and is not writeable never changes: a graph may keep its own copy of it (in a GPU's
        memory) for as long as the same array object is given.

        Raises:
            ValueError: a name, shape or dtype is not what the manifest states.
        """
        ...

    def run(self, inputs: Arrays) -> dict[str, Array]:
        """The same in arrays of the caller's own."""
        with self.borrow(inputs) as found:
            return {name: array.copy() for name, array in found.items()}


class Runtime(Protocol):
    """Runs ONNX graphs."""

    @property
    def name(self) -> str:
        """As in registry.py, and on the command line."""
        ...

    def load(self, path: Path, spec: GraphSpec) -> Graph:
        """Compile one ONNX file. All that is slow happens here.

        Raises:
            BundleError: the runtime cannot read the file, or its names differ from the manifest's.
        """
        ...


@runtime_checkable
class BuildsPlans(Runtime, Protocol):
    """A runtime that builds a plan of a graph before it first runs it, and keeps that."""

    def has_plan(self, path: Path, spec: GraphSpec) -> bool:
        """Whether `load` finds one for this machine, and builds nothing."""
        ...


def check_names(path: Path, inputs: set[str], outputs: set[str], spec: GraphSpec) -> None:
    """Refuse a file whose tensors are not those that the manifest names."""
    if inputs != spec.inputs.keys() or outputs != spec.outputs.keys():
        raise BundleError(
            f"{path} maps {sorted(inputs)} to {sorted(outputs)}, which is not what the manifest "
            "names. Import or export the model again."
        )


def check_inputs(spec: GraphSpec, inputs: Arrays) -> None:
    """Refuse a call that the graph was not made for, before the runtime says so in its own words.

    A free length (such as the batch) must be the same wherever its name stands.
    """
    if inputs.keys() != spec.inputs.keys():
        raise ValueError(f"inputs must be {sorted(spec.inputs)}, got {sorted(inputs)}")
    free: dict[str, int] = {}
    for name, tensor in spec.inputs.items():
        array = inputs[name]
        if array.dtype != tensor.dtype or not _fits(array.shape, tensor, free):
            raise ValueError(
                f"{name} must be {tensor.dtype} {tensor.shape}, got {array.dtype} {array.shape}"
            )


def _fits(shape: tuple[int, ...], tensor: TensorSpec, free: dict[str, int]) -> bool:
    """Whether a shape is the stated one; learns the free lengths on the way."""
    if len(shape) != len(tensor.shape):
        return False
    return all(
        length == (free.setdefault(stated, length) if isinstance(stated, str) else stated)
        for length, stated in zip(shape, tensor.shape, strict=True)
    )
