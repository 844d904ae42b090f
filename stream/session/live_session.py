"""A portrait that somebody drives, live: what `live` and `serve` both run.

Knows no camera, no key, no page and no connection: pictures come from a frame source, and whoever
wants results subscribes to the loop. A control or a rung that is added here is there for both.
"""

import logging
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from typing import Generic

import cv2
import numpy as np

from engine.errors import InputError, UnderstudyError
from engine.faces.face import Tracker
from engine.frame import Frame, Pixels
from engine.model import Mixer, MotionT
from engine.motion import Edit
from engine.reenactor import Look, Reenactor
from engine.slot import LatestSlot
from stream.files.live_sound import LiveSound
from stream.session.controls import OF_FACTORS, Controls
from stream.session.ladder import Ladder, LoadMeter
from stream.session.loop import FrameLoop, FrameSource
from stream.session.portraits import Enrolled, Enroller, FacePicture
from stream.session.recorder import Recorder
from stream.session.voice_lips import MouthWatch, VoiceLips

logger = logging.getLogger(__name__)

LOOK_EVERY_S = 0.4
"""How often the ladder looks at the loop at most, however often it is let."""


class LiveSession(Generic[MotionT]):
    """Controlled by one thread; its frame loop has a thread of its own, and so have its slow parts.

    Results have their last form when they leave the loop, so no sink changes them.
    """

    def __init__(
        self,
        source: FrameSource,
        *,
        enroller: Enroller[MotionT],
        enrolled: Enrolled[MotionT],
        tracker: Tracker,
        mixer: Mixer[MotionT] | None,
        edit: Edit | None = None,
        canvas: tuple[int, int] | None = None,
        adapts: bool = True,
        on_step: Callable[[Frame], None] | None = None,
        voice: VoiceLips | None = None,
    ) -> None:
        """Prepare; `start` begins.

        Args:
            source: the driving frames.
            enroller: makes the portraits ready that are shown later.
            enrolled: the portrait to begin with, at the size that was asked for.
            tracker: finds the driver's face; this session's own.
            mixer: holds pose and gaze; the model's, where it has one.
            edit: mode and gains to begin with; `check` says whether they can be.
            canvas: width and height of all results, smaller portraits enlarged; None shows each
                portrait at its own size.
            adapts: render less where the machine is too slow.
            on_step: told of each result in the loop's thread.
            voice: the lips of a microphone; None where there is none.
        """
        refines = enroller.model.can.refine
        self.controls = Controls() if edit is None else Controls.of(edit)
        """As they were set last."""
        self.ladder = Ladder(enrolled.size, refines=refines and self.controls.edit.refine)
        self._watch = MouthWatch(tracker, self._hand_lips_over, self._hears_voice)
        self.reenactor: Reenactor[MotionT] = Reenactor(model=enroller.model, tracker=self._watch)
        self.reenactor.look = Look(portrait=enrolled.portrait, mixer=mixer)
        self._voice = voice
        self.loop = FrameLoop(
            self.reenactor,
            source,
            on_step=on_step,
            finish=self._finish,
            goes_on=self._watch.sees_nothing,
        )
        self.recorder: Recorder | None = None
        """The recording that is going on, or the last one."""
        self._enroller = enroller
        self._enrolled = enrolled
        self._mixer = mixer
        self._canvas = canvas
        self._adapts = adapts
        self._meter = LoadMeter()
        self._looked_s = -LOOK_EVERY_S
        self._exchange: Future[None] | None = None
        self._recording: LatestSlot[Frame] | None = None
        self._edit()

    @property
    def portrait(self) -> FacePicture:
        """What is shown."""
        return self._enrolled.source

    def still(self) -> Pixels:
        """The portrait at rest, as it is shown."""
        return self._finish(self._enrolled.portrait.still())

    def check(self, controls: Controls) -> None:
        """Refuse controls that this model, or what is shown now, cannot have; changes nothing."""
        if self._mixer is None and controls.on & OF_FACTORS:
            raise InputError(
                "this model's motion has no named factors: only the rig's head can be frozen and "
                "only its eyes held. Start with --model rig for that."
            )
        if "driver_teeth" in controls.on and not self._enroller.model.can.driver_teeth:
            raise InputError(
                "the driver's teeth can be shown by the rig alone, and with --mouth auto: start "
                "with these, or leave the switch off."
            )
        if "gaze_to_camera" in controls.on and not self._enroller.model.can.meets_camera:
            raise InputError(
                "this model has no gaze that is known to meet the camera. Start with --model rig "
                "for that."
            )
        if "voice_lips" in controls.on:
            self._check_lip_shapes()
        if self._voice is None and "voice_lips" in controls.on:
            raise InputError(
                "there is no sound that could move the lips: give a microphone with --source "
                "lips=auto."
            )
        self._enroller.model.can.check_edit(controls.edit)
        _refuse_mode(controls, self._enrolled)

    def change(self, controls: Controls) -> None:
        """Set all controls, from the next frame on."""
        self.check(controls)
        turned_on, turned_off = controls.on - self.controls.on, self.controls.on - controls.on
        self.controls = controls
        self.loop.is_paused = "paused" in controls.on
        if self._mixer is not None:
            if "freeze_pose" in turned_on:
                self._mixer.hold("pose", self.reenactor.motion)
            if "freeze_pose" in turned_off:
                self._mixer.release("pose")
            if "gaze_to_camera" in turned_on:
                self._mixer.look_at_camera()
            if "gaze_to_camera" in turned_off:
                self._mixer.release("gaze")
        if self._voice is not None:
            self._watch.is_on = "voice_lips" in controls.on
            self._voice.is_wanted = self._watch.is_on or self._voice.is_shown
        self._edit()

    def speak(self) -> None:
        """Take the lips from the sound for good, whether or not the driver's mouth is seen."""
        if self._mixer is None or self._voice is None:
            raise InputError(
                "the lips cannot come from sound: it takes a sound, and the rig (--model rig)."
            )
        self._check_lip_shapes()
        self._voice.is_wanted = self._voice.is_shown = True
        self._mixer.speak(self._voice)

    def _check_lip_shapes(self) -> None:
        if not self._enroller.model.can.lip_shapes:
            raise InputError(
                "this model's lips cannot be moved by a live sound. Start with --model rig for "
                "that."
            )

    def show(self, portrait: FacePicture) -> "Future[None]":
        """Make a portrait ready beside the running stream, then show it from one frame on."""
        self._exchange = self._enroller.submit(self._exchanged, portrait)
        return self._exchange

    def adapt(self, now_s: float) -> bool:
        """Let the ladder see how the loop is doing, and follow it; whether the rung is another."""
        if not self._adapts or now_s - self._looked_s < LOOK_EVERY_S:
            return False
        self._looked_s = now_s
        load = self._meter.load(self.loop.report(), now_s)
        # While a portrait is being made ready, the machine is busy with that.
        is_busy = self._exchange is not None and not self._exchange.done()
        if is_busy or not self.ladder.observe(load):
            return False
        self._edit()
        if self.ladder.size != self._enrolled.size:
            self.show(self.portrait).add_done_callback(complain)
        return True

    def record(
        self,
        path: Path,
        *,
        sound: LiveSound | None = None,
        force: bool = False,
        longest_s: float | None = None,
        on_shown: Callable[[Frame], None] = lambda frame: None,
    ) -> Recorder:
        """Begin a recording of what is shown; the one before must have ended."""
        slot = self._recording = self.loop.subscribe()
        self.recorder = Recorder(
            slot,
            path,
            size=self._canvas,
            sound=sound,
            force=force,
            longest_s=longest_s,
            on_shown=on_shown,
        )
        self.recorder.start()
        return self.recorder

    @property
    def is_voiced(self) -> bool:
        """Whether the lips on show are moved by sound."""
        return self._voice is not None and self._voice.is_shown

    @property
    def is_recording(self) -> bool:
        """Whether pictures are being recorded."""
        return self.recorder is not None and self.recorder.is_running

    def stop_recording(self) -> None:
        """Complete the recording, if there is one; waits for it."""
        if self._recording is not None:
            self.loop.unsubscribe(self._recording)
        if self.recorder is not None:
            self.recorder.stop()

    def stop(self) -> bool:
        """Complete the recording and end the loop; False where its step hangs."""
        self.stop_recording()
        return self.loop.stop()

    def _edit(self) -> None:
        """What the controls ask for, as far as the ladder lets it."""
        asked = self.controls.edit
        edit = replace(
            asked,
            refine=asked.refine and self.ladder.rung.refines,
            driver_teeth="driver_teeth" in self.controls.on,
        )
        self.reenactor.alter(lambda look: replace(look, edit=edit))

    def _hears_voice(self, now_ns: int) -> bool:
        return self._voice is not None and self._voice.is_heard(now_ns)

    def _hand_lips_over(self, to_voice: bool) -> None:  # noqa: FBT001 (a callback's one argument)
        """In the loop's thread; the mixer fades from one to the other."""
        if self._mixer is None or self._voice is None:
            return
        self._voice.is_shown = to_voice
        if to_voice:
            self._mixer.speak(self._voice)
        else:
            self._mixer.release("lips")

    def _exchanged(self, source: FacePicture) -> None:
        """In the enroller's thread."""
        enrolled = self._enroller.enroll(source, self.ladder.size)
        _refuse_mode(self.controls, enrolled)
        self.reenactor.alter(lambda look: replace(look, portrait=enrolled.portrait))
        self._enrolled = enrolled

    def _finish(self, pixels: Pixels) -> Pixels:
        """The last change to each result; in the loop's thread."""
        if self._canvas is not None and (pixels.shape[1], pixels.shape[0]) != self._canvas:
            pixels = np.asarray(cv2.resize(pixels, self._canvas), np.uint8)
        return mirrored(pixels) if "mirror_output" in self.controls.on else pixels


def _refuse_mode(controls: Controls, enrolled: Enrolled[MotionT]) -> None:
    if controls.edit.mode not in enrolled.portrait.modes:
        raise InputError(
            f"this model cannot show this portrait in the mode {controls.edit.mode}: a head that "
            "moves cannot be put back into a whole picture, for the neck would break. Use --frame "
            "face, or the mode expression."
        )


def mirrored(pixels: Pixels) -> Pixels:
    """Left and right swapped."""
    return np.asarray(cv2.flip(pixels, 1), np.uint8)


def complain(done: "Future[None]") -> None:
    """A portrait that cannot be made ready leaves the one before on show."""
    error = None if done.cancelled() else done.exception()
    if isinstance(error, UnderstudyError):
        logger.warning("%s", error)
    elif error is not None:
        logger.error("a portrait could not be made ready", exc_info=error)
