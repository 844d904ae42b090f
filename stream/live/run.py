"""`understudy live`: a camera in; a virtual camera, a window, a file out."""

import logging
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, nullcontext
from fractions import Fraction
from functools import partial
from threading import Event
from typing import Generic

from engine.errors import InputError, OutputError
from engine.faces.face import Tracker
from engine.frame import Frame
from engine.model import Mixer, Model, MotionT
from engine.reenactor import Reenactor
from engine.slot import LatestSlot
from stream.files.live_sound import LiveSound
from stream.files.motion_file import MotionWriter, motion_writer
from stream.live.cameras import Opener, open_place, place_of
from stream.live.hotkeys import Keys
from stream.live.job import LiveJob, LiveReport, check_job, open_portraits
from stream.live.key_actions import HELP, KeyActions
from stream.live.lips import Heard, LipsSource
from stream.live.microphone import Microphone, MicrophoneOpener, open_microphone
from stream.live.preview import Preview
from stream.live.source import LiveSource
from stream.live.virtual_camera import VirtualCamera
from stream.session.live_session import LiveSession
from stream.session.portraits import Enroller, FacePicture
from stream.session.recorder import Recorder
from stream.session.voice_lips import VoiceLips

logger = logging.getLogger(__name__)

TELL_EVERY_S = 10.0
WARM_S = 60.0
"""A slow disk may take its time for the first pictures."""
LOOK_UP_S, WINDOW_S = 0.1, 0.005
"""How often keys and the end are looked for; a window wants to be fed at once."""
LAST_STEP_S = 0.4
"""After a clip's last frame: time for it to get through."""


def live(
    job: LiveJob,
    *,
    model: Model[MotionT],
    make_tracker: Callable[[], Tracker],
    mixer: Mixer[MotionT] | None = None,
    keys: Keys,
    say: Callable[[str], None],
    stop: Event,
    opener: Opener = open_place,
    microphone: MicrophoneOpener = open_microphone,
) -> LiveReport:
    """Run until `stop` is set or a clip ends; `mixer` None is a new one of the model's."""
    check_job(job)
    place = place_of(job.camera)
    portraits = open_portraits(job, make_tracker())
    enroller = Enroller(model, framing="full", keeps=True)
    with ExitStack() as stack:
        stack.callback(enroller.close, waits=False)
        enrolled = [enroller.enroll(portrait, job.size) for portrait in portraits]
        recorder = stack.enter_context(
            nullcontext()
            if job.record_motion is None
            else motion_writer(job.record_motion, force=job.force, family=job.family)
        )
        recording: _MotionRecording[MotionT] | None = (
            None if recorder is None else _MotionRecording(recorder)
        )
        slot: LatestSlot[Frame] = LatestSlot()
        source = LiveSource(place, slot, loop=job.loop, opener=opener)
        lips = None if job.lips is None else VoiceLips()
        heard = Heard(lips=lips)
        mic = _microphone(job.lips, source, heard, microphone)
        session = LiveSession(
            slot,
            enroller=enroller,
            enrolled=enrolled[0],
            tracker=make_tracker(),
            mixer=model.mixer() if mixer is None else mixer,
            edit=job.edit,
            canvas=portraits[0].size,
            adapts=job.adapts,
            on_step=recording,
            voice=lips,
        )
        session.check(session.controls)
        if job.lips is not None:
            _give_lips(session, always=job.lips != "auto")
        if recording is not None:
            recording.reenactor = session.reenactor
        stream = _Stream(session, source, heard, mic, portraits, say=say, stop=stop)
        try:
            stream.open_sinks(job)
            for note in (note for portrait in portraits for note in portrait.notes):
                say(f"note: {note}")  # now that nothing can be refused any more
            stream.run(keys)
        finally:
            stream.stop()
        if recorder is not None and recorder.frames:
            recorder.finish(_nominal(source.rate))
        if recording is not None and recording.problem is not None:
            raise recording.problem
        return stream.report(recorder)


def _microphone(
    lips: LipsSource | None, source: LiveSource, heard: Heard, opener: MicrophoneOpener
) -> Microphone | None:
    """Where one is needed: the source's own sound goes before it."""
    if lips == "sound" and not source.has_sound:
        raise InputError(
            f"--source lips=sound: {source.describes} has no sound. Take lips=mic instead."
        )
    needs = lips == "mic" or (lips == "auto" and not source.has_sound)
    return Microphone(heard, opener=opener) if needs else None


def _give_lips(session: LiveSession[MotionT], *, always: bool) -> None:
    """The lips are the sound's from the first picture on, or while the mouth is hidden."""
    if always:
        session.speak()
    else:
        session.change(session.controls.switched("voice_lips", on=True))


