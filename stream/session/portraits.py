"""A portrait: a picture with a face, found once; fitted and made ready at any size.

The same for `live`, `serve` and `render`: opened, looked at, refused and noted here.
"""

import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Generic, ParamSpec, TypeVar

from engine.appearances import Appearance
from engine.errors import InputError
from engine.faces.face import Face, Tracker
from engine.frame import Pixels
from engine.framing import Framing, letterboxed, place_on, plan_fit
from engine.model import Model, MotionT, Portrait
from engine.pictures import open_picture
from engine.portrait_notes import Doubt, doubts_of, doubts_told, notes_on

logger = logging.getLogger(__name__)

ADVICE = "Use one that shows a face from the front, at least 60 pixels high, in good light."

P = ParamSpec("P")
T = TypeVar("T")


class NoFaceError(InputError):
    """A picture that is to be a portrait shows no face."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FacePicture:
    """A picture and the face in it."""

    picture: Pixels
    face: Face
    appearances: tuple[Appearance, ...] = ()
    """The person further, where the portrait comes from a clip."""
    notes: tuple[str, ...] = ()
    """What its owner should know of it; see `engine/portrait_notes.py`."""
    doubts: tuple[Doubt, ...] = ()
    """What of the face may be off."""

    @property
    def told(self) -> tuple[str, ...]:
        """Doubts and notes as lines for whoever reads the log."""
        return (*doubts_told(self.doubts), *self.notes)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in px."""
        return self.picture.shape[1], self.picture.shape[0]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Enrolled(Generic[MotionT]):
    """A portrait made ready at one size."""

    source: FacePicture
    size: int
    """Of its shorter side."""
    portrait: Portrait[MotionT]


def find_face(
    picture: Pixels, tracker: Tracker, *, name: object, is_noted: bool = True
) -> FacePicture:
    """The picture with its face; refused where it shows none.

    Not `is_noted` where it ships, and needs no notes. The tracker has forgotten all afterwards.
    """
    tracker.reset()
    face = tracker.find(picture)
    if face is None:
        raise NoFaceError(f"no face was found in the portrait {name}. {ADVICE}")
    doubts = doubts_of(picture, face, tracker) if is_noted else ()
    notes = notes_on(face) if is_noted else ()
    return FacePicture(picture=picture, face=face, notes=notes, doubts=doubts)


def open_portrait(path: Path, tracker: Tracker, *, is_noted: bool = True) -> FacePicture:
    """The portrait in a file; what its owner should know is logged."""
    if not path.is_file():
        raise InputError(f"there is no file {path}. Check the name and the folder.")
    found = find_face(open_picture(path), tracker, name=path, is_noted=is_noted)
    for note in found.told:
        logger.warning("%s", note)
    return found


def fitted(
    found: FacePicture, framing: Framing, size: int, canvas: tuple[int, int] | None = None
) -> FacePicture:
    """Framed, its shorter side that long; with a canvas (width, height), in the middle of it.

    Its notes say what is to be known of the fitting.
    """
    fit = plan_fit(found.picture, found.face, frame=framing, size=size)
    picture, face = fit.picture(found.picture), fit.face(found.face)
    if canvas is not None:
        picture, face = _laid_on(canvas, picture, face)
    return FacePicture(
        picture=picture,
        face=face,
        appearances=tuple(each.scaled(fit.scale) for each in found.appearances),
        notes=() if fit.note is None else (fit.note,),
    )


def _laid_on(canvas: tuple[int, int], picture: Pixels, face: Face) -> tuple[Pixels, Face]:
    """The picture in the middle, as large as it fits, black beside it."""
    rows, columns = picture.shape[:2]
    if (columns, rows) == canvas:
        return picture, face
    left, top, _, _ = place_on(canvas, (columns, rows))
    scale = min(canvas[0] / columns, canvas[1] / rows)
    # Pixel centres lie at integers: p becomes scale * (p + 1/2) - 1/2.
    half = scale / 2 - 0.5
    return letterboxed(picture, canvas), face.moved(scale, (left + half, top + half))


class Enroller(Generic[MotionT]):
    """Makes portraits ready, one after the other, in a thread beside the streams.

    To enrol takes a fifth of a second, so it is done neither in a frame loop nor in an event loop:
    a portrait is swapped while the old one goes on moving.
    """

    def __init__(self, model: Model[MotionT], *, framing: Framing, keeps: bool = False) -> None:
        """Where it `keeps` them, whoever asks for the same again gets it at once."""
        self.model = model
        self._framing = framing
        self._keeps = keeps
        self._kept: dict[tuple[FacePicture, int], Enrolled[MotionT]] = {}
        self._enrolling = Lock()
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="enrol")

    def enroll(self, source: FacePicture, size: int) -> Enrolled[MotionT]:
        """The portrait, its shorter side that long; any thread may ask, and waits for it."""
        with self._enrolling:
            kept = self._kept.get((source, size))
            if kept is not None:
                return kept
            scaled = fitted(source, self._framing, size)
            portrait = self.model.enroll(scaled.picture, scaled.face, scaled.appearances)
            portrait.prepare()
            enrolled = Enrolled(source=source, size=size, portrait=portrait)
            if self._keeps:
                self._kept[source, size] = enrolled
            return enrolled

    def submit(self, act: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> "Future[T]":
        """Do something slow in the thread, after all that was asked for before."""
        return self._worker.submit(act, *args, **kwargs)

    def close(self, *, waits: bool = True) -> None:
        """Begin nothing more."""
        self._worker.shutdown(wait=waits, cancel_futures=True)
