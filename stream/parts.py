"""What the names on the command line stand for; each part is imported only when it is asked for."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Literal

from engine.errors import InputError
from engine.faces.face import Tracker
from engine.model import Model


def load_model(name: str, *, mouth: Literal["generic", "driver"]) -> Model[Any]:
    """`rig`, or the bundle in the folder of that name."""
    if name == "rig":
        from engine.rig.model import RigModel

        return RigModel(mouth=mouth)
    if not Path(name).is_dir():
        raise InputError(
            f"--model must be rig or the folder of a bundle; there is no folder {name}."
        )
    from engine.dpe.model import load_bundle

    return load_bundle(Path(name))


def tracker_maker(name: Literal["mesh", "mediapipe"]) -> Callable[[], Tracker]:
    """Makes a fresh tracker for each stream of pictures."""
    from engine.faces.choose import make_tracker

    return partial(make_tracker, name)


def override_maker(name: str) -> Callable[[], Any] | None:
    """Makes what holds a pose or a gaze; None for a model whose motion has no named factors."""
    if name != "rig":
        return None
    from engine.rig.override import RigOverride

    return RigOverride
