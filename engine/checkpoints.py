"""Authors' files of weights: read without running code in them, their names and shapes compared."""

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

WRAPPER = "module."
"""What DataParallel and its kin put before each name."""
CALLED = re.compile(r"GLOBAL (\S+)")
"""In torch's refusal: what the file wants to be called."""
ADVICE = {
    WEB_PAGE: "Open its address in a browser, and save the file that is offered there.",
    LFS_POINTER: "Fetch the file that it stands for: git lfs pull.",
    SAFETENSORS: "Give the file that the authors published.",
}
ADVICE_ON_ARCHIVE = (
    "Unpack it, if the checkpoint is in it; if not, it is damaged or incomplete: download it again."
)
ADVICE_ON_OTHERS = "It is no PyTorch file of weights: download the checkpoint again."
LISTED = 30
"""Names listed per kind of mistake; a foreign file can have thousands."""


def load_plain(path: Path) -> object:
    """What torch saved in a file; nothing in the file is executed.

    Raises:
        BundleError: the file is damaged, another kind of file, or would run code.
    """
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


def tensors_of(path: Path, state: object, named: str) -> dict[str, Tensor]:
    """The state dict that was loaded, every number of it finite; `named` is how it is called."""
    if not isinstance(state, Mapping) or not all(isinstance(v, Tensor) for v in state.values()):
        raise BundleError(f"{path}: {named} is no state dict of tensors. Get the file again.")
    broken = [name for name, value in state.items() if not bool(torch.isfinite(value).all())]
    if broken:
        raise BundleError(
            f"{path} has weights that are not finite: {listed(broken)}. Download it again."
        )
    return _without_wrapper({str(name): value for name, value in state.items()})


def _without_wrapper(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """The same names as those of a model that was not wrapped for training on several GPUs."""
    while state and all(name.startswith(WRAPPER) for name in state):
        state = {name.removeprefix(WRAPPER): value for name, value in state.items()}
    return state


def compare(
    path: Path,
    found: Mapping[str, Size],
    expected: Mapping[str, Size],
    *,
    what: str,
    advice: str,
) -> None:
    """Refuse a state dict whose names or shapes differ from the expected; the error lists them.

    `what` a file would be that fits, and the sentence that says what to do instead.
    """
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
    faults = [f"{kind}: {listed(names)}" for kind, names in parts.items() if names]
    if faults:
        raise BundleError(f"{path} is no {what}; {'; '.join(faults)}. {advice}")


def listed(names: Iterable[str]) -> str:
    """Names in a sentence; a long list is cut and counted."""
    names = list(names)
    rest = f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
    return ", ".join(names[:LISTED]) + rest
