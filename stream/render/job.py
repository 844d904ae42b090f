"""The job of `understudy render`: a portrait, a driving clip, a file. It prints nothing."""

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, closing, nullcontext
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from threading import Event
from typing import Literal

from engine.errors import InputError, OutputError
from engine.faces.face import Tracker
from engine.frame import Frame
from engine.framing import Framing
from engine.model import Mixer, Model, MotionT
from engine.motion import Edit
from engine.progress import Progress, Silence
from engine.reenactor import Look, Reenactor
from engine.stats import StageTimes, timed
from stream.enroll.opening import StoppedError
from stream.files.bounded_queue import Behind, ahead
from stream.files.clip_writer import ClipWriter, check_output, clip_writer
from stream.files.clips import Clip
from stream.files.growing_file import tell_left_behind
from stream.files.motion_file import MotionWriter, check_motion_output, motion_writer
from stream.files.motion_layout import FAMILY
from stream.render.compare import SideBySide
from stream.render.look_ahead import FACE_ADVICE, look_ahead
from stream.render.portrait_source import PortraitMotion, Source, open_source
from stream.render.remembering import RememberingTracker

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderJob:
    """What to render, as the user asked for it."""

    portrait: Path
    """A picture, a portrait file, or a clip, which is enrolled."""
    driving: Path
    """A clip; for `stream.render.replay`, a motion file."""
    out: Path
    edit: Edit = field(default_factory=Edit)
    framing: Framing = "full"
    size: int = 512
    """Shorter side of the result, in pixels."""
    neutral: Literal["auto"] | int | None = "auto"
    """The driver's neutral face: looked for, or the frame with this number; None for a model that
    knows none."""
    compare: bool = False
    """Portrait, driving picture and result side by side."""
    force: bool = False
    """Replace a file that exists."""
    further: Sequence[Path] = ()
    """More pictures and clips of the portrait's person."""
    portrait_motion: PortraitMotion = "still"
    """clip: what the portrait clip shows at a driving frame's time is animated."""
    record_motion: Path | None = None
    """A motion file to write beside the result: what the driver did, before mixer and edit."""
    family: str = FAMILY
    """Of the model, whose motion files are read and written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderReport:
    """What was done."""

    frames: int
    """Written; 0 where it was stopped before the first, and then there is no file."""
    faceless: int
    """Of these, how many showed no face."""
    neutral: int | None
    """The frame taken as the driver's neutral face; of several people, who is seen longest."""
    was_stopped: bool
    seconds: float
    """Of rendering, without the search for the neutral face."""
    stages_ms: dict[str, dict[str, float]]
    """Stage -> percentiles of its duration per frame; `look ahead` is the search for the neutral
    face, whose frames need no `find` any more."""


NOTHING = RenderReport(
    frames=0, faceless=0, neutral=None, was_stopped=True, seconds=0.0, stages_ms={}
)
"""Of a job that was stopped before its portrait was ready."""


def render(
    job: RenderJob,
    *,
    model: Model[MotionT],
    make_tracker: Callable[[], Tracker],
    mixer: Mixer[MotionT] | None = None,
    progress: Progress | None = None,
    stop: Event | None = None,
) -> RenderReport:
    """Do the job. When `stop` is set meanwhile, the file ends with the frame at hand, valid."""
    progress, stop = progress or Silence(), stop or Event()
    check_paths(job)
    clip = Clip(job.driving)
    times = StageTimes()
    # One tracker for one stream after the other: to load its networks takes seconds.
    finder = make_tracker()
    with ExitStack() as stack:
        try:
            source = stack.enter_context(
                source_of(job, model, finder, make_tracker, progress, stop)
            )
        except StoppedError:
            return NOTHING
        _warn(clip, source)
        tracker = RememberingTracker(finder)
        reenactor = Reenactor(model=model, tracker=tracker)
        reenactor.look = Look(edit=job.edit, mixer=mixer)
        neutral = None
        if job.neutral is not None:
            neutral = look_ahead(
                clip, job.neutral, tracker, times, progress, stop, reenactor.calibrate
            )
        tracker.rewind()
        began = time.monotonic()
        progress.begin("rendering", clip.stated_frames)
        frames = _write(job, clip, source, reenactor, tracker, times, progress, stop)
    for note in (clip.complaint, source.note):
        if note is not None:
            logger.warning("%s", note)
    return RenderReport(
        frames=frames,
        faceless=tracker.asked - tracker.found,
        neutral=neutral,
        was_stopped=stop.is_set(),
        seconds=time.monotonic() - began,
        stages_ms=times.percentiles_ms(),
    )


