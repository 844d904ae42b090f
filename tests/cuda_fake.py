"""A driver whose device memory is the host's: copies copy, captures record, launches replay.

It names exactly what `engine/runtimes/tensorrt/gpu.py` calls; a test holds it to the real module.
"""

# ruff: noqa: N801, N802, N803 (the driver's names)

import ctypes
import threading
from collections.abc import Callable
from enum import IntEnum
from functools import partial
from types import ModuleType

OK, NO_DEVICE = 0, 100


class CUdevice_attribute(IntEnum):
    CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR = 75
    CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR = 76


class CUstreamCaptureMode(IntEnum):
    CU_STREAM_CAPTURE_MODE_THREAD_LOCAL = 1


class FakeDriver:
    """One device with one context; checks what the real one would."""

    def __init__(self, *, present: bool = True, capability: tuple[int, int] = (8, 9)) -> None:
        self.present = present
        self.capability = capability
        self.name = b"NVIDIA GeForce RTX 4090"
        self.calls: list[str] = []
        self.memory: dict[int, ctypes.Array[ctypes.c_char]] = {}
        self.pinned: dict[int, ctypes.Array[ctypes.c_char]] = {}
        self.graphs: dict[int, list[Callable[[], object]]] = {}
        self.recording: list[Callable[[], object]] | None = None
        self._current = threading.local()
        self._handles = iter(range(1, 1_000_000))

    def module(self) -> ModuleType:
        """As a module, which is what it stands for."""
        module = ModuleType("cuda.bindings.driver")
        for name in dir(self):
            if name.startswith("cu"):
                setattr(module, name, self._counted(name))
        vars(module)["CUdevice_attribute"] = CUdevice_attribute
        vars(module)["CUstreamCaptureMode"] = CUstreamCaptureMode
        return module

    def _counted(self, name: str) -> Callable[..., object]:
        def call(*arguments: object) -> object:
            self.calls.append(name)
            return getattr(self, name)(*arguments)

        return call

    def put(self, operation: Callable[[], object]) -> None:
        """On the stream: done now, or recorded."""
        assert getattr(self._current, "context", 0), "no context in this thread"
        if self.recording is None:
            operation()
        else:
            self.recording.append(operation)

    def take(self, *names: str) -> list[str]:
        """The calls of these names, in order; all calls so far are forgotten."""
        found = [name for name in self.calls if name in names or not names]
        self.calls.clear()
        return found

    def cuInit(self, Flags: int) -> tuple[int]:
        return (OK if self.present else NO_DEVICE,)

    def cuGetErrorString(self, error: int) -> tuple[int, bytes]:
        return OK, b"no CUDA-capable device is detected\0" if error == NO_DEVICE else b"failed"

    def cuDeviceGet(self, ordinal: int) -> tuple[int, int]:
        return OK, ordinal

    def cuDeviceGetName(self, length: int, dev: int) -> tuple[int, bytes]:
        return OK, self.name.ljust(length, b"\0")

    def cuDeviceGetAttribute(self, attrib: CUdevice_attribute, dev: int) -> tuple[int, int]:
        return OK, self.capability[attrib - 75]

    def cuDriverGetVersion(self) -> tuple[int, int]:
        return OK, 13000

    def cuDevicePrimaryCtxRetain(self, dev: int) -> tuple[int, int]:
        return OK, 77

    def cuCtxSetCurrent(self, ctx: int) -> tuple[int]:
        self._current.context = ctx
        return (OK,)

    def cuStreamCreate(self, Flags: int) -> tuple[int, int]:
        return OK, next(self._handles)

    def cuStreamSynchronize(self, hStream: int) -> tuple[int]:
        assert self.recording is None, "a capture must not wait"
        return (OK,)

    def cuMemAlloc(self, bytesize: int) -> tuple[int, int]:
        assert self.recording is None, "a capture must not allocate"
        block = ctypes.create_string_buffer(b"\xff" * bytesize, bytesize)
        self.memory[ctypes.addressof(block)] = block
        return OK, ctypes.addressof(block)

    def cuMemsetD8Async(self, dstDevice: int, uc: int, N: int, hStream: int) -> tuple[int]:
        assert hStream, "the default stream is in no order with ours"
        self.put(partial(ctypes.memset, dstDevice, uc, N))
        return (OK,)

    def cuMemFree(self, dptr: int) -> tuple[int]:
        del self.memory[dptr]
        return (OK,)

    def cuMemHostAlloc(self, bytesize: int, Flags: int) -> tuple[int, int]:
        block = ctypes.create_string_buffer(bytesize)
        self.pinned[ctypes.addressof(block)] = block
        return OK, ctypes.addressof(block)

    def cuMemFreeHost(self, p: int) -> tuple[int]:
        del self.pinned[p]
        return (OK,)

    def cuMemcpyHtoDAsync(
        self,
        dstDevice: int,
        srcHost: int,
        ByteCount: int,
        hStream: int,
    ) -> tuple[int]:
        self.put(partial(ctypes.memmove, dstDevice, srcHost, ByteCount))
        return (OK,)

    def cuMemcpyDtoHAsync(
        self,
        dstHost: int,
        srcDevice: int,
        ByteCount: int,
        hStream: int,
    ) -> tuple[int]:
        self.put(partial(ctypes.memmove, dstHost, srcDevice, ByteCount))
        return (OK,)

    def cuStreamBeginCapture(
        self,
        hStream: int,
        mode: CUstreamCaptureMode,
    ) -> tuple[int]:
        assert self.recording is None
        self.recording = []
        return (OK,)

    def cuStreamEndCapture(self, hStream: int) -> tuple[int, int]:
        assert self.recording is not None
        handle = next(self._handles)
        self.graphs[handle], self.recording = self.recording, None
        return OK, handle

    def cuGraphInstantiate(self, hGraph: int, flags: int) -> tuple[int, int]:
        handle = next(self._handles)
        self.graphs[handle] = list(self.graphs[hGraph])
        return OK, handle

    def cuGraphDestroy(self, hGraph: int) -> tuple[int]:
        del self.graphs[hGraph]
        return (OK,)

    def cuGraphExecDestroy(self, hGraphExec: int) -> tuple[int]:
        del self.graphs[hGraphExec]
        return (OK,)

    def cuGraphLaunch(self, hGraphExec: int, hStream: int) -> tuple[int]:
        for operation in self.graphs[hGraphExec]:
            self.put(operation)
        return (OK,)
