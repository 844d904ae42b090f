"""The portraits that everybody may show: those of the package and the one the server began with.

Those that a browser brings are in `uploads`. No file name of a peer is ever used.
"""

import io
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image

from engine.errors import MachineError
from engine.faces.by_hand import face_amid
from engine.faces.face import Face, Tracker
from engine.frame import Pixels
from engine.portrait_notes import notes_on
from stream.enroll.opening import from_file, open_person
from stream.files.bundled import ASSETS
from stream.files.portrait_layout import KeptPortrait
from stream.server.tokens import new_key
from stream.session.portraits import FacePicture, NoFaceError, find_face

THUMBNAIL = 640
"""Longest side of the picture that the page shows."""
MOST_NAME = 40


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Item(FacePicture):
    """One portrait of the list."""

    id: str
    name: str
    jpeg: bytes
    """The picture, made anew and small: nothing of the uploaded file is passed on."""
    is_own: bool = False
    """Whether a browser brought it, or filmed it."""
    found: Face | None = None
    """As the tracker, or a file, had it before points of it were put by hand; None for no face."""
    is_by_hand: bool = False
    """Whether points of it were put by hand."""

    @property
    def url(self) -> str:
        """Where the page finds the picture."""
        return f"/api/portraits/{self.id}/picture"

    @property
    def is_savable(self) -> bool:
        """Whether a portrait file of it holds more than its picture does.

        It was filmed, or its points were put by hand.
        """
        return self.is_own and (bool(self.appearances) or self.is_by_hand)

    @property
    def is_movable(self) -> bool:
        """Whether its points may be put by hand: it is one picture, and a browser's own."""
        return self.is_own and not self.appearances

    def with_face(self, face: Face) -> "Item":
        """The same with its points put by hand, so that nothing of them is doubted."""
        return replace(self, face=face, notes=notes_on(face), doubts=(), is_by_hand=True)

    def as_json(self) -> dict[str, str | bool | list[str]]:
        """What the page gets."""
        found = {"id": self.id, "name": self.name, "url": self.url}
        place = f"/api/portraits/{self.id}"
        file = {"file": f"{place}/file"} if self.is_savable else {}
        points = {"points": f"{place}/points"} if self.is_movable else {}
        told: dict[str, list[str]] = {"notes": list(self.notes), "doubts": list(self.doubts)}
        return {**found, "own": self.is_own, **told, **file, **points}


class PortraitList:
    """Portraits by id. Changed in one thread."""

    def __init__(self) -> None:
        self._bundled: dict[str, Item] = {}

    def __iter__(self) -> Iterator[Item]:
        yield from self._bundled.values()

    def find(self, portrait_id: str) -> Item | None:
        """The portrait with this id."""
        return self._bundled.get(portrait_id)

    @property
    def first(self) -> Item:
        """What a session begins with that asks for none."""
        return next(iter(self))

    def fill(self, extra: Path | None, tracker: Tracker) -> None:
        """Take in the user's own portrait, then those of the package."""
        paths = [extra] if extra is not None else []
        paths += [path for path in [ASSETS / "portrait.png"] if path.exists()]
        paths += sorted((ASSETS / "portraits").glob("*.png"))
        for path in paths:
            name = _name(path.stem)
            found = open_person([path], tracker, is_noted=path == extra)
            item = _item(found, name, _free_id(name, self))
            self._bundled[item.id] = item
        if not self._bundled:
            raise MachineError(
                "this package has no portraits in it: give one with --portrait PICTURE"
            )


def uploaded(
    content: Pixels | KeptPortrait, name: str, tracker: Tracker, *, is_by_hand: bool = False
) -> Item:
    """A portrait from a peer's picture, portrait file or enrolment; an error says what is wrong.

    Where its points are put by hand and no face is found, one lies amid the picture till then.
    """
    name = _name(name)
    if isinstance(content, KeptPortrait):
        return _item(from_file(content), name, new_key(), is_own=True)
    try:
        return _item(find_face(content, tracker, name=name), name, new_key(), is_own=True)
    except NoFaceError:
        if not is_by_hand:
            raise
    made = FacePicture(picture=content, face=face_amid(content.shape[:2]), doubts=("face",))
    return replace(_item(made, name, new_key(), is_own=True), found=None)


def _item(found: FacePicture, name: str, portrait_id: str, *, is_own: bool = False) -> Item:
    return Item(
        id=portrait_id,
        name=name,
        picture=found.picture,
        face=found.face,
        appearances=found.appearances,
        notes=found.notes,
        doubts=found.doubts,
        found=found.face,
        jpeg=_jpeg(found.picture),
        is_own=is_own,
    )


def _jpeg(picture: Pixels) -> bytes:
    image = Image.fromarray(np.asarray(picture))
    image.thumbnail((THUMBNAIL, THUMBNAIL), Image.Resampling.LANCZOS)
    into = io.BytesIO()
    image.save(into, "JPEG", quality=88)
    return into.getvalue()


def _name(raw: str) -> str:
    """A name to show: letters, digits and a few signs of the given one."""
    stem = Path(raw.replace("\\", "/")).stem
    kept = "".join(sign if sign.isalnum() or sign in " -_." else " " for sign in stem)
    words = " ".join(kept.replace("_", " ").replace("-", " ").split())[:MOST_NAME]
    return words or "portrait"


def _free_id(name: str, portraits: PortraitList) -> str:
    base = "".join(sign if sign.isascii() and sign.isalnum() else "-" for sign in name.lower())
    number, found = 2, base
    while portraits.find(found) is not None:
        found, number = f"{base}-{number}", number + 1
    return found
