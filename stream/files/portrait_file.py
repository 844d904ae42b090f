"""Portrait files: a person's picture, landmarks and further appearances (docs/portrait-format.md).

Written here, read in `portrait_reader`. The same portrait gives the same bytes, and nothing in them
says where or when it was made.
"""

import hashlib
import io
import json
import os
import zipfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engine.errors import OutputError
from engine.frame import Pixels
from stream.files.output_place import check_place, failures_named
from stream.files.portrait_layout import (
    FORMAT,
    LANDMARKS_FILE,
    LONGEST_SIDE,
    MANIFEST,
    PICTURE_FILE,
    SUFFIX,
    VERSION,
    KeptPortrait,
    appearance_file,
)

ANY_TIME = (1980, 1, 1, 0, 0, 0)
"""The earliest that a zip can state."""


def check_portrait_output(path: Path, *, force: bool) -> None:
    """Refuse a place that cannot be written, before any work is done for it."""
    if path.suffix.lower() != SUFFIX:
        raise OutputError(
            f"cannot write {path.name}: the name of a portrait file must end in {SUFFIX}."
        )
    check_place(path, force=force)


def save_portrait(path: Path, portrait: KeptPortrait, *, force: bool = False) -> None:
    """Write the file; it has its name when it is complete, and is not there otherwise."""
    check_portrait_output(path, force=force)
    content = portrait_bytes(portrait)
    growing = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with failures_named(path):
            growing.write_bytes(content)
            growing.replace(path)
    finally:
        growing.unlink(missing_ok=True)


def portrait_bytes(portrait: KeptPortrait) -> bytes:
    """The content of a portrait file; a picture that is larger than the format's is reduced."""
    portrait = _reduced(portrait)
    faces = [portrait.face.landmarks, *(each.landmarks for each in portrait.appearances)]
    members = {
        PICTURE_FILE: _png(portrait.picture),
        LANDMARKS_FILE: _npy(np.asarray(faces, np.float32)),
    }
    appearances = []
    for number, each in enumerate(portrait.appearances):
        name = appearance_file(number)
        members[name] = _png(each.picture)
        gain = [round(float(channel), 6) for channel in each.gain]
        appearances.append({"part": each.part, **_size(each.picture), "gain": gain})
    manifest = {
        "format": FORMAT,
        "version": VERSION,
        "picture": _size(portrait.picture),
        "confidence": round(float(portrait.face.confidence), 6),
        "appearances": appearances,
        "sha256": {name: hashlib.sha256(each).hexdigest() for name, each in members.items()},
    }
    return _zipped({MANIFEST: json.dumps(manifest, indent=1).encode(), **members})


def _zipped(members: dict[str, bytes]) -> bytes:
    into = io.BytesIO()
    with zipfile.ZipFile(into, "w") as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name, ANY_TIME), content)
    return into.getvalue()


def _reduced(portrait: KeptPortrait) -> KeptPortrait:
    rows, columns = portrait.picture.shape[:2]
    scale = LONGEST_SIDE / max(rows, columns)
    return portrait if scale >= 1.0 else portrait.scaled(scale)


def _size(picture: Pixels) -> dict[str, int]:
    return {"width": int(picture.shape[1]), "height": int(picture.shape[0])}


def _png(picture: Pixels) -> bytes:
    into = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(picture)).save(into, "PNG")
    return into.getvalue()


def _npy(array: NDArray[np.float32]) -> bytes:
    into = io.BytesIO()
    np.save(into, array.astype("<f4"), allow_pickle=False)
    return into.getvalue()
