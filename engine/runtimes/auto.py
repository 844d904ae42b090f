"""`--backend auto`: the fastest backend that is installed and computes what it should.

For every family alike. A start that takes minutes is nobody's wish who asked for nothing, so a
TensorRT comes before `cuda` only where the plans of what is to run are there already.
"""

import ctypes
import logging
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from engine.errors import MachineError, UnderstudyError
from engine.manifest import GraphSpec, TensorSpec
from engine.runtimes.base import Array, Backend, BuildsPlans, Graph
from engine.runtimes.choose import ADVICE, AUTO, NEEDS, PLANNED, choose
from engine.runtimes.tensorrt.messages import BuildProgress
from engine.runtimes.tensorrt.plans import cache_for

logger = logging.getLogger(__name__)

FAILURES = (UnderstudyError, ImportError, OSError, RuntimeError)
"""What a runtime that does not fit its machine raises, ours or its own."""

SELF_TEST = Path(__file__).parents[1] / "assets" / "self_test" / "self_test.onnx"
"""y = tanh(W x) for every pixel; made by tests/golden/make_self_test.py."""
CHANNELS, SIDE = 8, 16
TOLERANCE = 1e-2
"""fp16 and TF32 pass; a wrong layout or an unwritten buffer does not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A backend that auto looked at."""

    name: str
    backend: Backend | None
    """None: it cannot be taken."""
    why_not: str = ""


def candidates(
    threads: int | None = None,
    progress: BuildProgress | None = None,
    graphs: Mapping[Path, GraphSpec] | None = None,
) -> Iterator[Candidate]:
    """All of AUTO in the order for these graphs, each tried only when it is asked for."""
    for name in _order(graphs or {}):
        lack = _lack_of(name)
        if lack is not None:
            yield Candidate(name=name, backend=None, why_not=lack)
            continue
        try:
            backend = choose(name, threads, progress=progress)
            self_test(backend)
        except FAILURES as error:
            yield Candidate(name=name, backend=None, why_not=_line(error))
        else:
            yield Candidate(name=name, backend=backend)


def _order(graphs: Mapping[Path, GraphSpec]) -> list[str]:
    ready = [name for name in PLANNED if _has_plans(name, graphs)]
    return [*ready, *(name for name in AUTO if name not in ready)]


def _has_plans(name: str, graphs: Mapping[Path, GraphSpec]) -> bool:
    """Whether this TensorRT would build nothing."""
    library = NEEDS[name][0]
    # A look at file names first: nobody waits for TensorRT's import who has no plans.
    named = bool(graphs) and all(cache_for(p).has_named(p.stem, library) for p in graphs)
    if not named or _lack_of(name) is not None:
        return False
    try:
        backend = choose(name)
        assert isinstance(backend, BuildsPlans)
        return all(backend.has_plan(path, spec) for path, spec in graphs.items())
    except FAILURES:
        return False  # as a candidate it will say why


def self_test(backend: Backend) -> None:
    """Run a small graph twice.

    Raises:
        MachineError: the result is wrong.
        BundleError: it cannot be loaded.
    """
    x = np.linspace(-1, 1, CHANNELS * SIDE**2, dtype=np.float32).reshape(1, CHANNELS, SIDE, SIDE)
    wanted = np.tanh(np.einsum("oi,nihw->nohw", self_test_weight(), x))
    tensor = TensorSpec(dtype="float32", shape=x.shape)
    spec = GraphSpec(file=SELF_TEST.name, sha256="", inputs={"x": tensor}, outputs={"y": tensor})
    graph = backend.load(SELF_TEST, spec)
    for _ in range(2):
        error = float(np.abs(graph.run({"x": x})["y"] - wanted).max())
        if not error <= TOLERANCE:  # so that NaN is refused too
            raise MachineError(
                f"its self-test is wrong by {error:.2g}. Update its package and the GPU's driver."
            )


def self_test_weight() -> Array:
    """W, (outputs, inputs): no two rows or columns alike, so that a transposed one is found."""
    rows, columns = np.mgrid[:CHANNELS, :CHANNELS]
    return np.asarray(((3 * rows * rows + 5 * columns) % 11 - 5) / 16, np.float32)


class Auto:
    """The first candidate that passes; the next one where it fails at a graph, and says so."""

    def __init__(
        self,
        threads: int | None = None,
        progress: BuildProgress | None = None,
        graphs: Mapping[Path, GraphSpec] | None = None,
    ) -> None:
        """Try until one passes.

        Raises:
            MachineError: none does.
        """
        self._rest = candidates(threads, progress, graphs)
        self._refused: list[Candidate] = []
        self._backend = self._next()

    @property
    def name(self) -> str:
        """Of the backend that is taken now."""
        return self._backend.name

    def load(self, path: Path, spec: GraphSpec) -> Graph:
        """By the backend taken; a failure there passes the graph to the next one, with a note.

        Raises:
            BundleError, MachineError: the last one fails too.
        """
        while True:
            try:
                return self._backend.load(path, spec)
            except FAILURES as error:
                failed, why = self._backend.name, _line(error)
                try:
                    self._backend = self._next()
                except MachineError:
                    raise error from None
                logger.warning("%s failed, taking %s instead: %s", failed, self.name, why)

    def _next(self) -> Backend:
        for candidate in self._rest:
            if candidate.backend is not None:
                logger.info("backend %s", candidate.name)
                return candidate.backend
            self._refused.append(candidate)
        reasons = "; ".join(f"{found.name}: {found.why_not}" for found in self._refused)
        raise MachineError(f"no backend runs on this machine ({reasons})")


def has_nvidia_driver() -> bool:
    """Whether the driver's library can be loaded; quick, and asks nothing of a GPU."""
    try:
        ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")
    except OSError:
        return False
    return True


def _lack_of(name: str) -> str | None:
    """What is missing for a backend, found out without importing it."""
    missing = [package for package in NEEDS[name] if find_spec(package) is None]
    if missing:
        return f"{missing[0]} is not installed. {ADVICE[name]}"
    if name != "openvino" and not has_nvidia_driver():
        return "there is no NVIDIA driver on this machine."
    return None


def _line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
