"""The authors' checkpoint: read without running code in it, its names turned into ours.

Names are swapped in the release: what its flag `exp` runs (the paper's expression edit) is called
`mlp_pose` and `dec_pose` there, and the other way round. The table below is the only place that
knows.
"""

import argparse
import pickle
import re
import warnings
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path

import torch
from torch import Size, Tensor

from engine.errors import BundleError
from engine.file_kinds import EMPTY, LFS_POINTER, SAFETENSORS, WEB_PAGE, ZIP_ARCHIVE, kind_of

OURS_BY_THEIRS = {
    "enc.": "encoder.",
    "mlp.": "projection.",
    "dir.": "directions.",
    "mlp_pose.": "expression.motion.",
    "dec_pose.": "expression.generator.",
    "mlp_exp.": "pose.motion.",
    "dec_exp.": "pose.generator.",
}
TRAINERS_KEYS = {"gen", "dis", "g_optim", "d_optim", "args"}
"""What the authors' trainer saves; only `gen` is read."""
WRAPPER = "module."
"""What DataParallel and its kin put before each name."""
CALLED = re.compile(r"GLOBAL (\S+)")
"""In torch's refusal: what the file wants to be called."""
ADVICE = {
    WEB_PAGE: "Open its address in a browser, and save the file that is offered there.",
    LFS_POINTER: "Fetch the file that it stands for: git lfs pull.",
    SAFETENSORS: "Give the file that the authors published, such as dpe.pt.",
}
ADVICE_ON_ARCHIVE = (
    "Unpack it, if the checkpoint is in it; if not, it is damaged or incomplete: download it again."
)
ADVICE_ON_OTHERS = "It is no PyTorch file of weights: download the checkpoint again."
LISTED = 30
"""Names listed per kind of mistake; a foreign file can have thousands."""


def read_official(path: Path) -> dict[str, Tensor]:
    """The generator's state dict, in the authors' names; nothing in the file is executed."""
    content = _load(path)
    if not isinstance(content, Mapping) or "gen" not in content:
        raise BundleError(
            f"{path} is no DPE checkpoint: it has no entry 'gen'. "
            "Give the file that the authors published or their trainer saved."
        )
    unknown = sorted(str(key) for key in content.keys() - TRAINERS_KEYS)
    if unknown:
        raise BundleError(
            f"{path} has entries that no DPE checkpoint has: {', '.join(unknown[:LISTED])}. "
            "Give the file that the authors published or their trainer saved."
        )
    return _tensors(path, content["gen"])


def _load(path: Path) -> object:
    _refuse_other_kinds(path)
    try:
        # The trainer stores its command line beside the weights; Namespace is the one class in it.
        safe = torch.serialization.safe_globals([argparse.Namespace])
        with path.open("rb") as file, safe, warnings.catch_warnings():
            # Of pickles that torch did not write; what can be read of them is told below.
            warnings.filterwarnings("ignore", "Detected pickle protocol", UserWarning)
            return torch.load(file, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        # Not torch's own words: they advise to run whatever is in the file.
        called = CALLED.search(str(error))
        named = f" ({called[1]})" if called is not None else ""
        raise BundleError(
            f"{path} is refused: it is no PyTorch file of plain weights, or loading it would "
            f"run code{named}. Get the checkpoint again from its authors."
        ) from error
    except (RuntimeError, EOFError, OSError, ValueError, LookupError, TypeError) as error:
        # What torch raises for a broken archive depends on where the file breaks off.
        raise BundleError(f"{path} is damaged or incomplete. Download it again.") from error


def _refuse_other_kinds(path: Path) -> None:
    """Say what was downloaded instead of a checkpoint, where its content tells."""
    try:
        kind = kind_of(path)
    except OSError as error:
        raise BundleError(f"cannot read {path}: {error.strerror}. Check the path.") from None
    if kind is None or (kind == ZIP_ARCHIVE and _may_be_torchs(path)):
        return
    if kind == EMPTY:
        raise BundleError(f"{path} is empty: damaged or incomplete. Download it again.")
    advice = ADVICE_ON_ARCHIVE if kind.endswith("archive") else ADVICE.get(kind, ADVICE_ON_OTHERS)
    raise BundleError(f"{path} is {kind}, not a checkpoint. {advice}")


def _may_be_torchs(path: Path) -> bool:
    """Whether a ZIP archive is one of PyTorch's, or too damaged to tell."""
    try:
        with zipfile.ZipFile(path) as archive:
            return any(name.endswith("/data.pkl") for name in archive.namelist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return True


def _tensors(path: Path, state: object) -> dict[str, Tensor]:
    if not isinstance(state, Mapping) or not all(isinstance(v, Tensor) for v in state.values()):
        raise BundleError(f"{path}: 'gen' is no state dict of tensors. Get the file again.")
    broken = [name for name, value in state.items() if not bool(torch.isfinite(value).all())]
    if broken:
        raise BundleError(
            f"{path} has weights that are not finite: {_listed(broken)}. Download it again."
        )
    return _without_wrapper({str(name): value for name, value in state.items()})


def _without_wrapper(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """The same names as those of a model that was not wrapped for training on several GPUs."""
    while state and all(name.startswith(WRAPPER) for name in state):
        state = {name.removeprefix(WRAPPER): value for name, value in state.items()}
    return state


def compare(path: Path, found: Mapping[str, Size], expected: Mapping[str, Size]) -> None:
    """Refuse a state dict whose names or shapes differ from the expected; the error lists them."""
    wrong = [
        f"{name} {tuple(found[name])} instead of {tuple(expected[name])}"
        for name in found
        if name in expected and found[name] != expected[name]
    ]
    parts = {
        "missing": [name for name in expected if name not in found],
        "unknown": [name for name in found if name not in expected],
        "wrong shape": wrong,
    }
    faults = [f"{kind}: {_listed(names)}" for kind, names in parts.items() if names]
    if faults:
        raise BundleError(
            f"{path} is no DPE checkpoint; {'; '.join(faults)}. "
            "Give the file that the authors published or their trainer saved."
        )


def _listed(names: Iterable[str]) -> str:
    names = list(names)
    rest = f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
    return ", ".join(names[:LISTED]) + rest


def to_ours(theirs: str) -> str:
    """Our name of a parameter of the release."""
    return _renamed(theirs, OURS_BY_THEIRS)


def to_theirs(ours: str) -> str:
    """The release's name of one of our parameters."""
    return _renamed(ours, {ours: theirs for theirs, ours in OURS_BY_THEIRS.items()})


def _renamed(name: str, table: Mapping[str, str]) -> str:
    for old, new in table.items():
        if name.startswith(old):
            return new + name.removeprefix(old)
    raise KeyError(name)
