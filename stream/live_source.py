"""Puts the frames of a camera, a network stream or a clip into a slot, as they come.

One thread per source. What dies is opened again until it is back; a clip ends where it ends.
"""

import logging
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from threading import Event, Thread
from typing import Literal, TypeAlias

from av import FFmpegError, Packet, VideoFrame
from av.video.stream import VideoStream

from engine.errors import UnderstudyError
from engine.frame import Frame
from engine.slot import LatestSlot
from stream.cameras import Opened, Opener, Place, open_place
from stream.clips import Clip
from stream.colours import RgbReader

logger = logging.getLogger(__name__)

State: TypeAlias = Literal["running", "away", "ended"]

VideoPacket: TypeAlias = "Packet[VideoStream]"  # generic in PyAV's stubs only

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
        self._thread = Thread(target=self._run, name="live-source", daemon=True)

    @property
    def describes(self) -> str:
        """What was opened, for people."""
        if self._clip is not None:
            clip = self._clip
            return f"{clip.width} x {clip.height} clip, {float(clip.rate):g} frames/s"
        return "" if self._opened is None else self._opened.describes

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
            with closing(clip.frames()) as frames:
                for frame in frames:
                    due_ns = began_ns + frame.captured_ns
                    if self._stopping.wait(max(due_ns - time.monotonic_ns(), 0) / 1e9):
                        return
                    self._put(Frame(pixels=frame.pixels, captured_ns=time.monotonic_ns()))
            if not self._loops:
                return
            # The last picture is shown for its time, too.
            self._stopping.wait(float(1 / clip.rate))

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
        stream = opened.container.streams.video[0]
        for packet in opened.container.demux(stream):
            if opened.is_camera and self._is_stale(packet):
                self.skipped += 1
                continue
            for picture in packet.decode():
                if reader is None or size != (picture.width, picture.height):
                    size = (picture.width, picture.height)
                    reader = _reader(*size)
                captured_ns = captured_at(picture) if opened.is_camera else time.monotonic_ns()
                yield Frame(pixels=reader.pixels(picture), captured_ns=captured_ns)

    def _is_stale(self, packet: VideoPacket) -> bool:
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


def _reader(width: int, height: int) -> RgbReader:
    """Large pictures are made smaller while they are converted."""
    shrink = min(1.0, TALLEST_PX / min(width, height))
    return RgbReader(width=round(width * shrink), height=round(height * shrink))