class _Stream(Generic[MotionT]):
    """The parts of one run, and the main thread's work while they run."""

    def __init__(
        self,
        session: LiveSession[MotionT],
        source: LiveSource,
        heard: Heard,
        microphone: Microphone | None,
        portraits: Sequence[FacePicture],
        *,
        say: Callable[[str], None],
        stop: Event,
    ) -> None:
        self._session = session
        self._loop = session.loop
        self._source = source
        self._heard = heard
        self._microphone = microphone
        self._still = session.still()
        self._told_reason: str | None = None
        self._say = say
        self._stop = stop
        self._camera: VirtualCamera | None = None
        self._preview: Preview | None = None
        self._records_motion = False
        self._begin_recording: Callable[[], Recorder] | None = None
        self._controls = KeyActions(
            session,
            portraits,
            quit_=stop.set,
            say=say,
            tell_figures=self._tell,
            flip_preview=self._flip_preview,
        )

    def open_sinks(self, job: LiveJob) -> None:
        """Open what was asked for. The first of them closes the latency record."""
        self._records_motion = job.record_motion is not None
        tell = iter([self._loop.shown])
        ignore: Callable[[Frame], None] = lambda frame: None  # noqa: E731
        if job.virtual_camera:
            self._camera = VirtualCamera(
                self._loop.subscribe(),
                self._still,
                device=None if job.virtual_camera == "auto" else job.virtual_camera,
                on_shown=next(tell, ignore),
            )
            self._say(f"virtual camera: {self._camera.device}")
        if job.preview:
            self._preview = Preview(
                self._loop.subscribe(),
                self._still,
                on_key=self._controls.press,
                on_shown=next(tell, ignore),
            )
        if job.out is not None:
            if self._source.has_sound or self._microphone is not None:
                self._heard.recording = LiveSound()
            self._begin_recording = partial(
                self._session.record,
                job.out,
                sound=self._heard.recording,
                force=job.force,
                on_shown=next(tell, ignore),
            )

    def run(self, keys: Keys) -> None:
        """Start everything; come back when it is to end."""
        if self._camera is not None:
            self._camera.start()
        if self._begin_recording is not None:
            self._begin_recording()
        self._loop.start()
        self._loop.wait_until_warm(WARM_S)
        if self._microphone is not None:
            self._microphone.start()
        elif self._source.has_sound and (self._heard.lips or self._heard.recording):
            self._source.sound = self._heard
        self._source.start()
        self._say(f"source: {self._source.describes}")
        self._say(HELP)
        told_s = time.monotonic()
        while not self._stop.is_set() and not self._source.ended.is_set():
            self._turn(keys)
            if time.monotonic() - told_s >= TELL_EVERY_S:
                told_s = time.monotonic()
                self._tell()
        if self._source.ended.is_set():
            self._let_last_through()

    def stop(self) -> None:
        """End everything, sources first."""
        self._source.stop()
        if self._microphone is not None:
            self._microphone.stop()
        self._session.stop()
        if self._camera is not None:
            self._camera.stop()
        if self._preview is not None:
            self._preview.close()

    def report(self, recorder: MotionWriter | None) -> LiveReport:
        """The run in numbers; a file that could not be written is raised here."""
        file = self._session.recorder
        if file is not None and file.problem is not None:
            raise file.problem
        figures = self._loop.report()
        return LiveReport(
            frames=figures.frames,
            drops=figures.drops,
            written=0 if file is None else file.frames,
            recorded=0 if recorder is None else recorder.frames,
            returns=self._source.returns,
        )

    def _turn(self, keys: Keys) -> None:
        """One round of the main thread: window, quality, then keys."""
        self._session.adapt(time.monotonic())
        self._tell_quality()
        if self._preview is not None:
            self._preview.update()
            if not self._preview.is_open:
                self._preview = None
        if not (self._is_shown or self._is_recorded):
            self._stop.set()  # nobody is left to show anything to
        key = keys.poll(LOOK_UP_S if self._preview is None else WINDOW_S)
        if key is not None:
            self._controls.press(key)

    @property
    def _is_shown(self) -> bool:
        return self._camera is not None or self._preview is not None

    @property
    def _is_recorded(self) -> bool:
        file = self._session.recorder
        return self._records_motion or (file is not None and file.problem is None)

    def _tell_quality(self) -> None:
        """One line whenever the quality is another one."""
        ladder = self._session.ladder
        if ladder.reason != self._told_reason:
            self._told_reason = ladder.reason
            self._say(self._note or f"{ladder.size} px again: there is room")

    @property
    def _note(self) -> str | None:
        """Why the picture is coarser than asked for."""
        ladder = self._session.ladder
        return ladder.reason and f"{ladder.size} px ({ladder.reason})"

    def _tell(self) -> None:
        """One line of figures."""
        figures, source = self._loop.report(), self._source
        latency = figures.end_to_end_ms
        shown = (
            f"latency p50 {latency['p50']:.0f} ms, p95 {latency['p95']:.0f} ms"
            if latency
            else "nothing shown yet"
        )
        parts = [
            f"{figures.fps:.1f} frames/s (source {source.rate:.1f})",
            shown,
            f"{figures.drops} drops",
        ]
        if source.state == "away":
            parts.append("the source is away")
        elif not figures.sees_face:
            parts.append("no face in view")
        if self._note:
            parts.append(self._note)
        if source.damaged:
            parts.append(f"{source.damaged} damaged pictures left out")
        if figures.failures:
            parts.append(f"{figures.failures} failed steps")
        self._say(", ".join(parts))

    def _flip_preview(self) -> bool:
        if self._preview is None:
            return False
        self._preview.is_mirrored = not self._preview.is_mirrored
        return self._preview.is_mirrored

    def _let_last_through(self) -> None:
        until_s = time.monotonic() + LAST_STEP_S
        while time.monotonic() < until_s and not self._stop.is_set():
            if self._preview is not None:
                self._preview.update()
            time.sleep(WINDOW_S)


class _MotionRecording(Generic[MotionT]):
    """Takes the motion of each result; a disk that is full ends it, not the stream."""

    def __init__(self, recorder: MotionWriter) -> None:
        self.problem: OutputError | None = None
        self.reenactor: Reenactor[MotionT] | None = None
        """Whose motion; set before the first result."""
        self._recorder = recorder

    def __call__(self, result: Frame) -> None:
        if self.problem is not None or self.reenactor is None:
            return
        try:
            self._recorder.add(result.captured_ns, self.reenactor.motion)
        except OutputError as error:
            self.problem = error
            logger.warning("%s", error)


def _nominal(rate: float) -> Fraction:
    """The measured rate as a number that people know."""
    return Fraction(max(1, min(round(rate), 1000)))
