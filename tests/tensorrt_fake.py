"""A TensorRT whose networks are JSON: every output is the sum of the inputs times a factor.

It names exactly what `engine/runtimes/tensorrt/*.py` call; a test holds it to the real bindings.
"""

# ruff: noqa: A002 (TensorRT's names)

import ctypes
import json
from collections.abc import Callable, Sequence
from enum import IntEnum
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.manifest import GraphSpec, TensorSpec
from tests.cuda_fake import FakeDriver

SHAPE: tuple[int | str, ...] = (1, 4)


def write_graph(
    path: Path, *, factor: float = 2.0, operation: str = "", shape: tuple[int | str, ...] = SHAPE
) -> GraphSpec:
    """A file that the fake parser reads: y = factor * (x + still)."""
    content = {"factor": factor, "operation": operation, "shape": shape}
    path.write_text(json.dumps(content))
    tensor = TensorSpec(dtype="float32", shape=shape)
    inputs = {"x": tensor, "still": tensor}
    return GraphSpec(file=path.name, sha256="", inputs=inputs, outputs={"y": tensor})


class ILogger:
    class Severity(IntEnum):
        INTERNAL_ERROR = 0
        ERROR = 1
        WARNING = 2

    def log(self, severity: Severity, msg: str) -> None:
        raise NotImplementedError


class IProgressMonitor:
    def phase_start(self, phase_name: str, parent_phase: str | None, num_steps: int) -> None:
        raise NotImplementedError

    def phase_finish(self, phase_name: str) -> None:
        raise NotImplementedError

    def step_complete(self, phase_name: str, step: int) -> bool:
        raise NotImplementedError


class BuilderFlag(IntEnum):
    REFIT = 2
    TF32 = 7


class NetworkDefinitionCreationFlag(IntEnum):
    STRONGLY_TYPED = 1


class DataType(IntEnum):
    FLOAT = 0


class ITensor:
    def __init__(self, name: str) -> None:
        self.name = name


class INetworkDefinition:
    content: dict[str, Any]

    @property
    def num_inputs(self) -> int:
        return 2

    @property
    def num_outputs(self) -> int:
        return 1

    def get_input(self, index: int) -> ITensor:
        return ITensor(("x", "still")[index])

    def get_output(self, index: int) -> ITensor:
        return ITensor("y")


class IOptimizationProfile:
    def __init__(self) -> None:
        self.shapes: dict[str, tuple[Sequence[int], ...]] = {}

    def set_shape(
        self,
        input: str,
        min: Sequence[int],
        opt: Sequence[int],
        max: Sequence[int],
    ) -> None:
        self.shapes[input] = (min, opt, max)


class IBuilderConfig:
    def __init__(self) -> None:
        self.set = {BuilderFlag.TF32}
        self.num_compute_capabilities = 0
        self.progress_monitor: IProgressMonitor | None = None
        self.profiles: list[IOptimizationProfile] = []
        self.targets: list[int] = []

    def set_flag(self, flag: BuilderFlag) -> None:
        self.set.add(flag)

    def clear_flag(self, flag: BuilderFlag) -> None:
        self.set.discard(flag)

    def add_optimization_profile(self, profile: IOptimizationProfile) -> int:
        self.profiles.append(profile)
        return len(self.profiles) - 1

    def set_compute_capability(self, compute_capability: int, index: int) -> bool:
        assert index < self.num_compute_capabilities
        self.targets.append(compute_capability)
        return True


class FakeTensorRt:
    """Makes the module; keeps what was called, and what is to fail."""

    def __init__(self, driver: FakeDriver, *, rtx: bool = False, version: str = "11.4.0") -> None:
        self.driver = driver
        self.calls: list[str] = []
        self.configs: list[IBuilderConfig] = []
        self.fails = ""
        """build, load, run, bind: what goes wrong."""
        self.invalid = 0
        self.kernels: list[bytes] = []
        self.rtx, self.version = rtx, version

    def take(self) -> list[str]:
        """The calls since the last look."""
        found = list(self.calls)
        self.calls.clear()
        return found

    def module(self) -> ModuleType:
        """tensorrt or tensorrt_rtx."""
        module = ModuleType("tensorrt_rtx" if self.rtx else "tensorrt")
        names: dict[str, object] = {
            "__version__": self.version,
            "nptype": lambda dtype: np.float32,
            **{
                kind.__name__: kind
                for kind in (ILogger, IProgressMonitor, BuilderFlag, NetworkDefinitionCreationFlag)
            },
            **{name: self._made(kind) for name, kind in MADE.items()},
        }
        if self.rtx:
            names |= {kind.__name__: kind for kind in RTX_ONLY}
        for name, value in names.items():
            setattr(module, name, value)
        return module

    def _made(self, kind: Callable[..., object]) -> Callable[..., object]:
        return lambda *arguments: kind(self, *arguments)


