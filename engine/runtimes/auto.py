"""`--backend auto`: the fastest runtime that is installed and computes what it should.

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

from engine.errors import MachineError, UnderstudyError
from engine.manifest import GraphSpec
from engine.progress import Progress
from engine.runtimes.base import BuildsPlans, Graph, Runtime
from engine.runtimes.registry import RUNTIMES, Entry
from engine.runtimes.self_test import self_test
from engine.runtimes.tensorrt.plans import cache_for

logger = logging.getLogger(__name__)

FAILURES = (UnderstudyError, ImportError, OSError, RuntimeError)
"""What a runtime that does not fit its machine raises, ours or its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A runtime that auto looked at."""

    name: str
    runtime: Runtime | None
    """None: it cannot be taken."""
    why_not: str = ""


def candidates(
    threads: int | None = None,
    progress: Progress | None = None,
    graphs: Mapping[Path, GraphSpec] | None = None,
) -> Iterator[Candidate]:
    """All of auto's in the order for these graphs, each tried only when it is asked for."""
    for entry in _order(graphs or {}):
        lack = _lack_of(entry)
        if lack is not None:
            yield Candidate(name=entry.name, runtime=None, why_not=lack)
            continue
        try:
            runtime = entry.load(threads, progress)
            self_test(runtime)
        except FAILURES as error:
            yield Candidate(name=entry.name, runtime=None, why_not=_line(error))
        else:
            yield Candidate(name=entry.name, runtime=runtime)


def _order(graphs: Mapping[Path, GraphSpec]) -> list[Entry]:
    """Whoever builds plans and has them comes first; the others as they are registered."""
    entries = [entry for entry in RUNTIMES.values() if entry.in_auto]
    ready = [entry for entry in entries if entry.builds_plans and _has_plans(entry, graphs)]
    return [*ready, *(entry for entry in entries if entry not in ready)]


def _has_plans(entry: Entry, graphs: Mapping[Path, GraphSpec]) -> bool:
    """Whether this TensorRT would build nothing."""
    library = entry.needs[0]
    # A look at file names first: nobody waits for TensorRT's import who has no plans.
    named = bool(graphs) and all(cache_for(p).has_named(p.stem, library) for p in graphs)
    if not named or _lack_of(entry) is not None:
        return False
    try:
        runtime = entry.load()
        assert isinstance(runtime, BuildsPlans)
        return all(runtime.has_plan(path, spec) for path, spec in graphs.items())
    except FAILURES:
        return False  # as a candidate it will say why


class Auto:
    """The first candidate that passes; the next one where it fails at a graph, and says so."""

    def __init__(
        self,
        threads: int | None = None,
        progress: Progress | None = None,
        graphs: Mapping[Path, GraphSpec] | None = None,
    ) -> None:
        """Try until one passes.

        Raises:
            MachineError: none does.
        """
        self._rest = candidates(threads, progress, graphs)
        self._refused: list[Candidate] = []
        self._runtime = self._next()

    @property
    def name(self) -> str:
        """Of the runtime that is taken now."""
        return self._runtime.name

    def load(self, path: Path, spec: GraphSpec) -> Graph:
        """By the runtime taken; a failure there passes the graph to the next one, with a note.

        Raises:
            BundleError, MachineError: the last one fails too.
        """
        while True:
            try:
                return self._runtime.load(path, spec)
            except FAILURES as error:
                failed, why = self._runtime.name, _line(error)
                try:
                    self._runtime = self._next()
                except MachineError:
                    raise error from None
                logger.warning("%s failed, taking %s instead: %s", failed, self.name, why)

    def _next(self) -> Runtime:
        for candidate in self._rest:
            if candidate.runtime is not None:
                logger.info("backend %s", candidate.name)
                return candidate.runtime
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


def _lack_of(entry: Entry) -> str | None:
    """What is missing for a runtime, found out without importing it."""
    missing = [package for package in entry.needs if find_spec(package) is None]
    if missing:
        return f"{missing[0]} is not installed. {entry.advice}"
    if entry.needs_gpu and not has_nvidia_driver():
        return "there is no NVIDIA driver on this machine."
    return None


def _line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
