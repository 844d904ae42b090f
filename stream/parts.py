"""What the names on the command line stand for; each part is imported only when it is asked for."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from engine.errors import InputError
from engine.faces.face import Tracker
from engine.model import Model

if TYPE_CHECKING:
    from engine.progress import Progress
    from engine.rig.mixer import RigMixer
    from engine.rig.refining import Refiner


def load_model(
    name: str,
    *,
    mouth: Literal["generic", "driver"],
    refine: str = "on",
    backend: str = "auto",
    builds: "Progress | None" = None,
) -> Model[Any]:
    """`rig`, or the bundle in the folder of that name.

    `refine` is on, off or a refiner's folder; `backend` runs the bundle, or the rig's refiner, and
    `auto` chooses alike for both; `builds` hears of plans being built.

    Raises:
        InputError: a folder is missing, or a backend is named and there is nothing for it to run.
    """
    if name == "rig":
        from engine.rig.model import RigModel

        return RigModel(mouth=mouth, refiner=_refiner(refine, backend, builds))
    if not Path(name).is_dir():
        raise InputError(
            f"--model must be rig or the folder of a bundle; there is no folder {name}."
        )
    from engine.dpe.model import load_fastest

    return load_fastest(Path(name), backend, progress=builds)


def _refiner(name: str, backend: str, builds: "Progress | None") -> "Refiner | None":
    from engine.rig.refining import load_refiner

    if name == "off":
        if backend != "auto":
            raise InputError(
                f"the rig alone has nothing that --backend {backend} could run: give --refine on, "
                "a bundle with --model, or no --backend."
            )
        return None
    if name != "on" and not Path(name).is_dir():
        raise InputError(
            f"--refine must be on, off or the folder of a refiner; there is no folder {name}."
        )
    return load_refiner(None if name == "on" else Path(name), backend, progress=builds)


def tracker_maker(name: Literal["mesh", "mediapipe"]) -> Callable[[], Tracker]:
    """Makes a fresh tracker for each stream of pictures."""
    from engine.faces.choose import make_tracker

    return partial(make_tracker, name)


def mixer_maker(name: str) -> "Callable[[], RigMixer] | None":
    """Makes what holds a pose or a gaze; None for a model whose motion has no named factors."""
    if name != "rig":
        return None
    from engine.rig.mixer import RigMixer

    return RigMixer
