"""TensorRT for RTX on a GeForce or RTX card: plans built anywhere, finished by its own JIT here.

Building is tested for real; running was not yet done on a GPU (docs/tensorrt.md).
"""

import hashlib
import logging
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from engine.errors import MachineError
from engine.folders import write_whole
from engine.manifest import GraphSpec
from engine.progress import Progress, Silence
from engine.runtimes.registry import TENSORRT_RTX
from engine.runtimes.tensorrt.build import BuildOptions, capability
from engine.runtimes.tensorrt.gpu import Gpu
from engine.runtimes.tensorrt.messages import Foreign
from engine.runtimes.tensorrt.package import imported
from engine.runtimes.tensorrt.plan_cache import PlanCache, plans_folder
from engine.runtimes.tensorrt.plans import cache_for, key_for, plan_for
from engine.runtimes.tensorrt.run import Loader, TensorRtGraph

logger = logging.getLogger(__name__)


def tensorrt_rtx_library() -> ModuleType:
    """The package.

    Raises:
        ModuleNotFoundError: it is not installed.
        MachineError: its libraries do not load.
    """
    return imported(import_module, "tensorrt_rtx", "tensorrt-rtx")


class TensorRtRtx:
    """Builds plans with TensorRT for RTX and runs them with its own CUDA graphs."""

    name = TENSORRT_RTX.name

    def __init__(
        self,
        *,
        progress: Progress | None = None,
        cache: PlanCache | None = None,
        trt: ModuleType | None = None,
        gpu: Gpu | None = None,
    ) -> None:
        """`trt` and `gpu` are this machine's, unless a test gives others.

        Raises:
            MachineError: no GPU, or one that TensorRT for RTX does not build for.
        """
        self._trt = tensorrt_rtx_library() if trt is None else trt
        self._gpu = Gpu() if gpu is None else gpu
        capability(self._trt, self._gpu.capability)
        self._options = BuildOptions(target=self._gpu.capability)
        self._loader = Loader(self._trt, self._gpu)
        self._cache = cache
        self._progress = progress or Silence()

    def has_plan(self, path: Path, spec: GraphSpec) -> bool:
        """Whether there is one for cards like this."""
        key = key_for(self._trt, path, spec, self._options, self._gpu)
        return (self._cache or cache_for(path)).has(path.stem, key)

    def load(self, path: Path, spec: GraphSpec) -> TensorRtGraph:
        """Load the plan of one ONNX file; the first run of a new plan compiles its kernels."""
        key = key_for(self._trt, path, spec, self._options, self._gpu)
        plan = plan_for(
            self._trt,
            path,
            spec,
            self._options,
            key=key,
            cache=self._cache or cache_for(path),
            progress=self._progress,
        )
        self._check(path, plan)
        engine = self._loader.engine(path.name, plan)
        folder = plans_folder() if self._cache is None else self._cache.folder
        kernels = KernelCache(self._trt, folder / f"{path.stem}.{self._for_here(plan)}.kernels")
        graph = TensorRtGraph(self._loader, engine, spec, kernels.make_context, captures=False)
        kernels.save()  # binding ran the graph once, so its kernels are compiled by now
        return graph

    def _check(self, path: Path, plan: bytes) -> None:
        validity, reasons = self._loader.runtime.get_engine_validity(plan)
        if validity == self._trt.EngineValidity.INVALID:
            kinds = self._trt.EngineInvalidityDiagnostics
            named = [name for name, kind in kinds.__members__.items() if reasons & int(kind)]
            raise MachineError(
                f"the plan of {path.name} does not run on {self._gpu.name} with driver "
                f"{self._gpu.driver} ({', '.join(named) or 'no reason given'}). "
                "Update the driver, or use --backend auto."
            )

    def _for_here(self, plan: bytes) -> str:
        """A short name of a plan on this card: kernels are compiled for both."""
        content = hashlib.sha256(plan)
        content.update(f"{self._gpu.name} {self._gpu.driver}".encode())
        return content.hexdigest()[:16]


class KernelCache:
    """What the JIT compiled, on disk: the second start does not compile."""

    def __init__(self, trt: ModuleType, path: Path) -> None:
        self._trt = trt
        self._path = path
        self._caches: list[Any] = []

    def make_context(self, engine: Foreign) -> Foreign:
        """An execution context that captures itself as a CUDA graph and uses these kernels."""
        config = engine.create_runtime_config()
        config.cuda_graph_strategy = self._trt.CudaGraphStrategy.WHOLE_GRAPH_CAPTURE
        if not self._caches:
            self._caches.append(self._loaded(config.create_runtime_cache()))
        config.set_runtime_cache(self._caches[0])
        return engine.create_execution_context(runtime_config=config)

    def save(self) -> None:
        """Keep what was compiled; a place that cannot be written only costs the next start time."""
        content = bytes(self._caches[0].serialize())
        try:
            if not self._path.exists() or self._path.read_bytes() != content:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                write_whole(self._path, content)
        except OSError as error:
            logger.warning("compiled kernels are not kept (%s); the next start repeats it", error)

    def _loaded(self, cache: Foreign) -> Foreign:
        """TensorRT itself refuses what another GPU, driver or version compiled."""
        try:
            content = self._path.read_bytes()
        except OSError:
            return cache
        if not cache.deserialize(content):
            logger.info("%s is of another driver or damaged: compiling again", self._path.name)
        return cache
