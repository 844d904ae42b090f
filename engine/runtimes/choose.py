"""Finds a backend by its name; its package is imported only then.

The command line reads the names here, so this imports nothing heavy, not even numpy.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

from engine.errors import MachineError
from engine.installing import install, install_extra, reinstall
from engine.manifest import GraphSpec
from engine.runtimes.tensorrt.messages import BuildProgress

if TYPE_CHECKING:
    from engine.runtimes.base import Backend

BackendName: TypeAlias = Literal[
    "auto",
    "cuda",
    "tensorrt",
    "tensorrt-rtx",
    "onnxruntime-gpu",
    "openvino",
    "onnxruntime",
    "torch",
]
NAMES: tuple[str, ...] = get_args(BackendName)
BACKENDS = ("openvino", "onnxruntime", "torch")
"""Those of a CPU: the default, the second runtime, and the reference."""
AUTO = ("cuda", "tensorrt", "tensorrt-rtx", "onnxruntime-gpu", "openvino")
"""What `auto` tries, in this order; but one of PLANNED that has its plans comes first."""
PLANNED = ("tensorrt", "tensorrt-rtx")
"""Those that build a plan of each graph before it runs, perhaps for minutes, and keep it."""


def choose(
    name: str,
    threads: int | None = None,
    *,
    progress: BuildProgress | None = None,
    graphs: Mapping[Path, GraphSpec] | None = None,
) -> "Backend":
    """The backend of this name, on so many threads (None: all cores).

    `progress` hears of plans that are built. `auto` takes the first of AUTO that is installed and
    passes a self-test, and says so where one of them fails at a graph and the next one runs it;
    `graphs`, by their files, are what it is to run.

    Raises:
        MachineError: its package is not installed, or it needs a GPU that is not there.
        ValueError: there is no backend of this name.
    """
    if name not in NAMES:
        raise ValueError(f"backend must be one of {', '.join(NAMES)}, got {name!r}")
    try:
        return _made(name, threads, progress, graphs or {})
    except ModuleNotFoundError as error:
        raise MachineError(f"{error.name} is not installed. {ADVICE[name]}") from None


def _made(
    name: str,
    threads: int | None,
    progress: BuildProgress | None,
    graphs: Mapping[Path, GraphSpec],
) -> "Backend":
    match name:
        case "auto":
            from engine.runtimes.auto import Auto

            return Auto(threads, progress, graphs)
        case "tensorrt":
            from engine.runtimes.tensorrt.runtime import TensorRt

            return TensorRt(progress=progress)
        case "tensorrt-rtx":
            from engine.runtimes.tensorrt.rtx import TensorRtRtx

            return TensorRtRtx(progress=progress)
        case "cuda":
            from engine.runtimes.cuda import Cuda

            return Cuda(threads)
        case "onnxruntime-gpu":
            from engine.runtimes.onnxruntime import OnnxRuntimeGpu

            return OnnxRuntimeGpu(threads)
        case "onnxruntime":
            from engine.runtimes.onnxruntime import OnnxRuntime

            return OnnxRuntime(threads)
        case "torch":
            from engine.runtimes.torch import Torch

            return Torch(threads)
        case _:
            from engine.runtimes.openvino import OpenVino

            return OpenVino(threads)


NEEDS = {
    "tensorrt": ("tensorrt", "cuda"),
    "tensorrt-rtx": ("tensorrt_rtx", "cuda"),
    "cuda": ("torch", "onnx", "cuda"),
    "onnxruntime-gpu": ("onnxruntime",),
    "openvino": ("openvino",),
}
"""What must be importable, for each of AUTO."""
ADVICE = {
    "auto": f"It belongs to the base install: run `{reinstall()}`.",
    "tensorrt": f"Run `{install_extra('tensorrt')}`.",
    "tensorrt-rtx": f"Run `{install_extra('tensorrt-rtx')}`.",
    "cuda": f"Run `{install_extra('cuda')}`.",
    "onnxruntime-gpu": f"Run `{install('onnxruntime-gpu')}` (in place of onnxruntime).",
    "openvino": f"It belongs to the base install: run `{reinstall()}`.",
    "onnxruntime": f"Run `{install_extra('onnx')}`.",
    "torch": f"Run `{install_extra('export')}`.",
}