class Builder:
    def __init__(self, fake: FakeTensorRt, logger: ILogger) -> None:
        self.fake, self.logger = fake, logger

    def create_network(self, flags: int) -> INetworkDefinition:
        assert flags == 1 << NetworkDefinitionCreationFlag.STRONGLY_TYPED
        return INetworkDefinition()

    def create_builder_config(self) -> IBuilderConfig:
        self.fake.configs.append(IBuilderConfig())
        return self.fake.configs[-1]

    def create_optimization_profile(self) -> IOptimizationProfile:
        return IOptimizationProfile()

    def build_serialized_network(
        self, network: INetworkDefinition, config: IBuilderConfig
    ) -> bytes | None:
        self.fake.calls.append("build")
        monitor = config.progress_monitor
        assert monitor is not None
        monitor.phase_start("all", None, 4)
        for step in range(4):
            if not monitor.step_complete("all", step):
                return None
        monitor.phase_finish("all")
        if self.fake.fails == "build":
            self.logger.log(ILogger.Severity.ERROR, "Error Code 1: no tactic.\nstack ...")
            return None
        return json.dumps(network.content).encode()


class ParserError:
    def __init__(self, operator: str) -> None:
        self.operator = operator

    def node_operator(self) -> str:
        return self.operator

    def desc(self) -> str:
        return "no such operation"


class OnnxParser:
    def __init__(self, fake: FakeTensorRt, network: INetworkDefinition, logger: ILogger) -> None:
        self.network = network
        self.errors: list[ParserError] = []

    @property
    def num_errors(self) -> int:
        return len(self.errors)

    def get_error(self, index: int) -> ParserError:
        return self.errors[index]

    def parse_from_file(self, model: str) -> bool:
        try:
            self.network.content = json.loads(Path(model).read_text())
        except ValueError:
            self.errors.append(ParserError(""))
            return False
        if self.network.content["operation"]:
            self.errors.append(ParserError(self.network.content["operation"]))
        return not self.errors


class Runtime:
    def __init__(self, fake: FakeTensorRt, logger: ILogger) -> None:
        self.fake, self.logger = fake, logger

    def deserialize_cuda_engine(self, serialized_engine: bytes) -> "ICudaEngine | None":
        self.fake.calls.append("deserialize")
        if self.fake.fails == "load":
            self.logger.log(ILogger.Severity.ERROR, "engine of another version")
            return None
        return ICudaEngine(self.fake, self.logger, json.loads(serialized_engine))

    def get_engine_validity(self, buffer: bytes) -> tuple["EngineValidity", int]:
        kind = EngineValidity.INVALID if self.fake.invalid else EngineValidity.VALID
        return kind, self.fake.invalid


class ICudaEngine:
    def __init__(self, fake: FakeTensorRt, logger: ILogger, content: dict[str, Any]) -> None:
        self.fake, self.logger, self.content = fake, logger, content

    def get_tensor_dtype(self, name: str) -> DataType:
        return DataType.FLOAT

    def get_tensor_shape(self, name: str) -> tuple[int, ...]:
        return tuple(-1 if isinstance(axis, str) else axis for axis in self.content["shape"])

    def serialize(self) -> bytes:
        return json.dumps(self.content).encode()

    def create_runtime_config(self) -> "IRuntimeConfig":
        return IRuntimeConfig(self.fake)

    def create_execution_context(
        self, runtime_config: "IRuntimeConfig | None" = None
    ) -> "IExecutionContext":
        self.fake.calls.append("context")
        if self.fake.rtx:
            assert runtime_config is not None
            assert runtime_config.cuda_graph_strategy == CudaGraphStrategy.WHOLE_GRAPH_CAPTURE
        return IExecutionContext(self, runtime_config)


