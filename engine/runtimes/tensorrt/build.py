"""ONNX in, a plan of TensorRT or of TensorRT for RTX out.

Networks are strongly typed: the graph says what is fp16 and what is fp32, and the builder keeps to
it. TF32 would be a loophole (fp32 products with 10 bits of mantissa: an eighth of a pixel of flow),
so it is off.
"""

from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from engine.errors import BundleError, MachineError
from engine.kernels.plugin import source_key
from engine.manifest import GraphSpec
from engine.progress import Progress
from engine.runtimes.base import check_names
from engine.runtimes.tensorrt.messages import PERCENT, Errors, Foreign, make_logger, make_monitor

PRECISION = "typed by the graph, no TF32"
LARGEST_BATCH = 8
"""Of a graph of free batch: more sessions in one batch wait longer than they save."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildOptions:
    """What the caller decides about a plan."""

    target: str | None = None
    """Compute capability to build for, such as 8.9; None: the GPU at hand."""
    refit: bool = False
    """Weights may be exchanged later. TensorRT for RTX needs a GPU to build such a plan."""
    plugin: bool = False
    """Warps by our own kernel, in a graph that has nodes for it (export/warp_plugin.py)."""

    def described(self, spec: GraphSpec) -> str:
        """For the plan's key."""
        batch = f"batch 1 to {LARGEST_BATCH}" if is_free(spec) else "batch 1"
        parts = [batch, *(["refit"] if self.refit else [])]
        if self.plugin:
            parts.append(f"flow_warp_blend {source_key()}")
        return ", ".join(parts)


def is_free(spec: GraphSpec) -> bool:
    """Whether a graph takes any batch size."""
    return any(isinstance(axis, str) for tensor in spec.inputs.values() for axis in tensor.shape)


def sized(shape: tuple[int | str, ...], batch: int) -> tuple[int, ...]:
    """A stated shape with this for its free axes."""
    return tuple(axis if isinstance(axis, int) else batch for axis in shape)


def build_plan(
    trt: ModuleType, path: Path, spec: GraphSpec, options: BuildOptions, progress: Progress
) -> bytes:
    """Build one graph. Seconds with TensorRT for RTX, minutes with TensorRT.

    Raises:
        BundleError: the file is no ONNX, or its tensors are not those of the manifest.
        MachineError: it cannot be built for this GPU, or has an operation TensorRT has not.
    """
    errors = Errors()
    log = make_logger(trt, errors)
    builder = trt.Builder(log)
    network = builder.create_network(1 << int(trt.NetworkDefinitionCreationFlag.STRONGLY_TYPED))
    parser = trt.OnnxParser(network, log)
    if not parser.parse_from_file(str(path)):
        raise _unreadable(trt, path, parser)
    inputs = {network.get_input(index).name for index in range(network.num_inputs)}
    outputs = {network.get_output(index).name for index in range(network.num_outputs)}
    check_names(path, inputs, outputs, spec)

    config = builder.create_builder_config()
    config.clear_flag(trt.BuilderFlag.TF32)
    if options.refit:
        config.set_flag(trt.BuilderFlag.REFIT)
    if options.target is not None:
        config.num_compute_capabilities = 1
        config.set_compute_capability(capability(trt, options.target), 0)
    if is_free(spec):
        config.add_optimization_profile(_profile(builder, spec))
    monitor = make_monitor(trt, progress)
    config.progress_monitor = monitor
    where = "this GPU" if options.target is None else f"compute capability {options.target}"
    progress.begin(f"building {path.stem} for {where}", PERCENT)
    plan = builder.build_serialized_network(network, config)
    if monitor.is_stopped:
        raise KeyboardInterrupt
    if plan is None:
        raise MachineError(
            f"{trt.__name__} cannot build {path.name} for {where}: {errors.taken()}. "
            "Use --backend auto, or another one."
        )
    return bytes(plan)


def capability(trt: ModuleType, target: str) -> Foreign:
    """The member of TensorRT for RTX's enumeration for a compute capability such as 8.9.

    Raises:
        MachineError: it does not build for such GPUs.
    """
    known = capabilities(trt)
    if target not in known:
        raise MachineError(
            f"{trt.__name__} {trt.__version__} builds for compute capability "
            f"{', '.join(known)}, not for {target}. Use --backend tensorrt or cuda there."
        )
    return known[target]


def capabilities(trt: ModuleType) -> dict[str, Foreign]:
    """Such as 8.9 -> ComputeCapability.SM89, for all that this version builds for."""
    names = [name.removeprefix("SM") for name in dir(trt.ComputeCapability)]
    numbers = sorted(int(name) for name in names if name.isdigit())
    return {f"{n // 10}.{n % 10}": getattr(trt.ComputeCapability, f"SM{n}") for n in numbers}


def _profile(builder: Foreign, spec: GraphSpec) -> Foreign:
    """Tuned for one picture; exact for every size up to the largest."""
    profile = builder.create_optimization_profile()
    for name, tensor in spec.inputs.items():
        one, most = sized(tensor.shape, 1), sized(tensor.shape, LARGEST_BATCH)
        profile.set_shape(name, one, one, most)
    return profile


def _unreadable(trt: ModuleType, path: Path, parser: Foreign) -> BundleError | MachineError:
    """A foreign file, or a sound one with an operation that TensorRT has not."""
    found = [parser.get_error(index) for index in range(parser.num_errors)]
    if not found or any(error.node_operator() == "" for error in found):
        return BundleError(f"{trt.__name__} cannot read {path}. Import or export the model again.")
    operators = sorted({error.node_operator() for error in found})
    return MachineError(
        f"{trt.__name__} cannot run {path.name}, which uses {', '.join(operators)}: "
        f"{found[0].desc()}. Use --backend auto, or another one."
    )
