"""The step: one driving frame in, one picture of the portrait out. No thread, clock or file.

Time comes in with the frame (`captured_ns`), so a file and a camera give the same pictures. What a
frame shows is never an error: a face that is lost is held, then eased to the portrait's own still
face, and eased back in when it returns. Each person who drives has their own neutral face: from one
to another the portrait passes through rest, and in a new shot nothing of the last one is left.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from threading import Lock
from typing import Generic

import numpy as np

from engine.driver_per_person import DriverPerPerson
from engine.easing import Presence
from engine.faces.face import Face, Tracker
from engine.frame import Frame, Pixels
from engine.model import Driver, Mixer, Model, MotionT, Neutral, Portrait
from engine.motion import Edit
from engine.stats import timed

NO_PICTURE: Pixels = np.zeros((0, 0, 3), np.uint8)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Look(Generic[MotionT]):
    """What is shown; swapped whole between two frames, so that no step sees half of a change."""

    portrait: Portrait[MotionT] | None = None
    """None until there is one: nothing can be stepped before."""
    edit: Edit = field(default_factory=Edit)
    mixer: Mixer[MotionT] | None = None
    """Where factors come from besides the driver; None where all come from the driver."""


@dataclass(slots=True, kw_only=True, eq=False)
class _Stream(Generic[MotionT]):
    """What is known of one driving stream; the next one begins with a new one of these."""

    drivers: DriverPerPerson[MotionT]
    presence: Presence = field(default_factory=Presence)
    last: MotionT | None = None
    """The newest motion that is followed."""
    motion: MotionT | None = None
    shown: tuple[Portrait[MotionT], Portrait[MotionT]] | None = None
    """The portrait of the last look, and the same for this stream."""
    face: Face | None = None
    """In the last frame."""
    is_at_rest: bool = True

    def own(self, portrait: Portrait[MotionT]) -> Portrait[MotionT]:
        """This stream's own of a portrait that other streams may show, too."""
        if self.shown is None or self.shown[0] is not portrait:
            self.shown = portrait, portrait.for_stream()
        return self.shown[1]


class Reenactor(Generic[MotionT]):
    """Animates one portrait by one driving stream. Owned by one thread.

    `look` may be replaced between two frames, also by another thread: each step reads it once.
    """

    def __init__(self, *, model: Model[MotionT], tracker: Tracker) -> None:
        self.look: Look[MotionT] = Look()
        self._model = model
        self._tracker = tracker
        self._altering = Lock()
        self._stream = _Stream(drivers=DriverPerPerson(model))
        self._recalibrated: DriverPerPerson[MotionT] | None = None
        """Nobody yet: takes over as soon as the next frame is looked at."""

    @property
    def motion(self) -> MotionT | None:
        """The driver's motion in the last step, before mixer and edit; None is at rest."""
        return self._stream.motion

    @property
    def sees_face(self) -> bool:
        """Whether the last frame showed a face."""
        return self._stream.face is not None

    @property
    def face(self) -> Face | None:
        """The driver's face in the last frame."""
        return self._stream.face

    @property
    def is_at_rest(self) -> bool:
        """Whether the portrait is shown as it is, since no face drives it."""
        return self._stream.is_at_rest

    @property
    def neutral(self) -> Neutral:
        """Where the driver's neutral face comes from, by the driver's own word."""
        return (self._recalibrated or self._stream.drivers).neutral

    def alter(self, change: Callable[[Look[MotionT]], Look[MotionT]]) -> None:
        """Replace the look by one made of it; two threads do so one after the other."""
        with self._altering:
            self.look = change(self.look)

    def set_portrait(self, picture: Pixels, face: Face) -> None:
        """Show this portrait from the next frame on; `picture` has the output's size."""
        portrait = self._model.enroll(picture, face)
        portrait.prepare()
        self.alter(lambda look: replace(look, portrait=portrait))

    def step(self, frame: Frame) -> Frame:
        """Reenact one frame. Before any face was seen, the portrait's still picture."""
        with timed(frame.stages_ns, "find"):
            face = self._find(frame)
        with timed(frame.stages_ns, "read"):
            motion = self._follow(frame, face)
        return self.show(frame, motion)

    def show(self, frame: Frame, motion: MotionT | None) -> Frame:
        """The portrait in this motion, whatever the frame's picture: the second half of a step."""
        self._stream.motion = motion
        with timed(frame.stages_ns, "render"):
            return frame.with_pixels(self._rendered(self.look, motion, frame.captured_ns))

    def idle(self, now_ns: int) -> Frame:
        """What to show at a moment for which there is no driving frame: as if no face were seen."""
        nothing = Frame(pixels=NO_PICTURE, captured_ns=now_ns)
        return self.show(nothing, self._follow(nothing, None))

    def calibrate(self, frame: Frame, face: Face | None = None) -> bool:
        """Take this frame as the driver's neutral face, at once; False where it shows no face.

        A caller that knows the frame's face already hands it in; it may be another person's than
        is followed now, and counts for that one.
        """
        face = face or self._find(frame)
        if face is None or not face.is_plausible:
            return False
        self._stream.drivers.calibrate(frame.pixels, face)
        return True

    def recalibrate(self) -> None:
        """Take the largest face of the next frame that has one as the driver, and as neutral."""
        self._recalibrated = DriverPerPerson(self._model, recalibrates=True)

    @property
    def driver(self) -> Driver[MotionT]:
        """The reader of whoever drives, which knows their neutral face."""
        return (self._recalibrated or self._stream.drivers).followed

    def take_over(self, driver: Driver[MotionT]) -> None:
        """Read whoever comes next by this reader, of a stream of theirs that has ended."""
        self._recalibrated = DriverPerPerson(self._model, first=driver)

    def restart(self) -> None:
        """Begin a new driving stream: forget the face, its neutral and its motion."""
        self._tracker.reset()
        if self.look.mixer is not None:
            self.look.mixer.restart()
        self._recalibrated = None
        self._stream = _Stream(drivers=DriverPerPerson(self._model))

    def _find(self, frame: Frame) -> Face | None:
        """The driver's face; what can't be a face is none."""
        if self._recalibrated is not None:
            self._stream.drivers, self._recalibrated = self._recalibrated, None
            self._tracker.reset()
        face = self._tracker.find(frame.pixels, frame.captured_ns)
        return face if face is not None and face.is_plausible else None

    def _follow(self, frame: Frame, face: Face | None) -> MotionT | None:
        """The motion to show: the face's own while it is there, else the last one, let go of.

        None is the portrait at rest.
        """
        now = self._stream
        now.face = face
        read = None if face is None else self._read(frame, face)
        amount = now.presence.step(frame.captured_ns, seen=face is not None)
        if read is not None and not now.presence.is_leaving:
            now.last = read
        now.is_at_rest = now.last is None or amount >= 1.0
        if now.last is None or amount >= 1.0:
            return None
        return now.last.eased(amount) if amount > 0.0 else now.last

    def _read(self, frame: Frame, face: Face) -> MotionT:
        """The motion of the face of this frame, by the reader of its person."""
        driver, change = self._stream.drivers.follow(face)
        if change == "person":
            self._stream.presence.leave()
        return driver.read(frame.pixels, face, frame.captured_ns)

    def _rendered(self, look: Look[MotionT], motion: MotionT | None, captured_ns: int) -> Pixels:
        if look.portrait is None:
            raise RuntimeError("set_portrait must come before the first step")
        portrait, edit = self._stream.own(look.portrait), look.edit
        if look.mixer is not None:
            motion, edit = look.mixer.mix(motion, edit, captured_ns)
        return portrait.still() if motion is None else portrait.render(motion, edit)
