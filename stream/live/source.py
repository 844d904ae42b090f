"""Puts the frames of a camera, a network stream or a clip into a slot, as they come.

What dies, or hangs in its driver, is opened again until it is back; a clip ends where it ends.
"""

import logging
import time
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from threading import Event, Thread
from typing import Literal, TypeAlias

from av import AudioFrame

from engine.errors import MachineError
from engine.frame import Frame
from engine.slot import LatestSlot
from stream.files.clips import Clip
from stream.live.cameras import OPEN_S, READ_S, Opened, Opener, Place, open_place
from stream.live.reader import RECENT, Reader, Tally, audio_of, begin_ns
from stream.session.voice_lips import HearsSound

logger = logging.getLogger(__name__)

State: TypeAlias = Literal["running", "away", "ended"]

AGAIN_S = 1.0
"""Between two attempts to open a source that went away."""
STOP_S = 1.0
"""A thread that is not done by then hangs in somebody's driver, and is left behind."""
BLOCKED_S = 5.0
"""A camera that gives no picture for so long hangs, however dark it is."""
OPENS_S = 2 * OPEN_S
"""A driver that is not open by then hangs, too."""
MOST_HANGING = 4
"""Openings that may hang at a time: each is a thread and an open device."""
LOOK_UP_S = 0.1


