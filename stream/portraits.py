"""What is animated: a picture, enrolled once, or a clip, of which every picture is enrolled."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path
from typing import Generic

from engine.errors import InputError
from engine.faces.face import Face, Tracker
from engine.frame import Frame, Pixels
from engine.framing import Fit, Framing, plan_fit
from engine.model import Model, Motion, MotionT, Portrait
from engine.motion import Edit
from engine.pictures import open_picture
from stream.clips import Clip
from stream.hand_over import ahead

ADVICE = "Use one that shows a face from the front, at least 60 pixels high, in good light."
PHONE_PICTURES = (b"heic", b"heix", b"mif1", b"msf1", b"avif", b"avis")
"""Brands of ISO 14496-12 files that are pictures (ISO 23008-12, AVIF)."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Shown(Generic[MotionT]):
    """One picture to animate."""

    picture: Pixels
    """At the output's size."""
    portrait: Portrait[MotionT]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Source(Generic[MotionT]):
    """The pictures to animate, one for each driving frame."""

    width: int
    height: int
    """Size of every picture, both even."""
    clip: Clip | None
    """None for a single picture, which never ends."""
    pictures: Iterator[Shown[MotionT]]


@contextmanager
def open_source(
    path: Path,
    *,
    model: Model[MotionT],
    finder: Tracker,
    make_tracker: Callable[[], Tracker],
    framing: Framing,
    size: int,
) -> Iterator[Source[MotionT]]:
    """A picture or a clip, ready to be animated; refused if it shows no face.

    `finder` finds a face now, and is free again afterwards; a clip gets a tracker of its own.
    """
    finder.reset()
    if _is_picture(path):
        yield _still(open_picture(path), path, model, finder, framing, size)
        return
    clip = Clip(path)
    if clip.is_picture:
        raise InputError(f"{path} is a picture of another kind. Save it as JPEG, PNG or WebP.")
    fit = _first_fit(clip, finder, framing, size)
    with closing(ahead(clip.frames())) as frames:
        yield Source(
            width=fit.out_width,
            height=fit.out_height,
            clip=clip,
            pictures=_moving(frames, fit, model, make_tracker()),
        )


def _still(
    picture: Pixels,
    path: Path,
    model: Model[MotionT],
    tracker: Tracker,
    framing: Framing,
    size: int,
) -> Source[MotionT]:
    face = tracker.find(picture)
    if face is None:
        raise InputError(f"no face was found in the portrait {path}. {ADVICE}")
    fit = plan_fit(picture, face, frame=framing, size=size)
    fitted = fit.picture(picture)
    shown = Shown(picture=fitted, portrait=model.enroll(fitted, fit.face(face)))
    return Source(width=fit.out_width, height=fit.out_height, clip=None, pictures=repeat(shown))


def _first_fit(clip: Clip, tracker: Tracker, framing: Framing, size: int) -> Fit:
    """The framing of a clip's first picture with a face; a crop that followed would shake."""
    with closing(clip.frames()) as frames:
        for frame in frames:
            face = tracker.find(frame.pixels, frame.captured_ns)
            if face is not None:
                return plan_fit(frame.pixels, face, frame=framing, size=size)
    raise InputError(f"no face was found in the portrait clip {clip.path}. {ADVICE}")


def _moving(
    frames: Iterator[Frame], fit: Fit, model: Model[MotionT], tracker: Tracker
) -> Iterator[Shown[MotionT]]:
    for frame in frames:
        picture = fit.picture(frame.pixels)
        face = tracker.find(frame.pixels, frame.captured_ns)
        yield Shown(picture=picture, portrait=_enrolled(picture, face and fit.face(face), model))


def _enrolled(picture: Pixels, face: Face | None, model: Model[MotionT]) -> Portrait[MotionT]:
    return Untouched(picture) if face is None else model.enroll(picture, face, passing=True)


class Untouched:
    """A picture of the portrait clip in which no face was found: shown as it is."""

    def __init__(self, picture: Pixels) -> None:
        self._picture = picture

    def render(self, motion: Motion, edit: Edit) -> Pixels:
        """The picture, whatever the motion."""
        return self._picture.copy()

    def still(self) -> Pixels:
        """The picture."""
        return self._picture.copy()


def _is_picture(path: Path) -> bool:
    """Whether the file begins as JPEG, PNG or WebP do; its name says nothing."""
    if not path.is_file():
        raise InputError(f"there is no file {path}. Check the name and the folder.")
    with path.open("rb") as file:
        head = file.read(12)
    if head[4:8] == b"ftyp" and head[8:12] in PHONE_PICTURES:
        # FFmpeg takes it for a clip, of which it gives one tile.
        raise InputError(f"{path} is a HEIC or AVIF picture. Save it as JPEG, PNG or WebP.")
    is_webp = head[:4] == b"RIFF" and head[8:12] == b"WEBP"
    return is_webp or head.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"))
