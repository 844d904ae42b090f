"""Runs a deserialised plan: addresses set once, then a frame is a copy in, a launch, a copy out.

What both TensorRTs share; how each makes its context is given to it.
"""

import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import RLock
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import BundleError, MachineError
from engine.manifest import GraphSpec
from engine.runtimes.base import Array, Arrays, Graph, check_inputs
from engine.runtimes.tensorrt.build import LARGEST_BATCH, is_free, sized
from engine.runtimes.tensorrt.gpu import Gpu, Handle
from engine.runtimes.tensorrt.messages import Errors, Foreign, make_logger

BROKEN = "The plan may not fit this GPU: delete it, or use another --backend."


class Loader:
    """A TensorRT runtime on a GPU: bytes in, engines out. Keeps what the engines refer to."""

    def __init__(self, trt: ModuleType, gpu: Gpu) -> None:
        self.trt = trt
        self.gpu = gpu
        self.turn = RLock()
        """Held by the thread whose step the GPU runs: one stream, and buffers that graphs share.
        The thread may run a graph on what it borrows of another one."""
        self.errors = Errors()
        self.log = make_logger(trt, self.errors)
        gpu.enter()
        self.runtime = trt.Runtime(self.log)

    def engine(self, name: str, plan: bytes) -> Foreign:
        """Deserialise a plan.

        Raises:
            MachineError: TensorRT refuses it.
        """
        self.gpu.enter()
        engine = self.runtime.deserialize_cuda_engine(plan)
        if engine is None:
            raise MachineError(
                f"{self.trt.__name__} cannot load the plan of {name}: {self.errors.taken()}. "
                f"{BROKEN}"
            )
        return engine

    def refit(self, engine: Foreign, path: Path) -> None:
        """Exchange an engine's weights for those of an ONNX file of the same structure.

        Raises:
            BundleError: the file's weights do not fit the engine.
        """
        refitter = self.trt.Refitter(engine, self.log)
        parser = self.trt.OnnxParserRefitter(refitter, self.log)
        if not parser.refit_from_file(str(path)) or not refitter.refit_cuda_engine():
            raise BundleError(
                f"the weights of {path.name} do not fit the plan: {self.errors.taken()}. "
                "Build it anew, without --refit-from."
            )


class TensorRtGraph(Graph):
    """One engine, bound once per batch size that is met; threads take turns."""

    def __init__(
        self,
        loader: Loader,
        engine: Foreign,
        spec: GraphSpec,
        make_context: Callable[[Foreign], Foreign],
        *,
        captures: bool,
    ) -> None:
        """`captures`: record the step as a CUDA graph here, not inside TensorRT."""
        _check_tensors(loader.trt, engine, spec)
        self._loader = loader
        self._engine = engine
        self._spec = spec
        self._make_context = make_context
        self._captures = captures
        self._bound = {1: self._bind(1)}

    @contextmanager
    def borrow(self, inputs: Arrays) -> Iterator[dict[str, Array]]:
        """All outputs by name, in host memory that the next run of this batch size overwrites.

        An input that is not writeable is taken as one that never changes, and is copied to the GPU
        only when another array comes in its place: a portrait's features, frame after frame.
        """
        check_inputs(self._spec, inputs)
        batch = len(next(iter(inputs.values()))) if is_free(self._spec) else 1
        if batch > LARGEST_BATCH:
            raise ValueError(f"a plan takes batches of up to {LARGEST_BATCH}, got {batch}")
        with self._loader.turn:
            if batch not in self._bound:
                self._bound[batch] = self._bind(batch)
            yield self._bound[batch].run(inputs)

    def _bind(self, batch: int) -> "Bound":
        # A context of its own for every size, so that its addresses and its graph stay valid.
        context = self._make_context(self._engine)
        return Bound(self._loader, context, self._spec, batch, captures=self._captures)


class Bound:
    """An execution context with its buffers, for one batch size."""

    def __init__(
        self, loader: Loader, context: Foreign, spec: GraphSpec, batch: int, *, captures: bool
    ) -> None:
        self._loader, self._context = loader, context
        self._gpu = gpu = loader.gpu
        gpu.enter()
        self._hosts: dict[str, NDArray[Any]] = {}
        self._devices: dict[str, int] = {}
        self._held: dict[str, weakref.ref[Array]] = {}
        self._graphs: list[Handle] = []
        release = weakref.finalize(self, gpu.free, self._devices.values(), self._graphs)
        release.atexit = False  # the driver may be gone by then, and frees everything itself
        for name, tensor in [*spec.inputs.items(), *spec.outputs.items()]:
            shape = sized(tensor.shape, batch)
            self._hosts[name] = gpu.pinned(shape, tensor.dtype)
            self._devices[name] = gpu.allocate(self._hosts[name].nbytes)
        self._outputs = list(spec.outputs)
        if is_free(spec):
            for name in spec.inputs:
                self._check(context.set_input_shape(name, self._hosts[name].shape), f"shape {name}")
        for name, address in self._devices.items():
            self._check(context.set_tensor_address(name, address), f"bind {name}")
        unknown = context.infer_shapes()
        self._check(not unknown, f"infer shapes from {', '.join(unknown)}")
        # The first run finds kernels and allocates, which a capture must not.
        self._step()
        gpu.wait()
        if captures:
            with gpu.captured(self._graphs):
                self._step()

    def run(self, inputs: Arrays) -> dict[str, Array]:
        """One frame, from host memory to host memory."""
        self._gpu.enter()
        for name, array in inputs.items():
            self._send(name, array)
        if self._graphs:
            self._gpu.launch(self._graphs[0])
        else:
            self._step()
        self._gpu.wait()
        return {name: self._hosts[name] for name in self._outputs}

    def _step(self) -> None:
        """Put the networks and the copies of their results on the stream."""
        self._check(self._context.execute_async_v3(int(self._gpu.stream)), "run")
        for name in self._outputs:
            self._gpu.download(self._hosts[name], self._devices[name])

    def _send(self, name: str, array: Array) -> None:
        held = self._held.get(name)
        if held is not None and held() is array:
            return
        self._held.pop(name, None)
        np.copyto(self._hosts[name], array)
        self._gpu.upload(self._devices[name], self._hosts[name])
        if not array.flags.writeable and array.base is None:
            self._held[name] = weakref.ref(array)

    def _check(self, went_well: bool, what: str) -> None:  # noqa: FBT001 (TensorRT's answer)
        if not went_well:
            raise MachineError(
                f"{self._loader.trt.__name__} failed to {what}: {self._loader.errors.taken()}. "
                f"{BROKEN}"
            )


def _check_tensors(trt: ModuleType, engine: Foreign, spec: GraphSpec) -> None:
    """Refuse a plan whose buffers would not be those that the manifest states."""
    for name, tensor in [*spec.inputs.items(), *spec.outputs.items()]:
        dtype = np.dtype(trt.nptype(engine.get_tensor_dtype(name)))
        shape = tuple(engine.get_tensor_shape(name))
        if (dtype, shape) != (np.dtype(tensor.dtype), sized(tensor.shape, -1)):
            raise BundleError(
                f"the plan's {name} is {dtype} {shape}, the manifest's {tensor.dtype} "
                f"{tensor.shape}. Import or export the model again."
            )