class LiveSource:
    """Reads one place from `start` to `stop`."""

    def __init__(
        self,
        place: Place,
        slot: LatestSlot[Frame],
        *,
        loop: bool = False,
        opener: Opener = open_place,
        again_s: float = AGAIN_S,
        blocked_s: float = BLOCKED_S,
    ) -> None:
        """Open the place, so that a mistake is told at once; `loop` runs a clip again and again."""
        self.state: State = "running"
        self.returns = 0
        """How often the source died and came back."""
        self.sound: HearsSound | None = None
        """Where the sound goes, if anybody wants it; set before `start`."""
        self.ended = Event()
        """Set when nothing more will come: a clip is over."""
        self._place = place
        self._slot = slot
        self._loops = loop
        self._opener = opener
        self._again_s = again_s
        self._blocked_s = blocked_s
        self._tally = Tally()
        self._stopping = Event()
        self._captured_ns: deque[int] = deque(maxlen=RECENT)
        self._hanging: list[Reader] = []
        self._clip = Clip(Path(place.name)) if place.kind == "file" else None
        self._first: Reader | None = None
        if self._clip is not None:
            clip = self._clip
            self.describes = f"{clip.width} x {clip.height} clip, {float(clip.rate):g} frames/s"
            with clip.sound() as sound:
                self.has_sound = sound is not None
        else:
            self._first = Reader(place, opener)
            opened = self._opening(self._first)
            self.describes = opened.describes
            """What was opened first, for people."""
            self.has_sound = bool(audio_of(opened))
            """Whether a clip or a network stream brings sound along."""
        self._thread = Thread(target=self._run, name="live-source", daemon=True)

    @property
    def skipped(self) -> int:
        """Camera pictures that were too old to be worth decoding."""
        return self._tally.skipped

    @property
    def damaged(self) -> int:
        """Packets of which no picture could be made."""
        return self._tally.damaged

    @property
    def rate(self) -> float:
        """Frames per second as measured over the last two seconds; 0 before there were two."""
        times = self._captured_ns.copy()
        if len(times) < 2:
            return 0.0
        return (len(times) - 1) * 1e9 / max(times[-1] - times[0], 1)

    def start(self) -> None:
        """Let frames come."""
        self._thread.start()

    def stop(self) -> bool:
        """End the thread; False where something hangs in a driver."""
        self._stopping.set()
        if self._first is not None:
            self._hanging.append(self._first)
            self._first.give_up()
        if self._thread.ident is not None:
            self._thread.join(STOP_S)
        until_s = time.monotonic() + STOP_S
        are_done = [
            reader.ended.wait(max(until_s - time.monotonic(), 0.0)) for reader in self._hanging
        ]
        return all(are_done) and not self._thread.is_alive()

    def _run(self) -> None:
        try:
            if self._clip is not None:
                self._play(self._clip)
            else:
                self._follow()
        except Exception:
            # The outermost frame of this thread: nobody may take a dead source for a running one.
            logger.exception("%s cannot be read any more", self._place)
        finally:
            self.state = "ended"
            self.ended.set()

    def _follow(self) -> None:
        """A camera or network stream: one opening after the other."""
        reader, self._first = self._first, None
        while not self._stopping.is_set():
            if reader is not None:
                self._lose(self._watch(reader))
            if not self._stopping.wait(self._again_s):
                reader = self._next()

    def _watch(self, reader: Reader) -> str:
        """Let it read until it dies, or hangs; why it did."""
        is_camera = reader.opened is not None and reader.opened.is_camera
        # Where a network stream is silent FFmpeg itself breaks off, and is waited for.
        patience_s = self._blocked_s + (0.0 if is_camera else READ_S)

        def put(frame: Frame) -> None:
            if self.state == "away":
                self.state = "running"
                self.returns += 1
                logger.warning("%s is back", self._place)
            self._put(frame)

        reader.read(put, self._tally, lambda: self.rate, self.sound)
        while not reader.ended.wait(LOOK_UP_S):
            if self._stopping.is_set() or time.monotonic() - reader.alive_s > patience_s:
                reader.give_up()
                self._hanging.append(reader)
                came = "nothing but damage" if reader.damaged else "nothing"
                return f"{came} came for {patience_s:g} s"
        return reader.reason

    def _lose(self, reason: str) -> None:
        self._captured_ns.clear()
        if self.state == "running" and not self._stopping.is_set():
            self.state = "away"
            logger.warning("%s went away (%s); waiting for it", self._place, reason)

    def _next(self) -> Reader | None:
        """One more opening; None where that fails, or too many hang."""
        self._hanging = [reader for reader in self._hanging if not reader.ended.is_set()]
        if len(self._hanging) >= MOST_HANGING:
            return None
        reader = Reader(self._place, self._opener)
        try:
            self._opening(reader)
        except Exception as error:
            # Whatever it is, the source may be back the next time.
            logger.debug("%s", error, exc_info=True)
            return None
        return reader

    def _opening(self, reader: Reader) -> Opened:
        """What it has opened; the error where it could not, or hangs."""
        until_s = time.monotonic() + OPENS_S
        while not reader.answered.wait(LOOK_UP_S):
            if self._stopping.is_set() or time.monotonic() > until_s:
                reader.give_up()
                self._hanging.append(reader)
                raise MachineError(
                    f"{self._place} does not answer. Close other programs that use it, unplug it "
                    "and plug it in again; `understudy doctor` says more."
                )
        if reader.failure is not None:
            raise reader.failure
        assert reader.opened is not None
        return reader.opened

    def _play(self, clip: Clip) -> None:
        """A clip in its own time."""
        while not self._stopping.is_set():
            began_ns = time.monotonic_ns()
            with ExitStack() as stack:
                heard = self._heard(clip, stack)
                piece = next(heard, None)
                for frame in stack.enter_context(closing(clip.frames())):
                    while piece is not None and begin_ns(piece) <= frame.captured_ns:
                        self._hear(piece, began_ns + begin_ns(piece))
                        piece = next(heard, None)
                    due_ns = began_ns + frame.captured_ns
                    if self._stopping.wait(max(due_ns - time.monotonic_ns(), 0) / 1e9):
                        return
                    self._put(Frame(pixels=frame.pixels, captured_ns=time.monotonic_ns()))
            if not self._loops:
                return
            # The last picture is shown for its time, too.
            self._stopping.wait(float(1 / clip.rate))

    def _heard(self, clip: Clip, stack: ExitStack) -> Iterator[AudioFrame]:
        """The clip's sound, if there is any and anybody wants it."""
        sound = None if self.sound is None else stack.enter_context(clip.sound())
        return iter(()) if sound is None else sound.frames()

    def _hear(self, piece: AudioFrame, start_ns: int) -> None:
        if self.sound is not None:
            self.sound.put(piece, start_ns)

    def _put(self, frame: Frame) -> None:
        self._captured_ns.append(frame.captured_ns)
        self._slot.put(frame)
