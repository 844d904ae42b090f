"""Asks the system to forget files, so that a start has to read them again."""

import os
import sysconfig
from collections.abc import Iterator
from pathlib import Path

from engine.installing import CLONE

OWN = ("engine", "stream", "export")
LIBRARIES = ("openvino", "numpy", "numpy.libs", "cv2", "av", "av.libs", "aiortc")


def forget_files() -> int:
    """Drop the program's and its libraries' files from the page cache; how many were asked for.

    What another process has open stays.
    """
    count = 0
    for path in _files():
        try:
            place = os.open(path, os.O_RDONLY)
        except OSError:
            continue
        try:
            os.posix_fadvise(place, 0, 0, os.POSIX_FADV_DONTNEED)
        finally:
            os.close(place)
        count += 1
    return count


def _files() -> Iterator[Path]:
    installed = Path(sysconfig.get_path("purelib"))
    for folder in [*(CLONE / name for name in OWN), *(installed / name for name in LIBRARIES)]:
        yield from (path for path in folder.rglob("*") if path.is_file())
