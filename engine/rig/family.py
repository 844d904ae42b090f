"""The entry of the rig, the default model."""

from pathlib import Path

from engine.errors import InputError
from engine.family import Choice, Family
from engine.rig.edit.editor import RigEditor
from engine.rig.model import CAN, RigModel
from engine.rig.motion.arrays import RigArrays
from engine.rig.motion.motion import RigMotion
from engine.rig.paint.mouth_choice import MOUTHS
from engine.rig.refine.network import Refiner, check_shipped, load_refiner, shipped_graphs


def _load(choice: Choice) -> RigModel:
    mouth = next((each for each in MOUTHS if each == choice.mouth), None)
    if mouth is None:
        raise InputError(f"--mouth must be one of {', '.join(MOUTHS)}, got {choice.mouth}.")
    return RigModel(mouth=mouth, refiner=_refiner(choice))


def _refiner(choice: Choice) -> Refiner | None:
    name, backend = choice.refine, choice.backend
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
    bundle = None if name == "on" else Path(name)
    return load_refiner(bundle, backend, progress=choice.progress)


FAMILY: Family[RigMotion] = Family(
    name="rig",
    can=CAN,
    load=_load,
    arrays=RigArrays(),
    editor=RigEditor,
    shipped_graphs=shipped_graphs,
    check_shipped=check_shipped,
)