def source_of(
    job: RenderJob,
    model: Model[MotionT],
    finder: Tracker,
    make_tracker: Callable[[], Tracker],
    progress: Progress,
    stop: Event,
) -> AbstractContextManager[Source[MotionT]]:
    """What the job animates; StoppedError where `stop` was set before it was ready."""
    return open_source(
        (job.portrait, *job.further),
        motion=job.portrait_motion,
        model=model,
        finder=finder,
        make_tracker=make_tracker,
        framing=job.framing,
        size=job.size,
        progress=progress,
        stop=stop,
    )


def reenacted(
    frames: Iterable[Frame],
    source: Source[MotionT],
    reenactor: Reenactor[MotionT],
    *,
    layout: SideBySide | None = None,
) -> Iterator[Frame]:
    """The result for each driving frame, until there are no frames or no portraits left."""
    for frame in frames:
        shown = source.at(frame.captured_ns)
        if shown is None:
            return
        reenactor.look = replace(reenactor.look, portrait=shown.portrait)
        result = reenactor.step(frame)
        if layout is None:
            yield result
        else:
            yield result.with_pixels(layout.join(shown.picture, frame.pixels, result.pixels))


def _write(
    job: RenderJob,
    clip: Clip,
    source: Source[MotionT],
    reenactor: Reenactor[MotionT],
    tracker: RememberingTracker,
    times: StageTimes,
    progress: Progress,
    stop: Event,
) -> int:
    """Decode, step and encode, each in a thread of its own; the number of frames written."""
    layout = _layout(job, clip, source)
    width, height = (source.width, source.height) if layout is None else layout.size
    with ExitStack() as stack:
        frames = stack.enter_context(closing(ahead(_timed_decoding(clip.frames()))))
        sound = stack.enter_context(clip.sound())
        writer = stack.enter_context(
            clip_writer(
                job.out, width=width, height=height, rate=clip.rate, sound=sound, force=job.force
            )
        )
        recorder = stack.enter_context(_recorder(job))
        with Behind(partial(encode, writer, times)) as encoder:
            for result in reenacted(frames, source, reenactor, layout=layout):
                if stop.is_set():
                    break
                encoder.put(result)
                if recorder is not None:
                    recorder.add(result.captured_ns, reenactor.motion)
                progress.advance()
        if not tracker.found and not stop.is_set():
            raise InputError(f"no face was found in the whole clip {clip.path}. {FACE_ADVICE}")
        if writer.frames:
            if source.has_ended:
                logger.warning("the portrait clip is the shorter one: the result ends with it")
            writer.finish(whole=not (source.has_ended or stop.is_set()))
            if recorder is not None:
                recorder.finish(clip.rate)
    return writer.frames


def encode(writer: ClipWriter, times: StageTimes, frame: Frame) -> None:
    """Write one result; the last of its stages."""
    with timed(frame.stages_ns, "encode"):
        writer.write(frame)
    times.add(frame.stages_ns)


def _timed_decoding(frames: Iterator[Frame]) -> Iterator[Frame]:
    """The same frames; each records how long it took to come."""
    while True:
        took: dict[str, int] = {}
        with timed(took, "decode"):
            frame = next(frames, None)
        if frame is None:
            return
        frame.stages_ns.update(took)
        yield frame


def check_paths(job: RenderJob) -> None:
    """Refuse what cannot end well before any work is done."""
    check_output(job.out, force=job.force)
    if job.record_motion is not None:
        check_motion_output(job.record_motion, force=job.force)
    for path in (job.portrait, *job.further, job.driving):
        if job.out.exists() and path.exists() and job.out.samefile(path):
            raise OutputError(f"{job.out} is read for this render itself. Choose another output.")
    tell_left_behind(job.out.parent)


def _recorder(job: RenderJob) -> AbstractContextManager[MotionWriter | None]:
    if job.record_motion is None:
        return nullcontext()
    return motion_writer(job.record_motion, force=job.force, family=job.family)


def _warn(clip: Clip, source: Source[MotionT]) -> None:
    """Say what the user may not expect of these files."""
    for opened in (clip, source.clip):
        if opened is not None and opened.is_hdr:
            logger.warning("%s is HDR; it is read without tone mapping", opened.path)


def _layout(job: RenderJob, clip: Clip, source: Source[MotionT]) -> SideBySide | None:
    if not job.compare:
        return None
    return SideBySide(portrait=(source.width, source.height), driving=(clip.width, clip.height))
