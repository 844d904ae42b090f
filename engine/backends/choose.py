"""Finds a backend by its name; its package is imported only then."""

from engine.backends.base import Backend
from engine.errors import MachineError

BACKENDS = ("openvino", "onnxruntime", "torch")
"""The default, the second runtime, and the reference."""


def choose(name: str, threads: int | None = None) -> Backend:
    """The backend of this name, on so many threads (None: all cores).

    Raises:
        MachineError: its package is not installed.
        ValueError: there is no backend of this name.
    """
    try:
        match name:
            case "openvino":
                from engine.backends.openvino import OpenVino

                return OpenVino(threads)
            case "onnxruntime":
                from engine.backends.onnxruntime import OnnxRuntime

                return OnnxRuntime(threads)
            case "torch":
                from engine.backends.torch import Torch

                return Torch(threads)
    except ModuleNotFoundError as error:
        raise MachineError(f"{error.name} is not installed. {_ADVICE[name]}") from None
    raise ValueError(f"backend must be one of {', '.join(BACKENDS)}, got {name!r}")


_ADVICE = {
    "openvino": "It belongs to the base install: run `pip install understudy` again.",
    "onnxruntime": "Run `pip install understudy[onnx]`.",
    "torch": "Run `pip install understudy[export]`.",
}
