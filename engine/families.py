"""The families of models by name: the one place that knows them all.

A family is one file with an entry, `engine/NAME/family.py`, and one line here. It is imported only
when it is asked for.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from engine.errors import BundleError, InputError
from engine.family import Family
from engine.manifest import GraphSpec, read_manifest
from engine.model import MotionArrays


def _rig() -> Family[Any]:
    from engine.rig.family import FAMILY

    return FAMILY


def _dpe() -> Family[Any]:
    from engine.dpe.family import FAMILY

    return FAMILY


def _dpe_small() -> Family[Any]:
    from engine.dpe.family import SMALL

    return SMALL


def _pdfgc() -> Family[Any]:
    from engine.pdfgc.family import FAMILY

    return FAMILY


BUILT_IN: dict[str, Callable[[], Family[Any]]] = {"rig": _rig, "dpe-small": _dpe_small}
"""Those that ship; they are asked for by their name."""
BUNDLED: dict[str, Callable[[], Family[Any]]] = {"dpe": _dpe, "pdfgc": _pdfgc}
"""Those that come as a bundle, whose manifest has the name."""


def find_family(model: str) -> Family[Any]:
    """The family of this name, or of the bundle in the folder of this name.

    Raises:
        InputError: there is neither.
        BundleError: the folder holds a bundle of no family that can be shown.
    """
    if model in BUILT_IN:
        return BUILT_IN[model]()
    if not Path(model).is_dir():
        raise InputError(
            f"--model must be {', '.join(BUILT_IN)} or the folder of a bundle; there is no folder "
            f"{model}."
        )
    name = read_manifest(Path(model)).family
    if name not in BUNDLED:
        raise BundleError(
            f"{model} is a bundle of the family {name!r}; --model shows one of "
            f"{', '.join(BUNDLED)}. Give a folder that `understudy import` made."
        )
    return BUNDLED[name]()


def find_arrays(name: str) -> MotionArrays[Any]:
    """What keeps the motion of the family of this name, whether or not a model of it is here."""
    arrays = {**BUILT_IN, **BUNDLED}[name]().arrays
    assert arrays is not None
    return arrays


def shipped_graphs() -> Mapping[Path, GraphSpec]:
    """The graphs of all families that ship in the package, by their files."""
    found: dict[Path, GraphSpec] = {}
    for family in BUILT_IN.values():
        found.update(family().shipped_graphs())
    return found


def check_shipped() -> None:
    """Compare what ships with its check sums.

    Raises:
        BundleError: something is missing or damaged.
    """
    for family in BUILT_IN.values():
        family().check_shipped()
