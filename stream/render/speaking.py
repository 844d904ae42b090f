"""`understudy render --driving speech.wav`: a sound alone moves the portrait.

The mixer takes the lips from the sound; what else moves is a head that nobody drives, which blinks
and is never quite still.
"""

import logging
import time
from collections.abc import Callable
from contextlib import ExitStack
from fractions import Fraction
from functools import partial
from threading import Event
from typing import Any, Generic

import numpy as np
from numpy.typing import NDArray

from engine.errors import InputError
from engine.faces.face import Tracker
from engine.idle import Idle
from engine.model import Mixer, Model, MotionT, Recording
from engine.motion import ARKIT_NAMES
from engine.progress import Progress, Silence
from engine.reenactor import Look, Reenactor
from engine.speech.articulation import articulate
from engine.speech.espeak import Spoken
from engine.speech.features import FRAME_S
from engine.speech.mel import RATE_HZ
from engine.speech.track import LipTrack
from engine.speech.visemes import labels, shares
from engine.stats import StageTimes
from stream.enroll.opening import StoppedError
from stream.files.bounded_queue import Behind
from stream.files.clip_writer import clip_writer
from stream.files.motion_layout import FAMILY, motion_arrays
from stream.files.sound_file import SoundFile
from stream.render.job import NOTHING, RenderJob, RenderReport, check_paths, encode, source_of
from stream.render.replay import replayed

logger = logging.getLogger(__name__)

RATE = Fraction(30)
"""Pictures a second: a lip closure takes two or three of them."""
_BLOCK = 512
"""Frames whose motion is made together."""
_BLINKS = [ARKIT_NAMES.index(name) for name in ("eyeBlinkLeft", "eyeBlinkRight")]


def speak(
    job: RenderJob,
    *,
    model: Model[MotionT],
    make_tracker: Callable[[], Tracker],
    mixer: Mixer[MotionT] | None = None,
    progress: Progress | None = None,
    stop: Event | None = None,
    idles: bool = True,
) -> RenderReport:
    """Do the job with the sound `job.driving`; stopped, the file ends with the frame at hand.

    `mixer` knows where the lips come from (`stream.cli.factor_sources`); without `idles`, nothing
    else moves.
    """
    progress, stop = progress or Silence(), stop or Event()
    check_paths(job)
    _refuse_what_needs_pictures(job)
    sound = SoundFile(job.driving)
    length_s = length_of(sound)
    recording: Recording[Any] = (
        IdleRecording(length_s, idles=idles) if job.family == FAMILY else AtRest(length_s)
    )
    tracker = make_tracker()
    reenactor = Reenactor(model=model, tracker=tracker)
    reenactor.look = Look(edit=job.edit, mixer=mixer)
    times = StageTimes()
    with ExitStack() as stack:
        try:
            source = stack.enter_context(
                source_of(job, model, tracker, make_tracker, progress, stop)
            )
        except StoppedError:
            return NOTHING
        writer = stack.enter_context(
            clip_writer(
                job.out,
                width=source.width,
                height=source.height,
                rate=RATE,
                sound=stack.enter_context(sound.soundtrack()),
                force=job.force,
            )
        )
        began = time.monotonic()
        progress.begin("rendering", recording.frames)
        with Behind(partial(encode, writer, times)) as encoder:
            for result in replayed(recording, source, reenactor):
                if stop.is_set():
                    break
                encoder.put(result)
                progress.advance()
        if writer.frames:
            writer.finish(whole=not (source.has_ended or stop.is_set()))
    if source.note is not None:
        logger.warning("%s", source.note)
    return RenderReport(
        frames=writer.frames,
        faceless=0,
        neutral=None,
        was_stopped=stop.is_set(),
        seconds=time.monotonic() - began,
        stages_ms=times.percentiles_ms(),
    )


class AtRest(Generic[MotionT]):
    """Keeps `engine.model.Recording`: nobody drives, and what else moves is the mixer's."""

    rate = RATE

    def __init__(self, length_s: float) -> None:
        self.frames = max(1, int(np.ceil(length_s * float(RATE))))
        self.times_ns: NDArray[np.int64] = (np.arange(self.frames) * 1e9 / float(RATE)).astype(
            np.int64
        )
        self.tracked = np.ones(self.frames, np.bool_)

    def motion(self, index: int) -> MotionT | None:
        """The portrait's own."""
        return None


class IdleRecording(AtRest[MotionT]):
    """The rig's, which blinks and is never quite still; an hour of it takes no memory."""

    def __init__(self, length_s: float, *, idles: bool) -> None:
        super().__init__(length_s)
        self._idles = idles
        self._idle = Idle()
        self._block: tuple[int, Recording[MotionT]] | None = None

    def motion(self, index: int) -> MotionT | None:
        """The motion of one frame; frames are asked for in their order."""
        number, place = divmod(index, _BLOCK)
        if self._block is None or self._block[0] != number:
            self._block = number, self._made(number)
        return self._block[1].motion(place)

    def _made(self, number: int) -> Recording[MotionT]:
        times_ns = self.times_ns[number * _BLOCK : (number + 1) * _BLOCK]
        count = len(times_ns)
        rotation, shift = np.zeros((count, 3), np.float32), np.zeros((count, 2), np.float32)
        arkit = np.zeros((count, len(ARKIT_NAMES)), np.float32)
        if self._idles:
            for place, time_ns in enumerate(times_ns.tolist()):
                head = self._idle.at(time_ns / 1e9)
                rotation[place], shift[place] = head.rotation, head.shift
                arkit[place, _BLINKS] = head.blink
        arrays = {
            "times_ns": times_ns - times_ns[0],
            "arkit": arkit,
            "rotation": rotation,
            "shift": shift,
            "log_scale": np.zeros(count, np.float32),
        }
        return motion_arrays().recording(arrays, np.ones(count, np.bool_), RATE)


def length_of(sound: SoundFile) -> float:
    """Of the whole sound, in seconds: it is decoded, for files state all kinds of things."""
    return sum(len(piece) for piece in sound.pieces()) / RATE_HZ


def track_of(spoken: Spoken) -> LipTrack:
    """The lips of a text whose phonemes are known to the sample."""
    frames = int(np.ceil(float(spoken.length_s) / FRAME_S))
    return LipTrack(articulate(shares(labels(spoken.phonemes, frames))))


def _refuse_what_needs_pictures(job: RenderJob) -> None:
    """Options that mean nothing without a driving picture are refused, not ignored."""
    if job.compare:
        raise InputError(f"{job.driving} has no pictures to show: leave out --compare.")
    if job.neutral not in ("auto", None):
        raise InputError(f"{job.driving} shows no face: leave out --neutral.")
    if job.record_motion is not None:
        raise InputError(
            f"{job.driving} shows nobody whose motion could be kept: leave out --record-motion."
        )
