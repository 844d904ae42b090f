"""The release's four files: what of each is used, and what an import must find in it."""

import logging
from collections.abc import Mapping
from pathlib import Path

from torch import Size, Tensor, nn

from engine.checkpoints import compare, load_plain, tensors_of
from engine.errors import BundleError

logger = logging.getLogger(__name__)

APPEARANCE, MOTION = "appearance_model.pth", "motion_model.pth"
SOUND, GENERATOR = "audio_model.pth", "generator_model.pth"
FILES = (APPEARANCE, MOTION, SOUND, GENERATOR)
UNUSED: Mapping[str, tuple[str, ...]] = {
    APPEARANCE: ("fc.", "model.fc."),
    GENERATOR: ("style.", "input."),
}
"""Two classifiers, StyleGAN2's mapping network and its constant: in the files, and never run."""
LIPS = "mouth_embed."
"""What makes the lips' code of a picture; the release's own loader passes over its absence."""
LIPS_HEAD = "to_mouth."
"""What it makes it of; of no use alone, though some use that feature instead (Portrait4D)."""
COUNTERS = "num_batches_tracked"
"""Of the training; they say nothing about a network."""
ADVICE = "Give the file of the authors' release."


def read_files(folder: Path) -> dict[str, dict[str, Tensor]]:
    """File -> its state dict without what is not used; nothing in a file is executed.

    Raises:
        BundleError: a file is missing, damaged, or would run code.
    """
    if not folder.is_dir():
        raise BundleError(
            f"{folder} is no folder. Give the folder that holds {', '.join(FILES)}, the authors' "
            "files unpacked."
        )
    missing = [file for file in FILES if not (folder / file).is_file()]
    if missing:
        raise BundleError(
            f"{folder} lacks {', '.join(missing)}. PD-FGC's release is one archive of four files: "
            "unpack it, and give the folder they are in."
        )
    return {file: _read(folder / file) for file in FILES}


def _read(path: Path) -> dict[str, Tensor]:
    unused = UNUSED.get(path.name, ())
    state = tensors_of(path, load_plain(path), named="its content")
    return {
        name: value
        for name, value in state.items()
        if not name.startswith(unused) and not name.endswith(COUNTERS)
    }


def reads_lips(motion: dict[str, Tensor]) -> bool:
    """Whether lips can be read off a picture; if not, a warning says that sound is left.

    What is of no use then is taken out of the state dict.
    """
    found = any(name.startswith(LIPS) for name in motion)
    if not found:
        logger.warning(
            "%s has no %s: the lips can come from sound only, not from a driving picture",
            MOTION,
            LIPS.rstrip("."),
        )
        for name in [name for name in motion if name.startswith(LIPS_HEAD)]:
            del motion[name]
    return found


def fill(module: nn.Module, path: Path, state: dict[str, Tensor]) -> None:
    """Load a state dict whose names and shapes are the module's own.

    Raises:
        BundleError: a name is missing or unknown, or a shape is another; they are listed.
    """
    wanted = {n: v.shape for n, v in module.state_dict().items() if not n.endswith(COUNTERS)}
    found: dict[str, Size] = {name: value.shape for name, value in state.items()}
    compare(path, found, wanted, what=f"{path.name} of PD-FGC", advice=ADVICE)
    module.load_state_dict(state, strict=False)
