"""The step: one driving frame in, one picture of the portrait out. No thread, clock or file.

Time comes in with the frame (`captured_ns`), so a file and a camera give the same pictures. What a
frame shows is never an error: a face that is lost is held, then eased to the portrait's own still
face, and eased back in when it returns. Each person who drives has their own neutral face: from one
to another the portrait passes through rest, and in a new shot nothing of the last one is left.
"""

from dataclasses import replace
from typing import Generic, Literal, Protocol, TypeAlias

import numpy as np

from engine.drivers import Drivers
from engine.easing import Presence
from engine.faces.face import Face, Tracker
from engine.frame import Frame, Pixels
from engine.model import Model, MotionT, Portrait
from engine.motion import Edit
from engine.stats import timed

Neutral: TypeAlias = Literal["none yet", "automatic", "next face", "yours"]
"""Where the driver's neutral face comes from: no face was seen, the model chose it, the next face
will be taken, or the user calibrated."""

NO_PICTURE: Pixels = np.zeros((0, 0, 3), np.uint8)


class Mixer(Protocol[MotionT]):
    """Puts other sources beside the driver's motion before it is rendered."""

    def mix(
        self, motion: MotionT | None, edit: Edit, captured_ns: int
    ) -> tuple[MotionT | None, Edit]:
        """The motion to render (None: at rest), and what of the edit is still to be applied."""
        ...


class Reenactor(Generic[MotionT]):
    """Animates one portrait by one driving stream. Owned by one thread.

    `edit`, `portrait`, `mixer` and `refines` may be replaced between two frames, also by another
    thread: each step reads them once.
    """

    def __init__(
        self, *, model: Model[MotionT], tracker: Tracker, edit: Edit | None = None
    ) -> None:
        self.edit = edit or Edit()
        self.portrait: Portrait[MotionT] | None = None
        self.mixer: Mixer[MotionT] | None = None
        """Where factors come from besides the driver; None where all come from the driver."""
        self.refines = True
        """False leaves the model's refining network out, whatever the edit says."""
        self.motion: MotionT | None = None
        """The driver's motion in the last step, before mixer and edit; None is at rest."""
        self.sees_face = False
        """Whether the last frame showed a face."""
        self.is_at_rest = True
        """Whether the portrait is shown as it is, since no face drives it."""
        self.neutral: Neutral = "none yet"
        """Where the driver's neutral face comes from."""
        self._model = model
        self._tracker = tracker
        self._drivers = Drivers(model)
        self._recalibrates = self._takes_next = False
        self._presence = Presence()
        self._motion: MotionT | None = None

    def set_portrait(self, picture: Pixels, face: Face) -> None:
        """Show this portrait from the next frame on; `picture` has the output's size."""
        self.portrait = self._model.enroll(picture, face)

    def step(self, frame: Frame) -> Frame:
        """Reenact one frame. Before any face was seen, the portrait's still picture."""
        with timed(frame.stages_ns, "find"):
            face = self._find(frame)
        with timed(frame.stages_ns, "read"):
            motion = self._follow(frame, face)
        return self.show(frame, motion)

    def show(self, frame: Frame, motion: MotionT | None) -> Frame:
        """The portrait in this motion, whatever the frame's picture: the second half of a step."""
        self.motion = motion
        with timed(frame.stages_ns, "render"):
            return frame.with_pixels(self._render(motion, frame.captured_ns))

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
        self._drivers.calibrate(frame.pixels, face)
        self.neutral = "yours"
        return True

    def recalibrate(self) -> None:
        """Take the largest face of the next frame that has one as the driver, and as neutral."""
        self._recalibrates = True
        self.neutral = "next face"

    def restart(self) -> None:
        """Begin a new driving stream: forget the face, its neutral and its motion."""
        self._tracker.reset()
        self._drivers = Drivers(self._model)
        self._recalibrates = self._takes_next = False
        self._presence = Presence()
        self._motion = None
        self.motion = None
        self.sees_face = False
        self.is_at_rest = True
        self.neutral = "none yet"

    def _find(self, frame: Frame) -> Face | None:
        """The driver's face; what can't be a face is none."""
        if self._recalibrates:
            self._recalibrates, self._takes_next = False, True
            self._tracker.reset()
            self._drivers.renew()
        face = self._tracker.find(frame.pixels, frame.captured_ns)
        return face if face is not None and face.is_plausible else None

    def _follow(self, frame: Frame, face: Face | None) -> MotionT | None:
        """The motion to show: the face's own while it is there, else the last one, let go of.

        None is the portrait at rest.
        """
        self.sees_face = face is not None
        read = None if face is None else self._read(frame, face)
        amount = self._presence.step(frame.captured_ns, seen=self.sees_face)
        if read is not None and not self._presence.is_leaving:
            self._motion = read
        self.is_at_rest = self._motion is None or amount >= 1.0
        if self._motion is None or amount >= 1.0:
            return None
        return self._motion.eased(amount) if amount > 0.0 else self._motion

    def _read(self, frame: Frame, face: Face) -> MotionT:
        """The face's motion; notes who it is, and where the neutral face comes from."""
        driver, change = self._drivers.follow(face)
        neutral: Neutral = "automatic" if self.neutral == "none yet" else self.neutral
        if self._takes_next:
            self._takes_next = False
            driver.recalibrate()
            neutral = "yours"
        elif change != "none":
            neutral = "automatic"
        if change == "person":
            self._presence.leave()
        if not self._recalibrates:  # another thread may have asked for the next face meanwhile
            self.neutral = neutral
        return driver.read(frame.pixels, face, frame.captured_ns)

    def _render(self, motion: MotionT | None, captured_ns: int) -> Pixels:
        portrait = self.portrait
        if portrait is None:
            raise RuntimeError("set_portrait must come before the first step")
        edit, mixer = self.edit, self.mixer
        if mixer is not None:
            motion, edit = mixer.mix(motion, edit, captured_ns)
        if not self.refines:
            edit = replace(edit, refine=False)
        return portrait.still() if motion is None else portrait.render(motion, edit)
