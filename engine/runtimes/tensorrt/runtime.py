"""TensorRT (10.13 and newer) on an NVIDIA GPU: plans built here, for this GPU, and kept.

Written against the interface of its bindings; not yet run on a GPU (docs/tensorrt.md).
"""

from importlib import import_module
from pathlib import Path
from types import ModuleType

from engine.errors import MachineError
from engine.installing import install
from engine.manifest import GraphSpec
from engine.progress import Progress, Silence
from engine.runtimes.registry import TENSORRT
from engine.runtimes.tensorrt.build import BuildOptions
from engine.runtimes.tensorrt.gpu import Gpu
from engine.runtimes.tensorrt.messages import Foreign
from engine.runtimes.tensorrt.package import imported
from engine.runtimes.tensorrt.plan_cache import PlanCache, PlanKey
from engine.runtimes.tensorrt.plans import cache_for, key_for, plan_for
from engine.runtimes.tensorrt.run import Loader, TensorRtGraph

OLDEST = (10, 13)
OPTIONS = BuildOptions(refit=True)
WITH_PLUGIN = BuildOptions(refit=True, plugin=True)
"""Built ahead by `understudy export --to tensorrt --warp plugin`; taken where they are found."""


def tensorrt_library() -> ModuleType:
    """The package.

    Raises:
        ModuleNotFoundError: it is not installed.
        MachineError: its libraries do not load, or it is too old.
    """
    trt = imported(import_module, "tensorrt", "tensorrt")
    found = tuple(int(part) for part in trt.__version__.split(".")[:2])
    if found < OLDEST:
        raise MachineError(
            f"tensorrt {trt.__version__} is too old. Run `{install('tensorrt>=10.13')}`."
        )
    return trt


class TensorRt:
    """Builds plans with TensorRT and runs them as CUDA graphs of our own capture."""

    name = TENSORRT.name

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
            MachineError: no GPU, or a TensorRT that does not load.
        """
        self._trt = tensorrt_library() if trt is None else trt
        self._gpu = Gpu() if gpu is None else gpu
        self._loader = Loader(self._trt, self._gpu)
        self._cache = cache
        self._progress = progress or Silence()

    def has_plan(self, path: Path, spec: GraphSpec) -> bool:
        """Whether there is one for this GPU, with the plugin or without."""
        cache = self._cache or cache_for(path)
        keys = (key_for(self._trt, path, spec, how, self._gpu) for how in (WITH_PLUGIN, OPTIONS))
        return any(cache.has(path.stem, key) for key in keys)

    def load(self, path: Path, spec: GraphSpec) -> TensorRtGraph:
        """Load the plan of one ONNX file; building one takes minutes, once per GPU and version."""
        cache = self._cache or cache_for(path)
        plan = cache.find(path.stem, key_for(self._trt, path, spec, WITH_PLUGIN, self._gpu))
        engine = self._loader.engine(path.name, plan or self._plan(path, spec))
        return TensorRtGraph(self._loader, engine, spec, _make_context, captures=True)

    def refitted(self, old: Path, new: Path, spec: GraphSpec) -> tuple[PlanKey, bytes]:
        """The plan of `old` with the weights of `new`: seconds instead of minutes.

        Raises:
            BundleError: `new` is not of the same structure.
        """
        engine = self._loader.engine(old.name, self._plan(old, spec))
        self._loader.refit(engine, new)
        return key_for(self._trt, new, spec, OPTIONS, self._gpu), bytes(engine.serialize())

    def _plan(self, path: Path, spec: GraphSpec) -> bytes:
        self._gpu.enter()
        return plan_for(
            self._trt,
            path,
            spec,
            OPTIONS,
            key=key_for(self._trt, path, spec, OPTIONS, self._gpu),
            cache=self._cache or cache_for(path),
            progress=self._progress,
        )


def _make_context(engine: Foreign) -> Foreign:
    return engine.create_execution_context()
