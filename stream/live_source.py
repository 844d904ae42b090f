"""Puts the frames of a camera, a network stream or a clip into a slot, as they come.

One thread per source. What dies is opened again until it is back; a clip ends where it ends.
"""

import logging
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from threading import Event, Thread
from typing import Literal, TypeAlias

from av import AudioFrame, FFmpegError, Packet, VideoFrame
from av.audio.stream import AudioStream
from av.stream import Stream

from engine.errors import UnderstudyError
from engine.frame import Frame
from engine.slot import LatestSlot
from stream.cameras import Opened, Opener, Place, open_place
from stream.clips import Clip
from stream.colours import RgbReader
from stream.live_sound import Alignment, LiveSound

logger = logging.getLogger(__name__)

State: TypeAlias = Literal["running", "away", "ended"]

MediaPacket: TypeAlias = "Packet[Stream]"  # generic in PyAV's stubs only

AGAIN_S = 1.0
"""Between two attempts to open a source that went away."""
STOP_S = 1.0
"""A thread that is not done by then hangs in somebody's driver, and is left behind."""
TALLEST_PX = 720
"""More lines show no more of a face, and cost as much as the step itself."""
STALE_INTERVALS = 2
"""A camera picture that waited so long is not decoded: a newer one waits behind it."""
RECENT = 60
"""Frames over which the real rate is measured."""
ALIGNED_OVER = 30
"""Pictures by which a network stream's sound is laid beside them."""
OLDEST_S = 2.0
"""A time of capture before that is another clock's."""


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
    ) -> None:
        """Open the place, so that a mistake is told at once; `loop` runs a clip again and again."""
        self.state: State = "running"
        self.skipped = 0
        """Camera pictures that were too old to be worth decoding."""
        self.returns = 0
        """How often the source died and came back."""
        self.sound: LiveSound | None = None
        """Where the sound goes, if anybody wants it; set before `start`."""
        self.ended = Event()
        """Set when nothing more will come: a clip is over."""
        self._place = place
        self._slot = slot
        self._loops = loop
        self._opener = opener
        self._again_s = again_s
        self._stopping = Event()
        self._captured_ns: deque[int] = deque(maxlen=RECENT)
        self._ages_s: deque[float] = deque(maxlen=RECENT)
        self._clip = Clip(Path(place.name)) if place.kind == "file" else None
        self._opened = None if self._clip is not None else opener(place)
        self.describes = "" if self._opened is None else self._opened.describes
        """What was opened first, for people."""
        if self._clip is not None:
            clip = self._clip
            self.describes = f"{clip.width} x {clip.height} clip, {float(clip.rate):g} frames/s"
        self.has_sound = self._find_sound()
        """Whether a clip or a network stream brings sound along."""
        self._thread = Thread(target=self._run, name="live-source", daemon=True)

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
        """End the thread; False where it hangs in a driver."""
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join(STOP_S)
        elif self._opened is not None:
            self._opened.container.close()
        return not self._thread.is_alive()

    def _find_sound(self) -> bool:
        if self._clip is not None:
            with self._clip.sound() as sound:
                return sound is not None
        return self._opened is not None and bool(_audio_of(self._opened))

    def _run(self) -> None:
        if self._clip is not None:
            self._play(self._clip)
        while self._clip is None and not self._stopping.is_set():
            reason = self._read()
            if not self._stopping.is_set():
                logger.warning("%s went away (%s); waiting for it", self._place, reason)
                self._wait_for_return()
        self.state = "ended"
        self.ended.set()

    def _play(self, clip: Clip) -> None:
        """A clip in its own time."""
        while not self._stopping.is_set():
            began_ns = time.monotonic_ns()
            with ExitStack() as stack:
                heard = self._heard(clip, stack)
                piece = next(heard, None)
                for frame in stack.enter_context(closing(clip.frames())):
                    while piece is not None and _begin_ns(piece) <= frame.captured_ns:
                        self._hear(piece, began_ns + _begin_ns(piece))
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

    def _read(self) -> str:
        """Frames until the source dies; why it did."""
        opened, self._opened = self._opened, None
        if opened is None:
            return "not open"
        try:
            with closing(opened.container):
                for frame in self._frames(opened):
                    self._put(frame)
                    if self._stopping.is_set():
                        return "stopped"
        except (FFmpegError, OSError) as error:
            return getattr(error, "strerror", None) or str(error)
        return "no more frames came"

    def _frames(self, opened: Opened) -> Iterator[Frame]:
        reader: RgbReader | None = None
        size = (0, 0)
        clock = Alignment(ALIGNED_OVER)
        video = opened.container.streams.video[0]
        audio = _audio_of(opened) if self.sound is not None else []
        for packet in opened.container.demux(video, *audio):
            if opened.is_camera and self._is_stale(packet):
                self.skipped += 1
                continue
            for decoded in packet.decode():
                if isinstance(decoded, AudioFrame):
                    self._hear_beside(decoded, clock)
                    continue
                if not isinstance(decoded, VideoFrame):
                    continue
                if reader is None or size != (decoded.width, decoded.height):
                    size = (decoded.width, decoded.height)
                    reader = _reader(*size)
                captured_ns = captured_at(decoded) if opened.is_camera else time.monotonic_ns()
                if decoded.pts is not None:
                    clock.saw(_begin_ns(decoded), captured_ns)
                yield Frame(pixels=reader.pixels(decoded), captured_ns=captured_ns)

    def _hear_beside(self, piece: AudioFrame, clock: Alignment) -> None:
        """Sound of a network stream, at the moment when pictures of its time are there."""
        start_ns = None if piece.pts is None else clock.moment_ns(_begin_ns(piece))
        if start_ns is not None:
            self._hear(piece, start_ns)

    def _is_stale(self, packet: MediaPacket) -> bool:
        """Whether a newer picture must be waiting behind this one.

        A camera takes its own time to deliver; only what comes on top of that is waiting.
        """
        if packet.pts is None or self.rate == 0.0:
            return False
        age_s = time.monotonic() - float(packet.pts * packet.time_base)
        self._ages_s.append(age_s)
        return age_s - min(self._ages_s) > STALE_INTERVALS / self.rate

    def _wait_for_return(self) -> None:
        self.state = "away"
        self._captured_ns.clear()
        self._ages_s.clear()
        while not self._stopping.wait(self._again_s):
            try:
                self._opened = self._opener(self._place)
            except UnderstudyError as error:
                logger.debug("%s", error)
                continue
            logger.warning("%s is back", self._place)
            self.returns += 1
            self.state = "running"
            return

    def _put(self, frame: Frame) -> None:
        self._captured_ns.append(frame.captured_ns)
        self._slot.put(frame)


def captured_at(picture: VideoFrame, now: Callable[[], int] = time.monotonic_ns) -> int:
    """The moment of capture by the camera's own stamp where that is of this clock, else now.

    v4l2 and avfoundation stamp pictures with the system's monotonic clock as they are taken.
    """
    now_ns = now()
    if picture.pts is None or picture.time_base is None:
        return now_ns
    stamped_ns = round(picture.pts * picture.time_base * 1_000_000_000)
    return stamped_ns if 0 <= now_ns - stamped_ns <= OLDEST_S * 1e9 else now_ns


def _audio_of(opened: Opened) -> list[AudioStream]:
    """The first sound of a network stream; a camera's microphone is a device of its own."""
    return [] if opened.is_camera else list(opened.container.streams.audio[:1])


def _begin_ns(decoded: AudioFrame | VideoFrame) -> int:
    """Its time in the stream."""
    assert decoded.pts is not None
    assert decoded.time_base is not None
    return round(decoded.pts * decoded.time_base * 1_000_000_000)


def _reader(width: int, height: int) -> RgbReader:
    """Large pictures are made smaller while they are converted."""
    shrink = min(1.0, TALLEST_PX / min(width, height))
    return RgbReader(width=round(width * shrink), height=round(height * shrink))
