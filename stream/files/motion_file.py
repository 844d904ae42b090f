"""Motion files: a driver's performance on disk (docs/motion-format.md), written and read.

An npz of plain arrays, never pickle. A file is believed only after every array in it was checked.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import InputError, OutputError
from engine.family import Family
from engine.motion import ARKIT_NAMES
from stream.files.motion_layout import FAMILY, FORMAT, LAYOUTS, VERSION, motion_arrays
from stream.files.output_place import check_place, failures_named

BATCH = 512
"""Motions of which the ARKit coefficients are worked out together."""


def check_motion_output(path: Path, *, force: bool) -> None:
    """Refuse a place that cannot be written, before any work is done for it."""
    if path.suffix.lower() != ".npz":
        raise OutputError(f"cannot write {path.name}: the name of a motion file must end in .npz.")
    check_place(path, force=force)


@contextmanager
def motion_writer(
    path: Path, *, force: bool = False, family: str = FAMILY
) -> Iterator["MotionWriter"]:
    """A recording to be made, of a family's motion.

    Without a call of its `finish`, nothing is left behind.
    """
    check_motion_output(path, force=force)
    growing = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with failures_named(path):
            # On the disk, not in memory: an hour is 600 MB. It has no name, so that not even a
            # killed program leaves it behind.
            spool = TemporaryFile(dir=path.parent)  # noqa: SIM115 (closed by the `with` below)
        with spool:
            yield MotionWriter(spool, growing=growing, path=path, family=family)
    finally:
        growing.unlink(missing_ok=True)


class MotionWriter:
    """Takes the motions of a performance in order; `finish` gives the file its name."""

    def __init__(self, spool: IO[bytes], *, growing: Path, path: Path, family: str) -> None:
        self.frames = 0
        """Motions taken so far."""
        self.path = path
        self._family = family
        self._arrays = motion_arrays(family)
        self._row = LAYOUTS[family].row
        self._spool = spool
        self._growing = growing
        self._began_ns = 0
        self._last_ns = -1

    def add(self, captured_ns: int, motion: object) -> None:
        """Append the motion of a frame, None for a portrait at rest.

        A frame that is not later than the one before is left out.
        """
        numbers = self._arrays.row(motion)
        if not self.frames:
            self._began_ns = captured_ns
        time_ns = captured_ns - self._began_ns
        if time_ns <= self._last_ns:
            return
        self._last_ns = time_ns
        row = np.zeros(1, self._row)
        row["times_ns"], row["tracked"] = time_ns, motion is not None
        for name, number in numbers.items():
            row[name] = number
        with failures_named(self.path):
            self._spool.write(row.tobytes())
        self.frames += 1

    def finish(self, rate: Fraction) -> None:
        """Complete the file and give it its name; `rate` is the source's frames per second."""
        if not self.frames:
            raise ValueError("a recording needs at least one frame")
        with failures_named(self.path):
            self._spool.flush()
            rows = np.memmap(self._spool, self._row, mode="r")
            arrays: dict[str, Any] = {name: rows[name] for name in self._row.names or ()}
            arrays |= self._of_family(rows)
            rate = Fraction(rate).limit_denominator(1_000_000)
            with self._growing.open("wb") as file:
                np.savez(
                    file,
                    format=np.array(FORMAT),
                    version=np.array(VERSION, np.int64),
                    rate=np.array([rate.numerator, rate.denominator], np.int64),
                    **arrays,
                )
            self._growing.replace(self.path)

    def _of_family(self, rows: NDArray[np.void]) -> dict[str, NDArray[Any]]:
        """What is not in a row."""
        if "arkit" not in LAYOUTS[self._family].numbers:
            return {"family": np.array(self._family)}
        return {"arkit": self._arkit(rows), "arkit_names": np.array(ARKIT_NAMES)}

    def _arkit(self, rows: NDArray[np.void]) -> NDArray[np.float32]:
        """(N, 52): what was recorded, in ARKit's names."""
        found = np.zeros((len(rows), len(ARKIT_NAMES)), np.float32)
        for begin in range(0, len(rows), BATCH):
            found[begin : begin + BATCH] = self._arrays.arkit(rows[begin : begin + BATCH])
        return found


def is_motion_file(path: Path) -> bool:
    """Whether the name says that a driving file holds motion, not pictures."""
    return path.suffix.lower() == ".npz"


def refuse_without_names(family: Family[Any]) -> None:
    """Motion files hold named factors: other models are driven by pictures, not by landmarks."""
    if not family.can.named_factors:
        raise InputError(
            f"motion files and --source work with the models {' and '.join(LAYOUTS)} only, got "
            f"{family.name}. Leave out --model, or drive this model with a clip."
        )
