"""flow_warp_blend.cu as a TensorRT plugin whose code is put into the plan.

Built ahead of time (`tensorrt.plugin.aot_impl`, TensorRT 10.9 and newer): no Python runs per frame,
and a machine that only runs the plan needs neither this file nor NVRTC. TensorRT for RTX has no
plugins. Checked against the real package's own validation; not yet built or run on a GPU.
"""

from collections.abc import Callable
from types import ModuleType
from typing import Any

from engine.kernels.compiler import Source, image_for

NAMESPACE = "understudy"
NAME = "flow_warp_blend"
IDENTITY = f"{NAMESPACE}::{NAME}"
INPUTS = ("feature", "x", "delta", "below")
"""(N, C, h, w) twice, (N, 3, h, w), (N, 3, h / 2, w / 2); C a multiple of 8."""
OUTPUTS = ("flow", "warped", "blended")

TYPES = "FP16, FP16, FP32, FP32, FP32, FP16, FP16"
"""Of inputs, then outputs: maps are halves, flows and their mask floats."""
LAYOUTS = "HWC8, HWC8, LINEAR, LINEAR, LINEAR, HWC8, HWC8"
"""HWC8 is channels last, padded to a multiple of 8: what the kernel reads 16 bytes at a time."""
THREADS = 128
VECTOR = 8
"""Channels per thread."""


def source_key() -> str:
    """Of the kernel's text: plans with another kernel inside are other plans."""
    return Source.of(NAME, {}).key("ptx", "any")


def register(plugins: ModuleType, capability: tuple[int, int]) -> None:
    """Make the plugin known to a TensorRT, once per process; `plugins` is `tensorrt.plugin`.

    `capability` is that of the GPU that plans are built for.
    """
    if hasattr(plugins.op, NAMESPACE) and hasattr(getattr(plugins.op, NAMESPACE), NAME):
        return
    tensor: Any = plugins.TensorDesc
    inputs = dict.fromkeys(INPUTS, tensor)

    def describe(feature: Any, x: Any, delta: Any, below: Any) -> tuple[Any, Any, Any]:  # noqa: ANN401
        return delta.like(), x.like(), x.like()

    def formats(feature: Any, x: Any, delta: Any, below: Any, outputs: Any) -> list[Any]:  # noqa: ANN401
        return [plugins.AutoTuneCombination(TYPES, LAYOUTS)]

    def kernel(
        feature: Any,  # noqa: ANN401
        x: Any,  # noqa: ANN401
        delta: Any,  # noqa: ANN401
        below: Any,  # noqa: ANN401
        outputs: Any,  # noqa: ANN401
        tactic: int,
    ) -> tuple[str, bytes, Any, Any]:
        samples, channels, height, width = (x.shape_expr[axis] for axis in range(4))
        launch = plugins.KernelLaunchParams()
        launch.grid_x = plugins.cdiv(x.shape_expr.numel(), THREADS * VECTOR)
        launch.block_x = THREADS
        sizes = plugins.SymIntExprs.from_tuple((samples, height, width, channels))
        # TensorRT takes PTX only, and finishes it for the GPU itself.
        return NAME, image_for(NAME, capability, as_ptx=True).code, launch, sizes

    # TensorRT checks annotations, which must be its own classes, and those are only known here.
    _annotate(describe, inputs, tuple[tensor, tensor, tensor])
    found: Any = list[plugins.AutoTuneCombination]  # type: ignore[name-defined]
    outputs: Any = tuple[tensor, tensor, tensor]
    _annotate(formats, inputs | {"outputs": outputs}, found)
    returned: Any = tuple[
        str,
        bytes,
        plugins.KernelLaunchParams,  # type: ignore[name-defined]
        plugins.SymIntExprs,  # type: ignore[name-defined]
    ]
    _annotate(kernel, inputs | {"outputs": outputs, "tactic": int}, returned)
    plugins.register(IDENTITY)(describe)
    plugins.autotune(IDENTITY)(formats)
    plugins.aot_impl(IDENTITY)(kernel)


def _annotate(function: Callable[..., object], arguments: dict[str, Any], returns: object) -> None:
    function.__annotations__ = arguments | {"return": returns}
