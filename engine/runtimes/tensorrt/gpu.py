"""An NVIDIA GPU through cuda-python's driver interface: memory, one stream, CUDA graphs.

No torch: where TensorRT runs the networks, this is all that is needed around it. Everything is
allocated once, and freed with its owner.
"""

import ctypes
import weakref
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from types import ModuleType
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import DTypeLike, NDArray

from engine.errors import MachineError

Handle: TypeAlias = Any
"""A stream, a graph: the driver's own objects, whose numbers are got by int()."""

NO_GPU = (
    "there is no NVIDIA GPU that can be used here ({reason}). Check the driver with `nvidia-smi`, "
    "or use --backend openvino."
)
NON_BLOCKING = 1
"""CU_STREAM_NON_BLOCKING: does not wait for the default stream."""


class Gpu:
    """One device, its primary context and a stream of ours. Used by one thread at a time."""

    def __init__(self, ordinal: int = 0, *, api: ModuleType | None = None) -> None:
        """`api` is `cuda.bindings.driver`, unless a test gives another.

        Raises:
            MachineError: there is no GPU or no driver.
            ModuleNotFoundError: cuda-python is not installed.
        """
        if api is None:
            from cuda.bindings import driver

            api = driver
        self._api = api
        try:
            self._call("cuInit", 0)
        except RuntimeError:  # cuda-python's own, where there is no libcuda to load
            raise MachineError(NO_GPU.format(reason="no NVIDIA driver is installed")) from None
        except MachineError as error:
            raise MachineError(NO_GPU.format(reason=str(error))) from None
        device = self._call("cuDeviceGet", ordinal)
        self.name = _text(self._call("cuDeviceGetName", 256, device))
        kinds = api.CUdevice_attribute
        major, minor = (
            self._call("cuDeviceGetAttribute", kind, device)
            for kind in (
                kinds.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR,
                kinds.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR,
            )
        )
        self.capability = f"{major}.{minor}"
        self._context = self._call("cuDevicePrimaryCtxRetain", device)
        self.enter()
        self.stream = self._call("cuStreamCreate", NON_BLOCKING)

    def enter(self) -> None:
        """Make the device's context that of the calling thread: each call may come from another."""
        self._call("cuCtxSetCurrent", self._context)

    @property
    def driver(self) -> str:
        """The driver's version, and CUDA's that comes with it: 580.65.6, CUDA 13.0."""
        version = self._call("cuDriverGetVersion")
        return f"{kernel_driver()}, CUDA {version // 1000}.{version % 1000 // 10}"

    def allocate(self, size: int) -> int:
        """Address of so many bytes on the device, zeroed: what TensorRT never writes is not NaN.

        On our stream: what follows there follows the zeros, which the default stream's would not.
        """
        memory = self._call("cuMemAlloc", size)
        self._call("cuMemsetD8Async", memory, 0, size, self.stream)
        return int(memory)

    def pinned(self, shape: Sequence[int], dtype: DTypeLike) -> NDArray[Any]:
        """A host array that the device can read and write while the host goes on."""
        size = int(np.prod(shape, dtype=np.int64)) * np.dtype(dtype).itemsize
        address = int(self._call("cuMemHostAlloc", max(size, 1), 0))
        memory = (ctypes.c_byte * size).from_address(address)
        # Freed with the last array that shows it, whoever keeps that; not at the very end of the
        # process, when the driver may be gone.
        weakref.finalize(memory, self._free_host, address).atexit = False
        array: NDArray[Any] = np.ctypeslib.as_array(memory).view(dtype).reshape(shape)
        return array

    def upload(self, device: int, host: NDArray[Any]) -> None:
        """Copy a contiguous array to the device, on the stream."""
        self._call("cuMemcpyHtoDAsync", device, host.ctypes.data, host.nbytes, self.stream)

    def download(self, host: NDArray[Any], device: int) -> None:
        """Copy from the device into a contiguous array, on the stream."""
        self._call("cuMemcpyDtoHAsync", host.ctypes.data, device, host.nbytes, self.stream)

    def wait(self) -> None:
        """Until the stream has done everything."""
        self._call("cuStreamSynchronize", self.stream)

    @contextmanager
    def captured(self, graphs: list[Handle]) -> Iterator[None]:
        """Record what the block puts on the stream, run nothing, and append the graph to the list.

        A list, because only a capture that ended well has a graph.
        """
        # Other threads may allocate meanwhile.
        mode = self._api.CUstreamCaptureMode.CU_STREAM_CAPTURE_MODE_THREAD_LOCAL
        self._call("cuStreamBeginCapture", self.stream, mode)
        try:
            yield
        except BaseException:
            self._api.cuStreamEndCapture(self.stream)  # invalid by now; the block's error counts
            raise
        graph = self._call("cuStreamEndCapture", self.stream)
        graphs.append(self._call("cuGraphInstantiate", graph, 0))
        self._call("cuGraphDestroy", graph)

    def launch(self, graph: Handle) -> None:
        """Put a captured graph on the stream."""
        self._call("cuGraphLaunch", graph, self.stream)

    def free(self, addresses: Iterable[int], graphs: Iterable[Handle]) -> None:
        """Give memory and graphs of the device back; nothing may use them any more."""
        self.enter()
        self.wait()
        for graph in graphs:
            self._call("cuGraphExecDestroy", graph)
        for address in addresses:
            self._call("cuMemFree", address)

    def _free_host(self, address: int) -> None:
        self.enter()
        self._call("cuMemFreeHost", address)

    def _call(self, name: str, *arguments: object) -> Any:  # noqa: ANN401 (the driver's objects)
        """Call the driver; its first result is a code, the rest is what was asked for."""
        code, *results = getattr(self._api, name)(*arguments)
        if int(code) != 0:
            _, words = self._api.cuGetErrorString(code)
            raise MachineError(f"{name}: {_text(words)}")
        return results[0] if results else None


def kernel_driver() -> str:
    """The version of the NVIDIA driver, such as 580.65.6; "unknown" where NVML does not tell."""
    try:
        from cuda.core import system

        return ".".join(map(str, system.get_kernel_mode_driver_version()))
    except (ImportError, AttributeError, RuntimeError):
        return "unknown"


def _text(words: bytes) -> str:
    return words.split(b"\0")[0].decode(errors="replace") if words else "no reason given"
