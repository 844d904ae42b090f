"""`understudy render --driving motion.npz`: a recorded performance moves the portrait again."""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from threading import Event

from engine.errors import InputError
from engine.faces.face import Tracker
from engine.frame import Frame
from engine.model import Mixer, Model, MotionT, Recording
from engine.progress import Progress, Silence
from engine.reenactor import Look, Reenactor
from engine.stats import StageTimes
from stream.enroll.opening import StoppedError
from stream.files.bounded_queue import Behind
from stream.files.clip_writer import clip_writer
from stream.files.motion_reader import load_motion
from stream.render.job import NOTHING, RenderJob, RenderReport, check_paths, encode, source_of
from stream.render.portrait_source import Source

logger = logging.getLogger(__name__)


def replay(
    job: RenderJob,
    *,
    model: Model[MotionT],
    make_tracker: Callable[[], Tracker],
    mixer: Mixer[MotionT] | None = None,
    progress: Progress | None = None,
    stop: Event | None = None,
) -> RenderReport:
    """Do the job with the motion file `job.driving`; stopped, the file ends with the frame at hand.

    There is no driving picture, so nothing is searched for and no neutral face is needed.
    """
    progress, stop = progress or Silence(), stop or Event()
    check_paths(job)
    _refuse_what_needs_pictures(job)
    recording = load_motion(job.driving, job.family)
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
                rate=recording.rate,
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
            writer.finish(whole=not stop.is_set())
    if source.note is not None:
        logger.warning("%s", source.note)
    return RenderReport(
        frames=writer.frames,
        faceless=int((~recording.tracked[: writer.frames]).sum()),
        neutral=None,
        was_stopped=stop.is_set(),
        seconds=time.monotonic() - began,
        stages_ms=times.percentiles_ms(),
    )


def replayed(
    recording: Recording[MotionT], source: Source[MotionT], reenactor: Reenactor[MotionT]
) -> Iterator[Frame]:
    """The result for each recorded frame, until there are no frames or no portraits left."""
    for index in range(recording.frames):
        shown = source.at(int(recording.times_ns[index] - recording.times_ns[0]))
        if shown is None:
            return
        reenactor.look = replace(reenactor.look, portrait=shown.portrait)
        frame = Frame(pixels=shown.picture, captured_ns=int(recording.times_ns[index]))
        yield reenactor.show(frame, recording.motion(index))


def _refuse_what_needs_pictures(job: RenderJob) -> None:
    """Options that mean nothing without a driving picture are refused, not ignored."""
    if job.compare:
        raise InputError(f"{job.driving} holds no pictures to show: leave out --compare.")
    if job.neutral not in ("auto", None):
        raise InputError(f"{job.driving} is relative to its own neutral face: leave out --neutral.")
    if job.record_motion is not None:
        raise InputError(f"{job.driving} is a recording already: leave out --record-motion.")
