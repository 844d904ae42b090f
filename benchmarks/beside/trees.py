"""Runs the drawing of another checkout in a process of its own."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from benchmarks.beside import drawing
from engine.errors import InputError

Drawn: TypeAlias = Mapping[str, NDArray[np.uint8]]
"""As `drawing.draw` gives it."""


def drawn_by(tree: Path, job: Mapping[str, NDArray[np.uint8]], size: int) -> Drawn:
    """The same by another checkout, in a process of its own.

    Raises:
        InputError: it cannot.
    """
    if not (tree / "engine").is_dir():
        raise InputError(f"{tree} is no checkout of this program.")
    with TemporaryDirectory() as folder:
        asked, out = Path(folder) / "job.npz", Path(folder) / "drawn.npz"
        np.savez(asked, size=np.array(size), **job)  # type: ignore[arg-type]
        done = subprocess.run(
            [sys.executable, "-P", str(Path(drawing.__file__)), str(asked), str(out)],
            env={**os.environ, "PYTHONPATH": str(tree.resolve())},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise InputError(f"{tree} cannot draw these portraits:\n{done.stderr}")
        with np.load(out) as read:
            return {name: read[name] for name in read.files}


def commit_of(tree: Path) -> str:
    """The short name of what is checked out there."""
    asked = ["git", "-C", str(tree), "describe", "--always", "--exclude", "*"]
    done = subprocess.run(asked, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "the other tree"
