"""A bundle's graphs as plans of TensorRT or of TensorRT for RTX, built ahead of the first use."""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import Literal, TypeAlias

from engine.errors import BundleError, InputError, MachineError
from engine.installing import install_extra
from engine.kernels.plugin import register
from engine.manifest import GraphSpec, Manifest, check_files, read_manifest
from engine.progress import Progress
from engine.runtimes.tensorrt.build import BuildOptions, capability
from engine.runtimes.tensorrt.gpu import Gpu
from engine.runtimes.tensorrt.messages import FOR_TENSOR_CORES
from engine.runtimes.tensorrt.plan_cache import PlanCache
from engine.runtimes.tensorrt.plans import key_for, plan_for
from engine.runtimes.tensorrt.rtx import tensorrt_rtx_library
from engine.runtimes.tensorrt.runtime import OPTIONS, WITH_PLUGIN, TensorRt, tensorrt_library

logger = logging.getLogger(__name__)

Library: TypeAlias = Literal["tensorrt", "tensorrt-rtx"]
Warp: TypeAlias = Literal["native", "plugin"]
"""GridSample and what lies around it as TensorRT fuses them, or our own kernel (TensorRT only)."""

RTX_TARGETS = ("8.6", "8.9", "12.0")
"""GeForce 30, 40 and 50: what is built for where no target is asked for and there is no GPU."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is to be built."""

    bundle: Path
    to: Library
    out: Path | None = None
    """Folder of the plans; None: where runtimes look for them on this machine."""
    targets: Sequence[str] = ()
    """Compute capabilities, for TensorRT for RTX; none: the GPU here, or RTX_TARGETS."""
    refit_from: Path | None = None
    """A bundle of the same structure whose plans get this one's weights (TensorRT)."""
    warp: Warp = "native"


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """A request, what it is about, and who hears of it."""

    request: Request
    manifest: Manifest
    cache: PlanCache
    progress: Progress
    tell: Callable[[str], None]

    def path(self, spec: GraphSpec) -> Path:
        """Of a graph's ONNX file."""
        return self.request.bundle / spec.file


def build_plans(
    request: Request, progress: Progress, tell: Callable[[str], None] = lambda line: None
) -> Path:
    """Build what is missing; `tell` gets a line for each plan. Returns the folder they are in.

    Raises:
        BundleError: the folder is no sound bundle.
        InputError: options that do not belong together.
        MachineError: the library is missing or cannot build a graph, or there is no GPU for it.
        OutputError: the folder cannot be written.
    """
    if request.to == "tensorrt" and request.targets:
        raise InputError(
            "TensorRT builds for the GPU it runs on. Leave --for out, or use --to tensorrt-rtx."
        )
    if request.to == "tensorrt-rtx" and request.refit_from is not None:
        raise InputError(
            "TensorRT for RTX builds in seconds and is not refitted. Leave --refit-from out."
        )
    if request.warp == "plugin" and (request.to == "tensorrt-rtx" or request.refit_from):
        raise InputError(
            "The plugin is built by TensorRT alone, and not refitted. Use --warp native there."
        )
    manifest, cache = _checked(request.bundle), PlanCache(request.out)
    if manifest.family in ("dpe", "pdfgc") and manifest.precision == "fp32":
        logger.warning("%s: %s", request.bundle, FOR_TENSOR_CORES)
    work = Work(request=request, manifest=manifest, cache=cache, progress=progress, tell=tell)
    if request.to == "tensorrt-rtx":
        _ahead(work)
    else:
        _for_this_gpu(work)
    return cache.folder


def _checked(bundle: Path) -> Manifest:
    if bundle.is_file():
        raise InputError(
            f"{bundle} is a file, and plans are built from the folder of a bundle. "
            "Make one of weights with `understudy export --model FILE --out FOLDER`."
        )
    manifest = read_manifest(bundle)
    check_files(bundle, manifest)
    return manifest


def _ahead(work: Work) -> None:
    trt = _library(tensorrt_rtx_library, "tensorrt-rtx")
    targets = list(dict.fromkeys(work.request.targets)) or _default_targets(trt)
    for target in targets:
        capability(trt, target)  # refused before any work
    for name, spec in work.manifest.graphs.items():
        for target in targets:
            _build(work, trt, spec, BuildOptions(target=target), None, f"{name} for {target}")