class IExecutionContext:
    def __init__(self, engine: ICudaEngine, config: "IRuntimeConfig | None") -> None:
        self.engine, self.fake, self.config = engine, engine.fake, config
        self.shape = list(engine.get_tensor_shape("x"))
        self.addresses: dict[str, int] = {}
        self.has_run = False

    def set_input_shape(self, name: str, shape: Sequence[int]) -> bool:
        self.fake.calls.append(f"shape {name} {shape[0]}")
        self.shape = list(shape)
        return True

    def set_tensor_address(self, name: str, memory: int) -> bool:
        self.fake.calls.append(f"address {name}")
        self.addresses[name] = memory
        return self.fake.fails != "bind"

    def infer_shapes(self) -> list[str]:
        self.fake.calls.append("infer")
        return [] if -1 not in self.shape else ["x"]

    def execute_async_v3(self, stream_handle: int) -> bool:
        assert stream_handle, "the default stream would serialise everything"
        assert self.addresses.keys() == {"x", "still", "y"}
        assert self.has_run or self.fake.driver.recording is None, "a first run may allocate"
        self.has_run = True
        self.fake.calls.append("execute")
        if self.fake.fails == "run":
            self.engine.logger.log(ILogger.Severity.ERROR, "illegal address")
            return False
        if self.config is not None and self.config.cache is not None:
            self.config.cache.content = b"kernels for a 4090"
        self.fake.driver.put(self._compute)
        return True

    def _compute(self) -> None:
        result = self._array("x") + self._array("still")
        self._array("y")[:] = result * self.engine.content["factor"]

    def _array(self, name: str) -> NDArray[np.float32]:
        size = int(np.prod(self.shape)) * 4
        block = (ctypes.c_byte * size).from_address(self.addresses[name])
        array: NDArray[np.float32] = np.ctypeslib.as_array(block).view(np.float32)
        return array


class Refitter:
    def __init__(self, fake: FakeTensorRt, engine: ICudaEngine, logger: ILogger) -> None:
        self.fake, self.engine, self.logger = fake, engine, logger

    def refit_cuda_engine(self) -> bool:
        self.fake.calls.append("refit")
        return True


class OnnxParserRefitter:
    def __init__(self, fake: FakeTensorRt, refitter: Refitter, logger: ILogger) -> None:
        self.refitter, self.logger = refitter, logger

    def refit_from_file(self, model: str) -> bool:
        content = json.loads(Path(model).read_text())
        if content["shape"] != self.refitter.engine.content["shape"]:
            self.logger.log(ILogger.Severity.ERROR, "weights of another count")
            return False
        self.refitter.engine.content = content
        return True


class ComputeCapability(IntEnum):
    SM86 = 86
    SM89 = 89
    SM120 = 120


class CudaGraphStrategy(IntEnum):
    DISABLED = 0
    WHOLE_GRAPH_CAPTURE = 1


class EngineValidity(IntEnum):
    VALID = 0
    INVALID = 2


class EngineInvalidityDiagnostics(IntEnum):
    VERSION_MISMATCH = 1
    OLD_CUDA_DRIVER = 4


class IRuntimeCache:
    def __init__(self, fake: FakeTensorRt) -> None:
        self.fake, self.content = fake, b""

    def serialize(self) -> bytes:
        return self.content

    def deserialize(self, blob: bytes) -> bool:
        self.fake.kernels.append(blob)
        return blob.startswith(b"kernels")


class IRuntimeConfig:
    def __init__(self, fake: FakeTensorRt) -> None:
        self.fake = fake
        self.cuda_graph_strategy = CudaGraphStrategy.DISABLED
        self.cache: IRuntimeCache | None = None

    def create_runtime_cache(self) -> IRuntimeCache:
        return IRuntimeCache(self.fake)

    def set_runtime_cache(self, cache: IRuntimeCache) -> bool:
        self.cache = cache
        return True


MADE = {
    "Builder": Builder,
    "OnnxParser": OnnxParser,
    "Runtime": Runtime,
    "Refitter": Refitter,
    "OnnxParserRefitter": OnnxParserRefitter,
}
"""What our code makes itself, from the module."""
RTX_ONLY: tuple[type, ...] = (
    ComputeCapability,
    CudaGraphStrategy,
    EngineValidity,
    EngineInvalidityDiagnostics,
)
HANDED_OUT: tuple[type, ...] = (
    ILogger,
    IProgressMonitor,
    BuilderFlag,
    NetworkDefinitionCreationFlag,
    DataType,
    INetworkDefinition,
    IOptimizationProfile,
    IBuilderConfig,
    ParserError,
    ICudaEngine,
    IExecutionContext,
)
