"""One person on camera in a browser: a live session, its connections' ends, recordings, enrolment.

Knows no connection: `peers` brings the camera in and takes the pictures out.
"""

import asyncio
import logging
import time
from collections.abc import Mapping
from pathlib import Path

from engine.errors import InputError, UnderstudyError
from engine.faces.face import Tracker
from engine.frame import Frame
from engine.model import Driver, Motion
from engine.motion import Edit
from stream.files.clip_writer import BrokenOffError
from stream.files.live_sound import LiveSound
from stream.server.control_json import changed
from stream.server.enrolment_json import as_json
from stream.server.portrait_list import Item
from stream.server.recordings import Recordings
from stream.server.shared_work import SharedWork
from stream.session.enrolment import Enrolment
from stream.session.live_session import LiveSession
from stream.session.portraits import Enrolled
from stream.session.recorder import UnforeseenError
from stream.session.voice_lips import DELAY_S, VoiceLips
from stream.webrtc.camera_source import CameraSource
from stream.webrtc.outlet import Outlet
from stream.webrtc.voice_track import Voice

logger = logging.getLogger(__name__)

WARM_S = 5.0
"""More than any loop takes for its first picture."""
LONGEST_S = 30 * 60.0
"""A recording that was forgotten ends here."""


class Session:
    """Belongs to the event loop; its live session has threads of its own."""

    def __init__(
        self,
        session_id: str,
        shared: SharedWork,
        item: Item,
        enrolled: Enrolled[Motion],
        tracker: Tracker,
        recordings: Recordings,
        *,
        adapts: bool,
        edit: Edit | None = None,
    ) -> None:
        """Make one; `open_session` does so."""
        self.id = session_id
        self.watched_as: str | None = None
        """A name that its page has chosen, under which it is watched, this session and the next."""
        self.item = item
        """The portrait that is shown."""
        self.source = CameraSource()
        still = Frame(pixels=enrolled.portrait.still(), captured_ns=time.monotonic_ns())
        self.outlet = Outlet(still)
        lips = VoiceLips()
        self.live = LiveSession(
            self.source,
            enroller=shared.enroller,
            enrolled=enrolled,
            tracker=tracker,
            mixer=shared.enroller.model.mixer(),
            edit=edit,
            adapts=adapts,
            on_step=self.outlet.put,
            voice=lips,
        )
        self.voice = Voice(
            lambda: self.live.loop.delay_ms / 1e3,
            late_s=lambda: DELAY_S if lips.is_shown else 0.0,
            hears=lips,
        )
        """The microphone, as late as the pictures are, and later while it moves the lips."""
        self.closings = shared.closings
        """Where its connections are closed."""
        self.is_closed = False
        self._enrolment: Enrolment | None = None
        self._shared = shared
        self._tracker = tracker
        self._recordings = recordings
        self._recorded = 0

    async def control(self, wanted: Mapping[str, object], item: Item | None = None) -> None:
        """Change settings, and the portrait where one is given; all of it or nothing."""
        self.live.check(changed(self.live.controls, wanted))
        if item is not None and item is not self.item:
            await asyncio.wrap_future(self.live.show(item))
            self.item = item
        self.live.change(changed(self.live.controls, wanted))

    def recalibrate(self) -> None:
        """Take the next face as the neutral one."""
        self.live.reenactor.recalibrate()

    async def resume(self, driver: Driver[Motion]) -> None:
        """Read the face by this reader, of a session before; once the loop is warm, it is."""
        if await self._shared.aside(lambda: self.live.loop.wait_until_warm(WARM_S)):
            self.live.reenactor.take_over(driver)

    def figures(self) -> dict[str, object]:
        """How the stream is doing, for the page; times in milliseconds."""
        report = self.live.loop.report()
        return {
            "fps": report.fps if report.frames > 1 else None,
            "drops": report.drops,
            "frames": report.frames,
            "failures": report.failures,
            "face": report.sees_face,
            "voice_lips": self.live.is_voiced,
            "stages": {stage: _brief(found) for stage, found in report.stages_ms.items()},
            "end_to_end": _brief(report.end_to_end_ms),
            "neutral": report.neutral,
            "model_notice": self._shared.enroller.model.can.notice,
            "quality": {"size": self.live.ladder.size, "reason": self.live.ladder.reason},
            "recording": self.live.is_recording,
            "recording_problem": self.recording_problem,
            "enrolment": None if self._enrolment is None else as_json(self._enrolment.progress),
        }

    def adapt(self, now_s: float) -> None:
        """Let the ladder see how the loop is doing, and follow it."""
        if self.live.adapt(now_s):
            ladder = self.live.ladder
            reason = ladder.reason or "there is room again"
            logger.info("session %s: %s; now %d", self.id[:6], reason, ladder.size)

    def record(self) -> int:
        """Begin a recording; its number, counted from 1 in this session."""
        if self.live.is_recording:
            raise InputError("a recording is going on already: stop it first")
        self._hand_over()  # one that ended by itself
        self._recorded += 1
        sound = LiveSound() if self.voice.is_connected else None
        place = self._recordings.place(self.id, self._recorded)
        self.live.record(place, sound=sound, longest_s=LONGEST_S)
        self.voice.record_into(sound)
        return self._recorded

    async def stop_recording(self) -> None:
        """Complete the recording, if there is one."""
        self.voice.record_into(None)
        await self._shared.aside(self.live.stop_recording)
        self._hand_over()

    @property
    def recording_problem(self) -> str | None:
        """Why the last recording ended early, or is not there, without a place of this machine."""
        problem = None if self.live.recorder is None else self.live.recorder.problem
        return None if problem is None else _for_whoever_is_far_away(problem)

    @property
    def recording(self) -> Path:
        """The completed recording; an error that says what to do where there is none."""
        recorder = self.live.recorder
        if recorder is None:
            raise InputError("nothing was recorded yet: start a recording first")
        if recorder.is_running:
            raise InputError("the recording is still going on: stop it first")
        self._hand_over()
        if not recorder.path.exists():
            if self.recording_problem is not None:
                raise InputError(self.recording_problem)
            raise InputError("the recording has no pictures in it: record while you are on camera")
        return recorder.path

    @property
    def enrolment(self) -> Enrolment:
        """What goes on; an error where nobody is being filmed, or it ended by itself."""
        if self._enrolment is None:
            raise InputError("nobody is being filmed for a portrait: begin that first")
        if self._enrolment.progress.is_over:
            raise InputError("the filming took too long and has ended: begin again")
        return self._enrolment

    @property
    def is_enrolling(self) -> bool:
        """Whether somebody is being filmed for a portrait."""
        return self._enrolment is not None and not self._enrolment.progress.is_over

    async def begin_enrolment(self) -> Enrolment:
        """Film whoever is on camera for a portrait; the stream goes on."""
        if self.is_enrolling:
            raise InputError("somebody is being filmed already: finish that, or cancel it")
        before, self._enrolment = self._enrolment, Enrolment(self.live.loop)
        self._enrolment.start()
        if before is not None:
            await self._shared.aside(before.stop)
        return self._enrolment

    async def cancel_enrolment(self) -> bool:
        """Forget all that was filmed; False where nobody was."""
        enrolment, self._enrolment = self._enrolment, None
        if enrolment is not None:
            await self._shared.aside(enrolment.stop)
        return enrolment is not None

    async def finish_enrolment(self, name: str) -> Item:
        """Make the portrait of what was filmed."""
        enrolment = self.enrolment
        if not enrolment.progress.standing.has_enough:
            raise InputError(
                "there is not enough for a portrait yet: look straight ahead, and do one more of "
                "what is asked for"
            )
        self._enrolment = None
        await self._shared.aside(enrolment.stop)
        item = await self._shared.filmed(enrolment, name)
        if self.is_closed:
            raise InputError("the session ended before the portrait was made: start a new one")
        return item

    async def close(self) -> None:
        """Stop the thread within a second, give back what was lent; a recording is kept."""
        if self.is_closed:
            return
        self.is_closed = True
        await self.cancel_enrolment()
        await self.stop_recording()
        if await self._shared.aside(self.live.stop):
            self._shared.take_back(self._tracker)
        else:
            logger.error("session %s: its step hangs; its tracker is given up", self.id[:6])

    def _hand_over(self) -> None:
        """A finished recording is kept for whoever made it, beyond this session."""
        recorder = self.live.recorder
        if recorder is None or recorder.is_running:
            return
        problem = recorder.problem
        if isinstance(problem, BrokenOffError) and problem.kept and problem.kept.exists():
            problem.kept.replace(recorder.path)
        if recorder.path.exists():
            self._recordings.keep(self.id, recorder.path, self._recorded)


def _for_whoever_is_far_away(problem: UnderstudyError) -> str:
    if isinstance(problem, BrokenOffError):
        kept = "" if problem.kept is None else " It is saved up to there."
        return f"the recording ended early: {problem.reason}{kept}"
    if isinstance(problem, UnforeseenError):
        return "the recording failed: the server's log says why."
    return "the folder of recordings is missing or full: the server's log says why."


def _brief(found: dict[str, float]) -> dict[str, float | None]:
    return {"p50": found.get("p50"), "p95": found.get("p95")}


async def open_session(
    session_id: str,
    *,
    shared: SharedWork,
    item: Item,
    size: int,
    recordings: Recordings,
    adapts: bool,
    edit: Edit | None = None,
) -> Session:
    """A session whose loop is running, and is warm soon."""
    tracker = await shared.lend_tracker()
    try:
        enrolled = await shared.enroll(item, size)
        session = Session(
            session_id, shared, item, enrolled, tracker, recordings, adapts=adapts, edit=edit
        )
    except BaseException:
        shared.take_back(tracker)
        raise
    session.live.loop.start()
    return session