def _for_this_gpu(work: Work) -> None:
    trt = _library(tensorrt_library, "tensorrt")
    try:
        gpu = Gpu()
    except ModuleNotFoundError as error:
        raise _not_installed(error, "tensorrt") from None
    except MachineError as error:
        raise MachineError(
            "TensorRT builds a plan on the GPU that it is for, and "
            f"{str(error).split('. ')[0]}. Use --to tensorrt-rtx, which builds without one."
        ) from None
    source = work.request.refit_from
    if source is not None:
        _refit(work, source, TensorRt(progress=work.progress, cache=work.cache, trt=trt, gpu=gpu))
        return
    if work.request.warp == "plugin":
        _build_with_plugin(work, trt, gpu)
        return
    for name, spec in work.manifest.graphs.items():
        _build(work, trt, spec, OPTIONS, gpu, f"{name} for {gpu.name}")


def _build_with_plugin(work: Work, trt: ModuleType, gpu: Gpu) -> None:
    try:
        from export.warp_plugin import write_with_plugin
    except ModuleNotFoundError as error:
        raise _not_installed(error, "tensorrt") from None
    major, _, minor = gpu.capability.partition(".")
    register(plugins_of(trt), (int(major), int(minor)))
    count = 0
    with TemporaryDirectory() as folder:
        for name, spec in work.manifest.graphs.items():
            fused = Path(folder) / spec.file
            warps = write_with_plugin(work.path(spec), fused)
            count += warps
            label = f"{name} for {gpu.name}"
            if warps:
                label += f", {warps} warps by the plugin"
                _build(work, trt, spec, WITH_PLUGIN, gpu, label, source=fused)
            else:
                _build(work, trt, spec, OPTIONS, gpu, label)
    if count == 0:
        raise InputError(f"{work.request.bundle} has no warp for the plugin. Use --warp native.")


def plugins_of(trt: ModuleType) -> ModuleType:
    """`tensorrt.plugin`, which importing tensorrt alone does not load."""
    return import_module(f"{trt.__name__}.plugin")


def _build(
    work: Work,
    trt: ModuleType,
    spec: GraphSpec,
    options: BuildOptions,
    gpu: Gpu | None,
    label: str,
    *,
    source: Path | None = None,
) -> None:
    path = work.path(spec)
    key = key_for(trt, path, spec, options, gpu)
    found = work.cache.find(path.stem, key)
    if found is not None:
        work.tell(f"{label}: {len(found) / 1e6:.1f} MB, is there already")
        return
    began = time.monotonic()
    plan = plan_for(
        trt,
        path,
        spec,
        options,
        key=key,
        cache=work.cache,
        progress=work.progress,
        source=source,
    )
    work.tell(f"{label}: {len(plan) / 1e6:.1f} MB, built in {time.monotonic() - began:.1f} s")


def _refit(work: Work, source: Path, runtime: TensorRt) -> None:
    old = _checked(source)
    for name, spec in work.manifest.graphs.items():
        before = old.graph(name)
        if (before.inputs, before.outputs) != (spec.inputs, spec.outputs):
            raise BundleError(
                f"{name} has other tensors in {source} than in {work.request.bundle}. "
                "Build the plans anew, without --refit-from."
            )
        key, plan = runtime.refitted(source / before.file, work.path(spec), spec)
        work.cache.keep(work.path(spec).stem, key, plan)
        work.tell(f"{name}: {len(plan) / 1e6:.1f} MB, refitted")


def _default_targets(trt: ModuleType) -> list[str]:
    try:
        here = Gpu().capability
        capability(trt, here)
    except (ModuleNotFoundError, MachineError):
        return list(RTX_TARGETS)
    return [here]


def _library(load: Callable[[], ModuleType], name: Library) -> ModuleType:
    try:
        return load()
    except ModuleNotFoundError as error:
        raise _not_installed(error, name) from None


def _not_installed(error: ModuleNotFoundError, name: Library) -> MachineError:
    return MachineError(f"{error.name} is not installed. Run `{install_extra(name)}`.")
