"""What is animated: a person, enrolled once, or a clip, whose pictures are enrolled in turn."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Generic, Literal, Protocol, Self, TypeAlias

from engine.errors import InputError
from engine.faces.face import Tracker
from engine.frame import Frame, Pixels
from engine.framing import Fit, Framing, letterboxed, plan_fit
from engine.model import Model, Motion, MotionT, Portrait
from engine.motion import MODES, Edit, Mode
from engine.portrait_notes import warn_of
from engine.progress import Progress
from stream.enroll.footage import kind_of_portrait, open_clip
from stream.enroll.opening import open_person
from stream.files.bounded_queue import ahead
from stream.files.clips import Clip
from stream.session.portraits import ADVICE, FacePicture, fitted

PortraitMotion: TypeAlias = Literal["still", "clip"]
"""still: the portrait is one picture, a clip is enrolled for it; clip: each of its pictures is."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Shown(Generic[MotionT]):
    """One picture to animate."""

    picture: Pixels
    """At the output's size."""
    portrait: Portrait[MotionT]


class Source(Protocol[MotionT]):
    """The pictures to animate, by their time."""

    width: int
    height: int
    """Size of every picture, both even."""
    clip: Clip | None
    """None for a single picture, which never ends."""
    note: str | None
    """What the user may like to know of it."""
    has_ended: bool
    """Whether a picture was asked for beyond the last one."""

    def at(self, time_ns: int) -> Shown[MotionT] | None:
        """What is shown at this time after the first; times grow. None when it is over."""
        ...


@contextmanager
def open_source(
    paths: Sequence[Path],
    *,
    motion: PortraitMotion = "still",
    model: Model[MotionT],
    finder: Tracker,
    make_tracker: Callable[[], Tracker],
    framing: Framing,
    size: int,
    progress: Progress | None = None,
    stop: Event | None = None,
) -> Iterator[Source[MotionT]]:
    """What these files show, ready to be animated; refused if it shows no face.

    `finder` finds a face now, and is free again afterwards; a clip gets a tracker of its own.
    """
    if motion == "still":
        person = open_person(paths, finder, progress=progress, stop=stop)
        yield Still(person, model, framing, size)
        return
    clip = _moving(paths)
    finder.reset()
    fit = _first_fit(clip, finder, framing, size)
    with closing(ahead(clip.frames())) as frames:
        yield Moving(clip, frames, fit, model, make_tracker())


def _moving(paths: Sequence[Path]) -> Clip:
    """The one clip whose pictures are animated in turn."""
    if len(paths) == 1 and kind_of_portrait(paths[0]) == "clip":
        clip = open_clip(paths[0])
        if not clip.is_still:
            return clip
    raise InputError(
        f"--portrait-motion clip animates the pictures of one clip in turn, and "
        f"{', '.join(map(str, paths))} is none. Leave it away."
    )


class Still(Generic[MotionT]):
    """One picture, for ever."""

    clip: Clip | None = None
    has_ended: bool = False

    def __init__(
        self,
        found: FacePicture,
        model: Model[MotionT],
        framing: Framing,
        size: int,
    ) -> None:
        """Enrol it."""
        shown = fitted(found, framing, size)
        self.width, self.height = shown.size
        self.note = next(iter(shown.notes), None)
        portrait = model.enroll(shown.picture, shown.face, shown.appearances)
        portrait.prepare()
        self._shown = Shown(picture=shown.picture, portrait=portrait)

    def at(self, time_ns: int) -> Shown[MotionT] | None:
        """The picture."""
        return self._shown


class Moving(Generic[MotionT]):
    """A clip's pictures, each enrolled when it is shown for the first time."""

    def __init__(
        self,
        clip: Clip,
        frames: Iterator[Frame],
        fit: Fit,
        model: Model[MotionT],
        tracker: Tracker,
    ) -> None:
        """Show these frames of the clip."""
        self.clip: Clip | None = clip
        self.width, self.height, self.note = fit.out_width, fit.out_height, fit.note
        self.has_ended = False
        self._canvas = (clip.width, clip.height)
        self._frames = frames
        self._fit = fit
        self._model = model
        self._tracker = tracker
        self._step_ns = round(1_000_000_000 / clip.rate)
        self._now = next(frames, None)
        self._next = next(frames, None)
        self._shown: Shown[MotionT] | None = None

    def at(self, time_ns: int) -> Shown[MotionT] | None:
        """The picture that a player would show at this time; None when the last one is over."""
        # A little early is on time: times are rounded, some containers' to a millisecond.
        time_ns += self._step_ns // 4
        while self._next is not None and self._next.captured_ns <= time_ns:
            self._now, self._next = self._next, next(self._frames, None)
            self._shown = None
        if self._now is None or (
            self._next is None and self._now.captured_ns + self._step_ns <= time_ns
        ):
            self.has_ended = True
            return None
        if self._shown is None:
            self._shown = self._enrolled(self._now)
        return self._shown

    def _enrolled(self, frame: Frame) -> Shown[MotionT]:
        pixels = letterboxed(frame.pixels, self._canvas)
        picture = self._fit.picture(pixels)
        face = self._tracker.find(pixels, frame.captured_ns)
        if face is None:
            return Shown(picture=picture, portrait=Untouched(picture))
        enrolled = self._model.enroll(picture, self._fit.face(face))
        return Shown(picture=picture, portrait=enrolled)


def _first_fit(clip: Clip, tracker: Tracker, framing: Framing, size: int) -> Fit:
    """The framing of a clip's first picture with a face; a crop that followed would shake."""
    with closing(clip.frames()) as frames:
        for frame in frames:
            pixels = letterboxed(frame.pixels, (clip.width, clip.height))
            face = tracker.find(pixels, frame.captured_ns)
            if face is not None:
                warn_of(pixels, face, tracker)
                return plan_fit(pixels, face, frame=framing, size=size)
    raise InputError(f"no face was found in the portrait clip {clip.path}. {ADVICE}")


class Untouched:
    """A picture of the portrait clip in which no face was found: shown as it is."""

    modes: frozenset[Mode] = frozenset(MODES)

    def __init__(self, picture: Pixels) -> None:
        self._picture = picture

    def render(self, motion: Motion, edit: Edit) -> Pixels:
        """The picture, whatever the motion."""
        return self._picture.copy()

    def still(self) -> Pixels:
        """The picture."""
        return self._picture.copy()

    def prepare(self) -> None:
        """Nothing is left to do."""

    def for_stream(self) -> Self:
        """Nothing eases."""
        return self
