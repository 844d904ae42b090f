"""Launches compiled kernels on the stream that torch works on, through the CUDA driver.

A launch is one C call with raw addresses, so it can be recorded into a CUDA graph like any other.
Nothing is checked here: `fast.py` and `pictures_fast.py` check shapes and types before each launch.
"""

import ctypes
from collections.abc import Sequence
from typing import Any, Protocol, TypeAlias

from torch import Tensor, cuda

from engine.errors import MachineError
from engine.kernels.compiler import ADVICE, Image, image_for

Argument: TypeAlias = Tensor | int | float | None
"""A tensor's address, a 32-bit integer, a 32-bit float, or a null pointer."""


class Launcher(Protocol):
    """Runs a kernel by name."""

    def launch(
        self, source: str, kernel: str, blocks: int, threads: int, arguments: Sequence[Argument]
    ) -> None:
        """Run `kernel` of `engine/kernels/SOURCE.cu`; on a GPU this returns before it has run."""
        ...


def values_and_types(arguments: Sequence[Argument]) -> tuple[list[int | float], list[Any]]:
    """Each argument as a number and its C type, as the driver's binding takes them."""
    values: list[int | float] = []
    types: list[Any] = []
    for argument in arguments:
        if argument is None or isinstance(argument, Tensor):
            values.append(0 if argument is None else argument.data_ptr())
            types.append(ctypes.c_void_p)
        else:
            values.append(argument)
            types.append(ctypes.c_float if isinstance(argument, float) else ctypes.c_int)
    return values, types


class CudaLauncher:
    """Of one GPU. Compiles a source file when a kernel of it is first asked for, and keeps it."""

    def __init__(self, device: int = 0) -> None:
        """`device` counts as torch counts.

        Raises:
            MachineError: torch sees no GPU, or cuda-python is not installed.
        """
        if not cuda.is_available():
            raise MachineError(
                "torch sees no NVIDIA GPU here. Check the driver with `nvidia-smi` and that torch "
                "is a build for CUDA, or use --backend openvino."
            )
        try:
            from cuda.bindings import driver
        except ModuleNotFoundError:
            raise MachineError(f"cuda-python is not installed. {ADVICE}") from None
        self._driver: Any = driver
        self._capability = cuda.get_device_capability(device)
        self._device = device
        self._kernels: dict[tuple[str, str], Any] = {}
        cuda.synchronize(device)  # makes the GPU's context, which modules are loaded into

    def launch(
        self, source: str, kernel: str, blocks: int, threads: int, arguments: Sequence[Argument]
    ) -> None:
        """Run a kernel on torch's current stream."""
        grid, block = (blocks, 1, 1), (threads, 1, 1)
        values, types = (tuple(part) for part in values_and_types(arguments))
        with cuda.device(self._device):  # the driver loads and launches in the current context
            found = self._kernels.get((source, kernel)) or self._load(source, kernel)
            stream = cuda.current_stream(self._device).cuda_stream
            self._call("cuLaunchKernel", found, *grid, *block, 0, stream, (values, types), 0)

    def _load(self, source: str, kernel: str) -> Any:  # noqa: ANN401 - the binding's own handle
        image: Image = image_for(source, self._capability)
        # A PTX is a text and must end with a zero byte.
        (module,) = self._call("cuModuleLoadData", image.code + b"\0")
        (found,) = self._call("cuModuleGetFunction", module, kernel.encode())
        self._kernels[source, kernel] = found
        return found

    def _call(self, name: str, *arguments: object) -> tuple[Any, ...]:
        failed, *results = getattr(self._driver, name)(*arguments)
        if failed != self._driver.CUresult.CUDA_SUCCESS:
            raise MachineError(
                f"the CUDA driver's {name} failed: {failed.name}. Check that the driver is as new "
                "as torch's CUDA (`nvidia-smi` names it)."
            )
        return tuple(results)
