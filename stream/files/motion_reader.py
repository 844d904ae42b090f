"""Reads a motion file, after every array in it was checked; anything odd is an InputError."""

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from tokenize import TokenError
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import InputError
from engine.model import Recording
from engine.motion import ARKIT_NAMES
from stream.files.motion_layout import (
    FAMILY,
    FORMAT,
    HIGHEST_RATE,
    LARGEST_BYTES,
    LAYOUTS,
    VERSION,
    Layout,
    motion_arrays,
)

SMALL_BYTES = 16 << 20
MOST_PACKED = 50
"""Times its own size, beside that, which a file may unpack to: motion packs to a fifth."""
ADVICE = "Record one with --record-motion; docs/motion-format.md says what a motion file holds."
Arrays = dict[str, NDArray[Any]]


def load_motion(path: Path, family: str = FAMILY) -> Recording[Any]:
    """The recording of a family's motion in the file; InputError names what is wrong with it."""
    if not path.is_file():
        raise InputError(f"there is no file {path}. Check the name and the folder.")
    with _damage_named(path):
        arrays = _read(path, family)
        _check_kind(arrays)
        count = _check_times(arrays)
        _check_numbers(arrays, count, LAYOUTS[family])
        return _recording(arrays, count, family)


_DAMAGED = (
    zipfile.BadZipFile, ValueError, EOFError, NotImplementedError, RuntimeError,
    SyntaxError, TokenError,  # of the headers, which numpy reads as Python's own literals
)  # fmt: skip
"""What zipfile and numpy raise for damaged, foreign and encrypted files."""


class _OddError(Exception):
    """What is wrong, in words; the file is named by `_damage_named`."""


@contextmanager
def _damage_named(path: Path) -> Iterator[None]:
    try:
        yield
    except _OddError as odd:
        raise InputError(f"{path} cannot be used: {odd}. {ADVICE}") from odd
    except _DAMAGED as error:
        raise InputError(f"{path} is not a motion file, or is damaged. {ADVICE}") from error
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}).") from error


def _read(path: Path, family: str) -> Arrays:
    """Each array, after its header was found to claim no more than the file holds."""
    total = 0
    with zipfile.ZipFile(path) as archive:
        names = [member.filename.removesuffix(".npy") for member in archive.infolist()]
        _check_family(names, family)
        _check_names(names, LAYOUTS[family])
        for member in archive.infolist():
            with archive.open(member) as file:
                claimed = _claimed_bytes(file, member.filename)
            total += claimed
            if claimed != member.file_size:
                raise _OddError(f"{member.filename} has another size than it states")
        if total > LARGEST_BYTES:
            raise _OddError(f"it holds {total >> 20} MB, more than {LARGEST_BYTES >> 20}")
        if total > SMALL_BYTES + MOST_PACKED * path.stat().st_size:
            raise _OddError(f"it would unpack to {total >> 20} MB, far more than its own size")
    with np.load(path, allow_pickle=False) as arrays:
        return {name: arrays[name] for name in names}


def _check_family(names: list[str], family: str) -> None:
    """Files of the rig name no family; those of others do."""
    if ("family" in names) != (family != FAMILY):
        raise _OddError(f"its motion is another model's: --model is of the family {family}")


def _check_names(names: list[str], layout: Layout) -> None:
    missing = [name for name in layout.required if name not in names]
    if "format" in missing:
        raise _OddError("it is not a motion file (it has no array `format`)")
    if missing:
        raise _OddError(f"it lacks {', '.join(missing)}")
    foreign = [name for name in names if name not in layout.required + layout.optional]
    if foreign:
        raise _OddError(f"it holds arrays that no motion file has: {', '.join(foreign)}")
    if len(set(names)) != len(names):
        raise _OddError("it holds an array twice")
    face = [name for name in layout.together if name in names]
    if face and len(face) < len(layout.together):
        raise _OddError(f"of {', '.join(layout.together)} it holds only {', '.join(face)}")


def _claimed_bytes(file: IO[bytes], name: str) -> int:
    """How long the member must be, by its own header."""
    version = np.lib.format.read_magic(file)
    if version == (1, 0):
        shape, _, dtype = np.lib.format.read_array_header_1_0(file)
    elif version == (2, 0):
        shape, _, dtype = np.lib.format.read_array_header_2_0(file)
    else:
        raise _OddError(f"{name} is in a version of npy that no motion file needs")
    if dtype.hasobject:
        raise _OddError(f"{name} holds Python objects, which are never loaded")
    count = 1
    for length in shape:  # by hand: numpy's product would overflow silently
        count *= int(length)
    return file.tell() + count * int(dtype.itemsize)


def _check_kind(arrays: Arrays) -> None:
    kind, version = arrays["format"], arrays["version"]
    if kind.shape != () or kind.dtype.kind != "U" or str(kind) != FORMAT:
        raise _OddError(f"its `format` is not {FORMAT!r}")
    if version.shape != () or version.dtype.kind not in "iu":
        raise _OddError("its `version` is not a whole number")
    if int(version) != VERSION:
        raise _OddError(f"it has version {int(version)}, and this program reads version {VERSION}")
    named = arrays.get("family")
    if named is not None and (named.dtype.kind != "U" or named.shape != ()):
        raise _OddError("its `family` is not a name")
    names = arrays.get("arkit_names")
    if names is not None and (names.dtype.kind != "U" or tuple(names.ravel()) != ARKIT_NAMES):
        raise _OddError("its `arkit_names` are not the 52 names in alphabetical order")


def _check_times(arrays: Arrays) -> int:
    """The number of frames."""
    times, rate = arrays["times_ns"], arrays["rate"]
    if times.dtype != np.int64 or times.ndim != 1 or not len(times):
        raise _OddError("its `times_ns` is not a list of whole numbers (int64)")
    if times[0] != 0 or (np.diff(times) <= 0).any():
        raise _OddError("its `times_ns` do not begin at 0 and grow from frame to frame")
    if rate.dtype != np.int64 or rate.shape != (2,) or (rate <= 0).any():
        raise _OddError("its `rate` is not a numerator and a denominator (int64)")
    if not 0 < Fraction(int(rate[0]), int(rate[1])) <= HIGHEST_RATE:
        raise _OddError(f"its `rate` lies outside (0, {HIGHEST_RATE}] frames per second")
    tracked = arrays.get("tracked")
    if tracked is not None and (tracked.dtype != np.bool_ or tracked.shape != times.shape):
        raise _OddError("its `tracked` is not one truth value (bool) per frame")
    return len(times)


def _check_numbers(arrays: Arrays, count: int, layout: Layout) -> None:
    for name, wanted in layout.numbers.items():
        array = arrays.get(name)
        if array is None:
            continue
        shape = (count, *wanted.shape)
        if array.dtype != np.float32 or array.shape != shape:
            raise _OddError(f"its `{name}` is {array.dtype} {array.shape}, not float32 {shape}")
        low, high = float(array.min()), float(array.max())  # NaN comes through both
        if not (wanted.low <= low and high <= np.float32(wanted.high)):
            raise _OddError(
                f"its `{name}` has values outside [{wanted.low:g}, {wanted.high:g}] or not finite"
            )


def _recording(arrays: Arrays, count: int, family: str) -> Recording[Any]:
    tracked = arrays.get("tracked", np.ones(count, np.bool_))
    rate = Fraction(int(arrays["rate"][0]), int(arrays["rate"][1]))
    return motion_arrays(family).recording(arrays, tracked, rate)
