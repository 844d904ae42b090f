"""Plans of either TensorRT: what one depends on, and where it comes from."""

from pathlib import Path
from types import ModuleType

from engine.manifest import GraphSpec, sha256_of
from engine.progress import Progress
from engine.runtimes.tensorrt.build import PRECISION, BuildOptions, build_plan
from engine.runtimes.tensorrt.gpu import Gpu
from engine.runtimes.tensorrt.plan_cache import ANY, PlanCache, PlanKey

SHIPPED = "plans"
"""Folder of a bundle with plans that were built ahead."""


def cache_for(path: Path) -> PlanCache:
    """The user's cache, and the plans that came with a bundle; `path` is one of its graphs."""
    return PlanCache(shipped=[path.parent / SHIPPED])


def key_for(
    trt: ModuleType, path: Path, spec: GraphSpec, options: BuildOptions, gpu: Gpu | None
) -> PlanKey:
    """What a plan depends on: the GPU at hand, or (TensorRT for RTX) the target alone."""
    assert gpu is not None or options.target is not None
    ahead = options.target is not None
    return PlanKey(
        library=trt.__name__,
        version=trt.__version__,
        gpu=ANY if ahead or gpu is None else gpu.name,
        capability=options.target or (ANY if gpu is None else gpu.capability),
        driver=ANY if ahead or gpu is None else gpu.driver,
        graph=sha256_of(path),
        precision=PRECISION,
        options=options.described(spec),
    )


def plan_for(
    trt: ModuleType,
    path: Path,
    spec: GraphSpec,
    options: BuildOptions,
    *,
    key: PlanKey,
    cache: PlanCache,
    progress: Progress,
    source: Path | None = None,
) -> bytes:
    """The plan of a graph: shipped with the bundle, from the cache, or built now and kept.

    `source` is another form of the graph, with plugin nodes, to build from.

    Raises:
        BundleError, MachineError: it cannot be built; nothing is kept, nothing else is taken.
        OutputError: it cannot be kept.
    """
    return cache.plan(
        path.stem, key, lambda: build_plan(trt, source or path, spec, options, progress)
    )
