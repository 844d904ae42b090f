"""What an entry of `engine/families.py` says of a family."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Generic

from engine.editing import FilmEditor
from engine.manifest import GraphSpec
from engine.model import Capabilities, Model, MotionArrays, MotionT
from engine.progress import Progress


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Which model, as the user asked for it; a family passes over what it has not."""

    model: str
    """The family's name, or the folder of a bundle."""
    mouth: str = "auto"
    refine: str = "on"
    """on, off, or the folder of a refiner."""
    backend: str = "auto"
    progress: Progress | None = None
    """Hears of plans being built."""


def _no_graphs() -> Mapping[Path, GraphSpec]:
    return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Family(Generic[MotionT]):
    """One family of models."""

    name: str
    can: Capabilities
    """At best; a loaded model says what it can itself."""
    load: Callable[[Choice], Model[MotionT]]
    """An InputError where the choice cannot be met; seconds, and files are read."""
    arrays: MotionArrays[MotionT] | None = None
    """Keeps a performance in a file; None where its motion cannot be kept."""
    editor: Callable[[], FilmEditor[MotionT]] | None = None
    """Edits films in its own way; without, see `engine/portrait_editor.py`."""
    shipped_graphs: Callable[[], Mapping[Path, GraphSpec]] = _no_graphs
    """The graphs that come with the package, by their files."""
    check_shipped: Callable[[], None] = lambda: None
    """BundleError where what comes with the package is damaged."""
