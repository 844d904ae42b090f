"""Where a film's edit stands while it is made: beside the result, so that it can be gone on with.

A folder NAME.edit holds what was read of each ten seconds of each clip, and each ten seconds of the
result. Every file in it appears under its name only when it is whole. What it was made of stands in
its key: another film, another setting or another version begins anew.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock, Timeout
from numpy.typing import NDArray

from engine.errors import OutputError
from stream.files.output_place import failures_named

SEGMENT_S = 10.0
"""What is lost at most where the program is killed."""
VERSION = 4
"""Of what the files hold and how they are made."""
SAMPLED = 1 << 20
"""Bytes at the beginning and end of a clip that tell it from others, with its size."""


class Workplace:
    """The folder of one result, locked while it is worked in."""

    def __init__(self, out: Path) -> None:
        self.folder = out.with_name(f"{out.name}.edit")
        self._lock = FileLock(self.folder / "lock", blocking=False)

    def __enter__(self) -> "Workplace":
        with failures_named(self.folder):
            self.folder.mkdir(exist_ok=True)
            try:
                self._lock.acquire()
            except Timeout:
                raise OutputError(
                    f"{self.folder} is being worked in by another run. Wait for it, or choose "
                    "another --out."
                ) from None
        return self

    def __exit__(self, *_: object) -> None:
        self._lock.release()

    def part(self, name: str, key: str) -> Path:
        """A folder in it for what has this key; older ones of this name are removed."""
        with failures_named(self.folder):
            wanted = self.folder / f"{name}-{key}"
            for other in self.folder.glob(f"{name}-*"):
                if other != wanted:
                    shutil.rmtree(other, ignore_errors=True)
            wanted.mkdir(exist_ok=True)
        return wanted

    def remove(self) -> None:
        """Leave nothing behind; the result is complete."""
        self._lock.release()
        shutil.rmtree(self.folder, ignore_errors=True)


def key_of(*parts: object) -> str:
    """A short name for these settings."""
    text = json.dumps([VERSION, *parts], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def key_of_clip(path: Path) -> str:
    """A short name for what a clip holds; for a folder, for the names and sizes in it."""
    if path.is_dir():
        return key_of([(each.name, each.stat().st_size) for each in sorted(path.iterdir())])
    found = hashlib.sha256()
    size = path.stat().st_size
    with path.open("rb") as file:
        found.update(file.read(SAMPLED))
        file.seek(max(0, size - SAMPLED))
        found.update(file.read(SAMPLED))
    return key_of(found.hexdigest(), size)


def write_arrays(path: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """An npz that is there wholly or not at all."""
    growing = path.with_suffix(".part")
    with failures_named(path):
        try:
            with growing.open("wb") as file:
                np.savez(file, allow_pickle=False, **dict(arrays))
                file.flush()
                os.fsync(file.fileno())
        except BaseException:
            growing.unlink(missing_ok=True)  # a full disk needs its room
            raise
        growing.replace(path)


def read_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """What `write_arrays` wrote."""
    with np.load(path, allow_pickle=False) as arrays:
        return {name: arrays[name] for name in arrays.files}
