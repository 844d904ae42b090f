"""Reads a portrait file, after all of it was checked; anything odd is an InputError of one line.

The file may be anybody's. It is read in memory, member by member, each by a name and up to a size
that are known before; nothing of it is ever unpacked to the disk, and nothing in it is run.
"""

import hashlib
import io
import json
import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.appearances import PARTS, Appearance
from engine.errors import InputError
from engine.faces.face import LANDMARKS, Face
from engine.frame import Pixels
from engine.pictures import open_picture
from stream.files.portrait_layout import (
    FORMAT,
    LANDMARKS_FILE,
    LARGEST_BYTES,
    LARGEST_DIRECTORY,
    LARGEST_MANIFEST,
    LEAST_GAIN,
    LONGEST_APPEARANCE_SIDE,
    LONGEST_SIDE,
    MANIFEST,
    MOST_APPEARANCES,
    MOST_GAIN,
    PICTURE_FILE,
    SIGN,
    VERSION,
    KeptPortrait,
    appearance_file,
    are_faces,
    is_portrait_file,
)

ADVICE = "Make it again with `understudy enroll`, or copy it again."

_END = b"PK\x05\x06"
_END_SIZE = 22
"""Bytes of a zip's last record, where no comment follows it, as in every portrait file."""
_LONG_END = b"PK\x06\x07"
"""Points to a record of sizes above 4 GB, which would be believed instead of the last one."""
_NPY = re.compile(
    rb"\x93NUMPY\x01\x00..\{'descr': '<f4', 'fortran_order': False, "
    rb"'shape': \(([\d, ]{1,40})\), \} *\n",
    re.DOTALL,
)
"""The header as `numpy.save` writes it. To read any that it could read means to evaluate Python."""
_PNG = b"\x89PNG\r\n\x1a\n"


def load_portrait(source: Path | bytes, name: object = "the portrait file") -> KeptPortrait:
    """The portrait in a file, or in the bytes of one; InputError names what is wrong with it."""
    if isinstance(source, Path):
        return load_portrait(_content(source), source)
    with _damage_named(name), _opened(source) as archive:
        manifest = _manifest(archive)
        names = [PICTURE_FILE, LANDMARKS_FILE]
        names += [appearance_file(number) for number in range(len(manifest["appearances"]))]
        members = _members(archive, names, _hashes(manifest))
        return _portrait(manifest, members)


class _OddError(Exception):
    """What is wrong, in words; the file is named by `_damage_named`."""


@contextmanager
def _damage_named(name: object) -> Iterator[None]:
    try:
        yield
    except _OddError as odd:
        raise InputError(f"{name} cannot be used: {odd}. {ADVICE}") from odd
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        NotImplementedError,
        OSError,
        RuntimeError,
        ValueError,
    ) as error:
        # What zipfile, json and numpy raise for damaged, foreign and encrypted content.
        raise InputError(f"{name} is not a portrait file, or is damaged. {ADVICE}") from error


def _content(path: Path) -> bytes:
    try:
        size = path.stat().st_size
        if size > LARGEST_BYTES:
            raise InputError(
                f"{path} is too large for a portrait file ({size >> 20} MB; the limit is "
                f"{LARGEST_BYTES >> 20}). {ADVICE}"
            )
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}): check the path.") from error


def _opened(content: bytes) -> zipfile.ZipFile:
    """The archive, whose list of members is short; a zip may state a list of gigabytes."""
    if len(content) > LARGEST_BYTES:
        raise _OddError(f"it is larger than {LARGEST_BYTES >> 20} MB")
    if not content.startswith(SIGN):
        raise _OddError("it is not a portrait file")
    if not is_portrait_file(content):
        raise _OddError("it is a zip, but not a portrait file (it does not begin as one)")
    end = content[-_END_SIZE:]
    if not end.startswith(_END) or end[-2:] != b"\0\0" or _LONG_END in content[-_END_SIZE - 20 :]:
        raise _OddError("its end is missing: it is incomplete")
    if int.from_bytes(end[12:16], "little") > LARGEST_DIRECTORY:
        raise _OddError("its list of members is too long")
    return zipfile.ZipFile(io.BytesIO(content))


def _read(archive: zipfile.ZipFile, name: str, most: int) -> bytes:
    """One member, in memory; it states its size, and never gives more than that."""
    found = [each for each in archive.infolist() if each.filename == name]
    if len(found) != 1:
        raise _OddError(f"it lacks {name}" if not found else f"it holds {name} twice")
    if found[0].file_size > most:
        raise _OddError(f"{name} is larger than {most >> 10} KB")
    if found[0].compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise _OddError(f"{name} is compressed in a way that no portrait file needs")
    with archive.open(found[0]) as file:
        return file.read(most)


