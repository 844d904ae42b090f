"""One person on camera: a driving stream, a portrait, controls, and whoever watches the result.

Knows no connection: `peers` brings the camera in and takes the pictures out.
"""

import asyncio
import logging
import time
from dataclasses import replace
from pathlib import Path

from engine.errors import InputError
from engine.faces.face import Tracker
from engine.frame import Frame
from engine.model import Motion
from engine.reenactor import Look, Reenactor
from stream.ladder import Ladder, LoadMeter
from stream.live_sound import LiveSound
from stream.loop import FrameLoop
from stream.recorder import Recorder
from stream.server.controls import Controls, changed
from stream.server.recordings import Recordings
from stream.server.shelf import Item
from stream.server.studio import Enrolled, Studio
from stream.webrtc.camera_track import CameraSource
from stream.webrtc.outlet import Outlet
from stream.webrtc.voice_track import Voice

logger = logging.getLogger(__name__)


class Session:
    """Belongs to the event loop; its frame loop has a thread of its own."""

    def __init__(
        self,
        session_id: str,
        studio: Studio,
        enrolled: Enrolled,
        tracker: Tracker,
        recordings: Recordings,
    ) -> None:
        """Make one; `open_session` does so."""
        self.id = session_id
        self.watched_as: str | None = None
        """A name that its page has chosen, under which it is watched, this session and the next."""
        self.controls = Controls()
        self.source = CameraSource()
        self.ladder = Ladder(enrolled.size, refines=studio.model.can.refine)
        self._studio = studio
        self._enrolled = enrolled
        self._tracker = tracker
        self._recordings = recordings
        self._recorded = 0
        self._reenactor: Reenactor[Motion] = Reenactor(model=studio.model, tracker=tracker)
        self._mixer = studio.model.mixer()
        self._reenactor.look = Look(portrait=enrolled.portrait, mixer=self._mixer)
        still = Frame(pixels=enrolled.portrait.still(), captured_ns=time.monotonic_ns())
        self.outlet = Outlet(still)
        self.loop = FrameLoop(self._reenactor, self.source, on_step=self.outlet.put)
        self._recorder: Recorder | None = None
        self._swapping = asyncio.Lock()
        self._adapting: asyncio.Task[None] | None = None
        self.voice = Voice(lambda: self.loop.delay_ms / 1e3)
        """The microphone, as late as the pictures are."""
        self._meter = LoadMeter()
        self.is_closed = False

    @property
    def portrait(self) -> Item:
        """The portrait that is shown."""
        return self._enrolled.item

    async def control(self, wanted: dict[str, object], item: Item | None = None) -> None:
        """Change settings, and the portrait where one is given; all of it or nothing."""
        controls = changed(self.controls, wanted)
        if self._mixer is None and (controls.freeze_pose or controls.gaze_to_camera):
            raise InputError(
                "this model's motion has no named factors, so it can hold neither pose nor gaze: "
                "start the server with --model rig"
            )
        if item is not None and item.id != self.portrait.id:
            await self._swap(item)
        before, self.controls = self.controls, controls
        self._edit()
        self.outlet.is_mirrored = controls.mirror_output
        self.loop.is_paused = controls.paused
        self._hold(before, controls)

    def recalibrate(self) -> None:
        """Take the next face as the neutral one."""
        self._reenactor.recalibrate()

    def figures(self) -> dict[str, object]:
        """How the stream is doing, for the page; times in milliseconds."""
        report = self.loop.report()
        return {
            "fps": report.fps if report.frames > 1 else None,
            "drops": report.drops,
            "frames": report.frames,
            "failures": report.failures,
            "face": report.sees_face,
            "stages": {stage: _brief(found) for stage, found in report.stages_ms.items()},
            "end_to_end": _brief(report.end_to_end_ms),
            "neutral": report.neutral,
            "quality": {"size": self.ladder.size, "reason": self.ladder.reason},
            "recording": self.is_recording,
            "recording_problem": self.recording_problem,
        }

    def adapt(self, now_s: float) -> None:
        """Let the ladder see how the loop is doing, and follow it."""
        load = self._meter.load(self.loop.report(), now_s)
        # While a portrait is being made ready, the machine is busy with that.
        if not self._swapping.locked() and self.ladder.observe(load):
            reason = self.ladder.reason or "there is room again"
            logger.info("session %s: %s; now %d", self.id[:6], reason, self.ladder.size)
            self._edit()
            if self.ladder.size != self._enrolled.size:
                self._adapting = asyncio.create_task(self._swap(self.portrait))

    def record(self) -> int:
        """Begin a recording; its number, counted from 1 in this session."""
        if self.is_recording:
            raise InputError("a recording is going on already: stop it first")
        self._hand_over()  # one that ended by itself
        self._recorded += 1
        sound = LiveSound() if self.voice.is_connected else None
        self._recorder = Recorder(self._recordings.place(self.id, self._recorded), sound)
        self.outlet.record_into(self._recorder.slot)
        self.voice.record_into(sound)
        return self._recorded

    async def stop_recording(self) -> None:
        """Complete the recording, if there is one."""
        self.outlet.record_into(None)
        self.voice.record_into(None)
        if self._recorder is not None:
            await self._studio.aside(self._recorder.stop)
            self._hand_over()

    @property
    def recording_problem(self) -> str | None:
        """Why the last recording ended early, or is not there."""
        return None if self._recorder is None else self._recorder.failure

    @property
    def is_recording(self) -> bool:
        """Whether pictures are being recorded."""
        return self._recorder is not None and self._recorder.is_running

    @property
    def recording(self) -> Path:
        """The completed recording; an error that says what to do where there is none."""
        recorder = self._recorder
        if recorder is None:
            raise InputError("nothing was recorded yet: start a recording first")
        if recorder.is_running:
            raise InputError("the recording is still going on: stop it first")
        if not recorder.path.exists():
            if recorder.failure is not None:
                raise InputError(recorder.failure)
            raise InputError("the recording has no pictures in it: record while you are on camera")
        return recorder.path

    async def close(self) -> None:
        """Stop the thread within a second, give back what was lent; a recording is kept."""
        if self.is_closed:
            return
        self.is_closed = True
        await self.stop_recording()
        if await self._studio.aside(self.loop.stop):
            self._studio.take_back(self._tracker)
        else:
            logger.error("session %s: its step hangs; its tracker is given up", self.id[:6])

    def _edit(self) -> None:
        """What the controls ask for, as far as the ladder lets it."""
        edit = replace(self.controls.edit, refine=self.ladder.rung.refines)
        self._reenactor.alter(lambda look: replace(look, edit=edit))

    def _hold(self, before: Controls, now: Controls) -> None:
        """Take pose and gaze from elsewhere, or from the driver again."""
        if self._mixer is None:
            return
        if now.freeze_pose and not before.freeze_pose:
            self._mixer.hold("pose", self._reenactor.motion)
        elif before.freeze_pose and not now.freeze_pose:
            self._mixer.release("pose")
        if now.gaze_to_camera and not before.gaze_to_camera:
            self._mixer.look_at_camera()
        elif before.gaze_to_camera and not now.gaze_to_camera:
            self._mixer.release("gaze")

    async def _swap(self, item: Item) -> None:
        """Make a portrait ready beside the running stream, then show it from one frame on."""
        async with self._swapping:
            enrolled = await self._studio.enroll(item, self.ladder.size)
            self._reenactor.alter(lambda look: replace(look, portrait=enrolled.portrait))
            self._enrolled = enrolled

    def _hand_over(self) -> None:
        """A finished recording is kept for whoever made it, beyond this session."""
        recorder = self._recorder
        if recorder is not None and not recorder.is_running and recorder.path.exists():
            self._recordings.keep(self.id, recorder.path, self._recorded)


def _brief(found: dict[str, float]) -> dict[str, float | None]:
    return {"p50": found.get("p50"), "p95": found.get("p95")}


async def open_session(
    session_id: str, *, studio: Studio, item: Item, size: int, recordings: Recordings
) -> Session:
    """A session whose loop is running, and is warm soon."""
    tracker = await studio.lend_tracker()
    try:
        enrolled = await studio.enroll(item, size)
        session = Session(session_id, studio, enrolled, tracker, recordings)
    except BaseException:
        studio.take_back(tracker)
        raise
    session.loop.start()
    return session
