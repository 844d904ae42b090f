"""What the live step runs on: a GPU with streams and graphs, or the reference mode on the CPU.

The step is written once against this border. `CudaDevice` records work into CUDA graphs and
overlaps three lanes; `ReferenceDevice` does everything at once, in float32, with the kernels'
twins. It is a mode of its own that is asked for by name, for tests and rehearsals; nothing falls
back to it.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from threading import RLock
from typing import Literal, Protocol, TypeAlias

import torch
from torch import Tensor, cuda

from engine.errors import MachineError
from engine.kernels.fast import Kernels
from engine.kernels.launch import CudaLauncher
from engine.kernels.pictures_fast import PictureKernels
from engine.kernels.pictures_twins import PictureTwins
from engine.kernels.twins import Twins

Lane: TypeAlias = Literal["upload", "compute", "download"]
Work: TypeAlias = Callable[[], None]
Ops: TypeAlias = Kernels | Twins
Pictures: TypeAlias = PictureKernels | PictureTwins

LANES: tuple[Lane, ...] = ("upload", "compute", "download")
WARM_UPS = 3
"""Runs before a recording: cuDNN chooses its algorithms and kernels are loaded meanwhile."""

_EXACT = RLock()
"""cuDNN's settings belong to the process: one thread at a time may have changed them."""


class Mark(Protocol):
    """A moment in a lane, set by the work it was last given to; done before it is given to any."""

    def wait(self) -> None:
        """Hold the calling thread until that moment."""
        ...


class Device(Protocol):
    """Runs work in three lanes; each keeps its order, and marks order them among each other."""

    torch_device: torch.device
    dtype: torch.dtype
    """Of the networks' maps."""
    ops: Ops
    pictures: Pictures

    def host(self, shape: tuple[int, ...], dtype: torch.dtype) -> Tensor:
        """Memory of the host that the lanes can copy from and to without its help."""
        ...

    def record(self, work: Work) -> Work:
        """The same work, quick to repeat: on the same addresses, whatever they hold then."""
        ...

    def mark(self) -> Mark:
        """A new mark."""
        ...

    def enqueue(self, lane: Lane, work: Work, after: Sequence[Mark], mark: Mark | None) -> None:
        """Do work in a lane once the marks' moments have passed, and then set a mark.

        Returns before it is done. The moments are those last given when this is called.
        """
        ...

    def exact(self) -> AbstractContextManager[None]:
        """A context in which float32 stays float32."""
        ...


class CudaMark:
    """An event of CUDA's."""

    def __init__(self) -> None:
        self.event: cuda.Event = cuda.Event()  # type: ignore[no-untyped-call]

    def wait(self) -> None:
        """Hold the thread."""
        self.event.synchronize()


class CudaDevice:
    """A GPU: kernels in float16, CUDA graphs, three streams, pinned memory."""

    def __init__(self, index: int = 0) -> None:
        """`index` counts as torch counts.

        Raises:
            MachineError: there is no GPU, or cuda-python is missing.
        """
        launcher = CudaLauncher(index)
        self.torch_device = torch.device("cuda", index)
        self.dtype = torch.float16
        self.ops: Ops = Kernels(launcher)
        self.pictures: Pictures = PictureKernels(launcher)
        self._streams: dict[Lane, cuda.Stream] = {
            lane: cuda.Stream(self.torch_device)  # type: ignore[no-untyped-call]
            for lane in LANES
        }
        # All recordings run in one lane, one after the other, and keep nothing between runs: so
        # they share their memory for what lies between the kernels.
        self._pool = cuda.graph_pool_handle()

    def host(self, shape: tuple[int, ...], dtype: torch.dtype) -> Tensor:
        """Pinned memory."""
        return torch.empty(shape, dtype=dtype, pin_memory=True)

    def record(self, work: Work) -> Work:
        """Record the work into a CUDA graph; it runs a few times on the way.

        cuDNN remembers per thread which algorithms it chose: recordings on one thread choose once.
        """
        stream, graph = self._streams["compute"], cuda.CUDAGraph()
        with self.exact():
            stream.wait_stream(cuda.current_stream(self.torch_device))
            with cuda.stream(stream):
                for _ in range(WARM_UPS):
                    work()
            stream.synchronize()
            # What other threads allocate or wait for meanwhile must not break the recording.
            mode = "thread_local"
            with cuda.graph(graph, pool=self._pool, stream=stream, capture_error_mode=mode):
                work()
        return graph.replay

    def mark(self) -> CudaMark:
        """An event."""
        return CudaMark()

    def enqueue(self, lane: Lane, work: Work, after: Sequence[Mark], mark: Mark | None) -> None:
        """Do work on the lane's stream."""
        stream = self._streams[lane]
        for moment in after:
            assert isinstance(moment, CudaMark)
            stream.wait_event(moment.event)
        with cuda.stream(stream):
            work()
        if mark is not None:
            assert isinstance(mark, CudaMark)
            mark.event.record(stream)

    @contextmanager
    def exact(self) -> Iterator[None]:
        """Without TF32, whose ten bits are too few for a flow.

        cuDNN takes what is fastest of what gives the same bits at every run.
        """
        settings = {"benchmark": True, "deterministic": True, "allow_tf32": False}
        with _EXACT, torch.backends.cudnn.flags(enabled=True, **settings):
            yield


class ReferenceMark:
    """Whatever it marks is already done."""

    def wait(self) -> None:
        """Do nothing."""


class ReferenceDevice:
    """The reference mode: the CPU, float32, twins, no graph, one thing after the other."""

    def __init__(self) -> None:
        self.torch_device = torch.device("cpu")
        self.dtype = torch.float32
        self.ops: Ops = Twins()
        self.pictures: Pictures = PictureTwins()

    def host(self, shape: tuple[int, ...], dtype: torch.dtype) -> Tensor:
        """Plain memory."""
        return torch.empty(shape, dtype=dtype)

    def record(self, work: Work) -> Work:
        """The work itself."""
        return work

    def mark(self) -> ReferenceMark:
        """A mark that never holds anybody."""
        return ReferenceMark()

    def enqueue(self, lane: Lane, work: Work, after: Sequence[Mark], mark: Mark | None) -> None:
        """Do it now."""
        work()

    @contextmanager
    def exact(self) -> Iterator[None]:
        """A CPU's float32 is exact."""
        yield


def open_device(mode: str, index: int = 0) -> Device:
    """`gpu`, or `reference`: the CPU, slowly, for tests and rehearsals.

    Raises:
        MachineError: there is no such mode, or no GPU.
    """
    if mode == "gpu":
        return CudaDevice(index)
    if mode == "reference":
        return ReferenceDevice()
    raise MachineError(f"the cuda backend's mode is gpu or reference, not {mode!r}. Give one.")
