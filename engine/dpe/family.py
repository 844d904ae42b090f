"""The entry of DPE."""

from pathlib import Path
from typing import Any

from engine.dpe.model import load_fastest
from engine.dpe.motion import CAN
from engine.family import Choice, Family
from engine.model import Model


def _load(choice: Choice) -> Model[Any]:  # on a GPU its motion is another one
    return load_fastest(Path(choice.model), choice.backend, progress=choice.progress)


FAMILY: Family[Any] = Family(name="dpe", can=CAN, load=_load)
