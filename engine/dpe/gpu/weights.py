"""The folded weights of a DPE, by the names they have in its bundle's ONNX files.

The exporter keeps the names of engine/dpe/nets/folded.py, but stores equal tensors once: low-passes
and identity grids are left out here and are built into the kernels, after a look that they are the
published ones.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import torch
from torch import Tensor

from engine.errors import BundleError
from engine.manifest import Manifest
from engine.stylegan.layers import binomial_kernel

GRAPHS = ("encode", "read", "generate_expression", "generate_pose")
BUILT_IN = ("blur", "skip_blur", "kernel", "identity")
VECTOR = 8
"""Channels come in groups of so many: the kernels load 16 bytes at a time."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DpeWeights:
    """Of all four graphs, float32 on the CPU."""

    size: int
    """Of the pictures, in pixels."""
    widths: tuple[int, ...]
    """Channels at 4, 8, 16, ... pixels."""
    graphs: Mapping[str, Mapping[str, Tensor]]
    """Graph -> name -> tensor."""

    @classmethod
    def of_bundle(cls, folder: Path, manifest: Manifest) -> Self:
        """Read a bundle's graphs; the precision they were exported in is not kept.

        Raises:
            BundleError: a graph cannot be read or its network is not one that the kernels run.
        """
        graphs = {name: _initializers(folder / manifest.graph(name).file) for name in GRAPHS}
        size, widths = manifest.sizes.get("picture"), manifest.sizes.get("channels")
        if not isinstance(size, int) or not isinstance(widths, list):
            raise BundleError(f"{folder} states no sizes. Import or export the model again.")
        weights = cls(size=size, widths=tuple(widths), graphs=graphs)
        check(weights, str(folder))
        return weights


def check(weights: DpeWeights, name: str) -> None:
    """Refuse networks that the kernels do not run.

    Raises:
        BundleError: odd channels, or a low-pass other than the published one.
    """
    odd = sorted({width for width in weights.widths if width % VECTOR})
    if odd:
        raise BundleError(
            f"{name} has {', '.join(map(str, odd))} channels, and the cuda backend's kernels take "
            f"multiples of {VECTOR}. Use --backend torch."
        )
    for graph, tensors in weights.graphs.items():
        for tensor in tensors:
            kind = tensor.rpartition(".")[2]
            if kind in ("blur", "skip_blur", "kernel") and not _is_published(tensors[tensor]):
                raise BundleError(
                    f"{name}: {tensor} of the graph {graph} is not the low-pass [1, 3, 3, 1] that "
                    "the cuda backend's kernels have built in. Use --backend torch."
                )


def _is_published(kernel: Tensor) -> bool:
    """Whether a depthwise kernel (C, 1, 4, 4) is the binomial one, whatever its gain."""
    wanted = binomial_kernel(float(kernel[0].sum()))
    return bool(torch.allclose(kernel, wanted.expand_as(kernel), rtol=1e-3)) and round(
        float(kernel[0].sum()), 3
    ) in (1.0, 4.0)


def _initializers(path: Path) -> dict[str, Tensor]:
    import onnx
    from google.protobuf.message import DecodeError

    try:
        graph = onnx.load(path).graph
    except (DecodeError, OSError) as error:
        raise BundleError(
            f"{path} is no ONNX file ({error}). Import or export the model again."
        ) from None
    found = {}
    for tensor in graph.initializer:
        array = onnx.numpy_helper.to_array(tensor)
        if array.dtype in (np.float32, np.float16):
            found[tensor.name] = torch.from_numpy(array.astype(np.float32))
    return found


def require(tensors: Mapping[str, Tensor], name: str, graph: str) -> Tensor:
    """A tensor by its name, or an error that names it."""
    if name not in tensors:
        raise BundleError(
            f"the graph {graph} has no weight {name!r}: it was made by another version. "
            "Import or export the model again."
        )
    return tensors[name]
