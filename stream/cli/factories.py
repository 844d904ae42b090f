"""What the names on the command line stand for; each part is imported only when it is asked for."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from engine.faces.face import Tracker
from engine.model import Model, ReadsAhead

if TYPE_CHECKING:
    from engine.editing import FilmEditor
    from engine.progress import Progress
    from stream.render.performances import Performances


def load_model(
    name: str,
    *,
    mouth: str = "auto",
    refine: str = "on",
    backend: str = "auto",
    builds: "Progress | None" = None,
) -> Model[Any]:
    """The model of this name, or the bundle in the folder of this name.

    `refine` is on, off or a refiner's folder; `backend` runs the bundle, or the rig's refiner, and
    `auto` chooses alike for both; `builds` hears of plans being built.

    Raises:
        InputError: a folder is missing, or a backend is named and there is nothing for it to run.
    """
    from engine.families import find_family
    from engine.family import Choice

    return find_family(name).load(
        Choice(model=name, mouth=mouth, refine=refine, backend=backend, progress=builds)
    )


def load_editor(name: str, *, backend: str = "auto") -> "FilmEditor[Any]":
    """What edits films with the model of this name.

    Raises:
        InputError: this family edits none.
    """
    from engine.families import find_family
    from engine.family import Choice
    from engine.portrait_editor import editor_of

    return editor_of(find_family(name), Choice(model=name, backend=backend))


def tracker_maker(name: Literal["mesh", "mediapipe"]) -> Callable[[], Tracker]:
    """Makes a fresh tracker for each stream of pictures."""
    from engine.faces.trackers import make_tracker

    return partial(make_tracker, name)


def performances_of(
    family: str, make_tracker: Callable[[], Tracker], progress: "Progress | None" = None
) -> Callable[[ReadsAhead[Any]], "Performances[Any]"]:
    """Reads the files that factors come from, for a model that can."""
    from stream.render.performances import Performances

    return partial(Performances, family=family, make_tracker=make_tracker, progress=progress)