def _manifest(archive: zipfile.ZipFile) -> dict[str, Any]:
    try:
        read = json.loads(_read(archive, MANIFEST, LARGEST_MANIFEST))
    except RecursionError:
        raise _OddError(f"its {MANIFEST} is nested too deep") from None
    if not isinstance(read, dict) or read.get("format") != FORMAT:
        raise _OddError(f"its {MANIFEST} is not a portrait file's")
    version = _whole(read.get("version"), "version", 1, 1 << 30)
    if version > VERSION:
        raise _OddError(
            f"a newer version of this program wrote it (version {version} of the format; this one "
            f"reads {VERSION}), so update this program"
        )
    appearances = read.get("appearances")
    if not isinstance(appearances, list) or not all(isinstance(e, dict) for e in appearances):
        raise _OddError("its list of appearances is damaged")
    if len(appearances) > MOST_APPEARANCES:
        raise _OddError(f"it holds {len(appearances)} appearances, more than {MOST_APPEARANCES}")
    return read


def _hashes(manifest: dict[str, Any]) -> Mapping[str, object]:
    hashes = manifest.get("sha256")
    if not isinstance(hashes, dict):
        raise _OddError("it states no hashes")
    return hashes


def _members(
    archive: zipfile.ZipFile, names: list[str], hashes: Mapping[str, object]
) -> dict[str, bytes]:
    """Each member, as it was when it was written."""
    foreign = [each for each in archive.namelist() if each not in (MANIFEST, *names)]
    if foreign:
        raise _OddError(f"it holds what no portrait file has: {foreign[0][:40]!r}")
    members, room = {}, LARGEST_BYTES
    for name in names:
        members[name] = _read(archive, name, room)
        room -= len(members[name])
        if hashlib.sha256(members[name]).hexdigest() != hashes.get(name):
            raise _OddError(f"{name} is not what it was when the file was written")
    return members


def _portrait(manifest: dict[str, Any], members: dict[str, bytes]) -> KeptPortrait:
    entries = manifest["appearances"]
    faces = _landmarks(members[LANDMARKS_FILE], 1 + len(entries))
    picture = _picture(manifest.get("picture"), members[PICTURE_FILE], PICTURE_FILE, LONGEST_SIDE)
    face = Face(
        landmarks=faces[0],
        confidence=_number(manifest.get("confidence"), "confidence", 0.0, 1.0),
    )
    left, top, right, bottom = face.box
    rows, columns = picture.shape[:2]
    if not (0 <= left + right <= 2 * columns and 0 <= top + bottom <= 2 * rows):
        raise _OddError("its face lies outside its picture")
    appearances = []
    for number, (entry, landmarks) in enumerate(zip(entries, faces[1:], strict=True)):
        name, part = appearance_file(number), entry.get("part")
        if part not in PARTS:
            raise _OddError(f"appearance {number} is of no part that is known here")
        own = _picture(entry, members[name], name, LONGEST_APPEARANCE_SIDE)
        appearances.append(
            Appearance(part=part, picture=own, landmarks=landmarks, gain=_gain(entry.get("gain")))
        )
    return KeptPortrait(picture=picture, face=face, appearances=tuple(appearances))


def _landmarks(content: bytes, count: int) -> NDArray[np.float32]:
    """(count, 478, 3), of a file in which numpy has nothing to interpret any more."""
    shape = (count, LANDMARKS, 3)
    header = _NPY.match(content)
    if header is None or header[1] != b"%d, %d, %d" % shape:
        raise _OddError(f"{LANDMARKS_FILE} is not an array of float32 {shape}")
    rest = content[10 + int.from_bytes(content[8:10], "little") :]
    if len(rest) != 4 * count * LANDMARKS * 3:
        raise _OddError(f"{LANDMARKS_FILE} has another size than it states")
    faces = np.frombuffer(rest, "<f4").reshape(shape).astype(np.float32)
    if not are_faces(faces):
        raise _OddError("its landmarks are not those of a face")
    return faces


def _picture(entry: object, content: bytes, name: str, longest: int) -> Pixels:
    """The pixels, of the size that the manifest states."""
    if not isinstance(entry, dict):
        raise _OddError(f"it states no size for {name}")
    width = _whole(entry.get("width"), f"width of {name}", 1, longest)
    height = _whole(entry.get("height"), f"height of {name}", 1, longest)
    if not content.startswith(_PNG):
        raise _OddError(f"{name} is not a PNG")
    try:
        pixels = open_picture(content, limit_side=longest)
    except InputError as error:
        raise _OddError(f"{name} is damaged") from error
    if pixels.shape != (height, width, 3):
        raise _OddError(f"{name} has another size than stated")
    return pixels


def _gain(value: object) -> NDArray[np.float32]:
    if not isinstance(value, list) or len(value) != 3:
        raise _OddError("the gain of an appearance is not three numbers")
    gains = [_number(each, "gain", LEAST_GAIN, MOST_GAIN) for each in value]
    return np.array(gains, np.float32)


def _number(value: object, what: str, low: float, high: float) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or not low <= value <= high:
        raise _OddError(f"its {what} is not a number from {low:g} to {high:g}")
    return float(value)


def _whole(value: object, what: str, low: int, high: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise _OddError(f"its {what} is not a whole number from {low} to {high}")
    return value
