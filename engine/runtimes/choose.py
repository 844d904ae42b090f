"""Loads a runtime by its name, or the one that `auto` finds."""

from collections.abc import Mapping
from pathlib import Path

from engine.manifest import GraphSpec
from engine.progress import Progress
from engine.runtimes.auto import Auto
from engine.runtimes.base import Runtime
from engine.runtimes.registry import AUTO, NAMES, RUNTIMES


def choose(
    name: str,
    threads: int | None = None,
    *,
    progress: Progress | None = None,
    graphs: Mapping[Path, GraphSpec] | None = None,
) -> Runtime:
    """The runtime of this name, on so many threads (None: all cores).

    `progress` hears of plans that are built. `auto` takes the first that is installed and passes a
    self-test, and says so where one of them fails at a graph and the next one runs it; `graphs`, by
    their files, are what it is to run.

    Raises:
        MachineError: its package is not installed, or it needs a GPU that is not there.
        ValueError: there is no runtime of this name.
    """
    if name not in NAMES:
        raise ValueError(f"backend must be one of {', '.join(NAMES)}, got {name!r}")
    if name == AUTO:
        return Auto(threads, progress, graphs)
    return RUNTIMES[name].load(threads, progress)
