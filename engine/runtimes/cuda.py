"""The `cuda` runtime: a bundle's graphs in torch on an NVIDIA GPU, each as one CUDA graph.

It runs any bundle in the precision it was exported in, node by node as the reference does, so it
serves enrolment, other families and comparison. The live step of DPE has its own, faster form:
engine/dpe/gpu/step.py.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import RLock

import numpy as np
import onnx
import torch
from google.protobuf.message import DecodeError
from torch import Tensor

from engine.errors import BundleError
from engine.manifest import GraphSpec
from engine.runtimes.base import Array, Arrays, Graph, check_inputs, check_names
from engine.runtimes.cuda_device import CudaDevice, Device, Work
from engine.runtimes.registry import CUDA
from engine.runtimes.torch import OPERATIONS


class Cuda:
    """Runs graphs on one GPU."""

    name = CUDA.name

    def __init__(self, threads: int | None = None, *, device: Device | None = None) -> None:
        """`threads` means nothing to a GPU and is taken for the sake of the other runtimes.

        Raises:
            MachineError: there is no GPU, or cuda-python is missing.
        """
        self._device = device or CudaDevice()
        self._turn = RLock()

    def load(self, path: Path, spec: GraphSpec) -> "CudaGraph":
        """Read one ONNX file and record it; another batch size is recorded when it is first met."""
        try:
            graph = onnx.load(path).graph
        except DecodeError as error:
            raise BundleError(
                f"{path} is no ONNX file ({error}). Import or export the model again."
            ) from None
        inputs = {tensor.name for tensor in graph.input}
        check_names(path, inputs, {tensor.name for tensor in graph.output}, spec)
        unknown = sorted({node.op_type for node in graph.node} - OPERATIONS.keys())
        if unknown:
            raise BundleError(
                f"{path} uses {', '.join(unknown)}, which the cuda backend does not know. "
                "Use --backend onnxruntime."
            )
        return CudaGraph(graph, spec, self._device, self._turn)


class CudaGraph(Graph):
    """One graph; a recording with static buffers for each batch size that was met."""

    def __init__(
        self, graph: onnx.GraphProto, spec: GraphSpec, device: Device, turn: RLock
    ) -> None:
        """`turn`: whose turn it is on the device; threads wait for it."""
        self._spec, self._device, self._turn = spec, device, turn
        self._nodes = [
            (
                OPERATIONS[node.op_type],
                {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute},
                list(node.input),
                list(node.output),
            )
            for node in graph.node
        ]
        self._read = {node.input[2] for node in graph.node if node.op_type == "Resize"}
        self._constants = {tensor.name: self._placed(tensor) for tensor in graph.initializer}
        # At once, so that what a GPU cannot run is known before the first frame.
        shapes = {
            n: [a if isinstance(a, int) else 1 for a in t.shape] for n, t in spec.inputs.items()
        }
        empty = {name: np.zeros(shape, np.float32) for name, shape in shapes.items()}
        self._recorded = {1: Recording(self, empty, device)}

    @contextmanager
    def borrow(self, inputs: Arrays) -> Iterator[dict[str, Array]]:
        """All outputs by name, in host memory that the next run of this batch size overwrites."""
        check_inputs(self._spec, inputs)
        batch = len(next(iter(inputs.values())))
        with self._turn:
            if batch not in self._recorded:
                self._recorded[batch] = Recording(self, inputs, self._device)
            yield self._recorded[batch].run(inputs)

    def values(self, given: dict[str, Tensor]) -> dict[str, Tensor]:
        """All outputs for inputs on the device."""
        values = self._constants | given
        with torch.no_grad():
            for operation, settings, inputs, outputs in self._nodes:
                result = operation(settings, *(values[n] if n else None for n in inputs))
                results = result if isinstance(result, tuple) else (result,)
                values |= zip(outputs, results, strict=True)
        return {name: values[name] for name in self._spec.outputs}

    def _placed(self, tensor: onnx.TensorProto) -> Tensor:
        """A constant where it is used: numbers on the device, shapes and factors on the CPU."""
        value = torch.from_numpy(onnx.numpy_helper.to_array(tensor).copy())
        if not value.is_floating_point() or tensor.name in self._read:
            return value  # they are read while the graph is recorded, never by the GPU
        value = value.to(self._device.torch_device)
        return value.contiguous(memory_format=torch.channels_last) if value.ndim == 4 else value


class Recording:
    """A graph for one batch size: buffers on both sides, and what copies and runs them."""

    def __init__(self, graph: CudaGraph, inputs: Arrays, device: Device) -> None:
        self._device, self._graph = device, graph
        self._host_inputs = {n: device.host(a.shape, torch.float32) for n, a in inputs.items()}
        on = device.torch_device
        self._inputs = {n: torch.zeros(a.shape, device=on) for n, a in inputs.items()}
        self._outputs: dict[str, Tensor] = {}
        found = graph.values(self._inputs)
        self._outputs = {name: torch.empty_like(value) for name, value in found.items()}
        self._host_outputs = {
            name: device.host(tuple(value.shape), torch.float32) for name, value in found.items()
        }
        self._work: Work = device.record(self._compute)
        self._uploaded, self._computed, self._downloaded = (device.mark() for _ in range(3))

    def run(self, inputs: Arrays) -> dict[str, Array]:
        """Upload, replay, download, wait."""
        for name, host in self._host_inputs.items():
            host.numpy()[...] = inputs[name]
        self._device.enqueue("upload", self._upload, (), self._uploaded)
        self._device.enqueue("compute", self._work, (self._uploaded,), self._computed)
        self._device.enqueue("download", self._download, (self._computed,), self._downloaded)
        self._downloaded.wait()
        return {name: host.numpy() for name, host in self._host_outputs.items()}

    def _compute(self) -> None:
        for name, value in self._graph.values(self._inputs).items():
            self._outputs[name].copy_(value)

    def _upload(self) -> None:
        for name, kept in self._inputs.items():
            kept.copy_(self._host_inputs[name], non_blocking=True)

    def _download(self) -> None:
        for name, host in self._host_outputs.items():
            host.copy_(self._outputs[name], non_blocking=True)
