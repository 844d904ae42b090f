"""A portrait from what the user names: a picture, a portrait file, a clip, or several of them."""

import logging
from collections.abc import Sequence
from pathlib import Path
from threading import Event

from engine.errors import InputError
from engine.faces.face import Tracker
from engine.portrait_notes import Doubt, doubts_of, notes_on
from engine.progress import Progress
from stream.enroll.footage import Footage, kind_of_portrait
from stream.enroll.person import enroll, rejections
from stream.files.portrait_layout import KeptPortrait
from stream.files.portrait_reader import load_portrait
from stream.session.portraits import FacePicture, find_face, open_portrait

logger = logging.getLogger(__name__)


class StoppedError(Exception):
    """It was told to stop before the portrait was ready."""


_MANY = 1 / 3
"""Of all frames: so many that were left out are worth a word."""


def open_person(
    paths: Sequence[Path],
    tracker: Tracker,
    *,
    is_noted: bool = True,
    progress: Progress | None = None,
    stop: Event | None = None,
) -> FacePicture:
    """The portrait of one person; what its owner should know is logged.

    One picture is shown as it is, and so is a portrait file's. A clip, or several pictures and
    clips, are enrolled now; the first of them says how the portrait looks at rest. The tracker has
    forgotten all afterwards.

    Raises:
        InputError: a file cannot be used.
        StoppedError: `stop` was set before the portrait was ready.
    """
    kinds = [kind_of_portrait(path) for path in paths]
    if kinds == ["picture"]:
        return open_portrait(paths[0], tracker, is_noted=is_noted)
    if kinds == ["portrait file"]:
        return from_file(load_portrait(paths[0]), is_noted=is_noted)
    if "portrait file" in kinds:
        file = paths[kinds.index("portrait file")]
        raise InputError(
            f"{file} is a portrait file, which is a whole portrait: give it alone, or the clips "
            "and pictures that it was made from."
        )
    if len(paths) == 1 and (footage := Footage(paths[0])).is_picture:
        _, frame = next(footage.watched())
        return noted(find_face(frame.pixels, tracker, name=paths[0], is_noted=is_noted))
    enrolment = enroll(paths, tracker, progress=progress, stop=stop)
    if enrolment is None:
        raise StoppedError
    if enrolment.used < (1.0 - _MANY) * enrolment.looked:
        logger.warning(
            "of %d frames of the portrait %d were left out: %s",
            enrolment.looked,
            enrolment.looked - enrolment.used,
            rejections(enrolment.rejected),
        )
    return from_kept(enrolment.portrait, tracker, is_noted=is_noted)


def from_kept(kept: KeptPortrait, tracker: Tracker, *, is_noted: bool = True) -> FacePicture:
    """The portrait that an enrolment says; what its owner should know is logged."""
    doubts = doubts_of(kept.picture, kept.face, tracker) if is_noted else ()
    tracker.reset()
    return noted(_of(kept, doubts, is_noted=is_noted))


def from_file(kept: KeptPortrait, *, is_noted: bool = True) -> FacePicture:
    """The portrait that a file says.

    Whether its face fits was told when the file was made, and points that were put by hand are
    beyond a tracker's judgement.
    """
    return noted(_of(kept, (), is_noted=is_noted))


def _of(kept: KeptPortrait, doubts: tuple[Doubt, ...], *, is_noted: bool) -> FacePicture:
    return FacePicture(
        picture=kept.picture,
        face=kept.face,
        appearances=tuple(kept.appearances),
        notes=notes_on(kept.face) if is_noted else (),
        doubts=doubts,
    )


def noted(found: FacePicture) -> FacePicture:
    """The same; its notes are logged."""
    for note in found.told:
        logger.warning("%s", note)
    return found
