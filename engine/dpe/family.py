"""The entries of DPE: a bundle that a user has, and the small one that ships."""

import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

from engine.dpe import shipped
from engine.dpe.model import load_fastest
from engine.dpe.motion import CAN
from engine.family import Choice, Family
from engine.model import Model

logger = logging.getLogger(__name__)


def _load(choice: Choice) -> Model[Any]:  # on a GPU its motion is another one
    return load_fastest(Path(choice.model), choice.backend, progress=choice.progress)


def _load_small(choice: Choice) -> Model[Any]:
    notice = shipped.Figures.of_record().notice
    if notice:
        logger.warning("%s", notice)
    model = load_fastest(shipped.FOLDER, choice.backend, progress=choice.progress)
    model.can = replace(model.can, notice=notice)
    return model


FAMILY: Family[Any] = Family(name="dpe", can=CAN, load=_load)
SMALL: Family[Any] = Family(
    name=shipped.NAME,
    can=CAN,
    load=_load_small,
    shipped_graphs=shipped.graphs,
    check_shipped=shipped.check,
)
