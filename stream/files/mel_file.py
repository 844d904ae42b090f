"""The log-mel picture of a sound on disk, for networks that hear."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.errors import InputError


def is_sound_file(path: Path) -> bool:
    """Whether the file is a sound without pictures."""
    return path.suffix.lower() in (".wav", ".flac", ".mp3", ".m4a", ".ogg", ".opus", ".aac")


def mel_of(path: Path) -> NDArray[np.float32]:
    """(T, 80), a row each 10 ms, of a sound or of a clip's sound from its first picture on.

    Raises:
        InputError: there is no sound in it.
    """
    raise InputError(f"{path}: lips from a sound file are not in this version yet.")
