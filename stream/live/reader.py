"""One opening of a camera or network stream: its pictures as they come, the sound beside them.

What is damaged is left out and counted. A thread of its own opens and reads, because either may
hang in somebody's driver for ever; then the thread is given up, and closes what it opened should
it ever come back.
"""

import logging
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from threading import Event, Thread
from typing import TypeAlias

from av import AudioFrame, FFmpegError, Packet, VideoFrame
from av.audio.stream import AudioStream
from av.stream import Stream

from engine.errors import UnderstudyError
from engine.frame import Frame
from stream.files.colours import RgbReader
from stream.files.live_sound import Alignment
from stream.live.cameras import Opened, Opener, Place
from stream.live.torn_jpeg import TornJpeg
from stream.session.voice_lips import HearsSound

logger = logging.getLogger(__name__)

MediaPacket: TypeAlias = "Packet[Stream]"  # generic in PyAV's stubs only

TALLEST_PX = 720
"""More lines show no more of a face, and cost as much as the step itself."""
STALE_INTERVALS = 2
"""A camera picture that waited so long is not decoded: a newer one waits behind it."""
ALIGNED_OVER = 30
"""Pictures by which a network stream's sound is laid beside them."""
OLDEST_S = 2.0
"""A time of capture before that is another clock's."""
RECENT = 60
"""Pictures of which the least age is a camera's own delay."""


@dataclass(slots=True)
class Tally:
    """What was not shown, over all openings of a source."""

    skipped: int = 0
    """Camera pictures that were too old to be worth decoding."""
    damaged: int = 0
    """Packets of which no picture could be made."""


class Reader:
    """Opens at once; reads from `read` on, until the source dies or `give_up` is called."""

    def __init__(self, place: Place, opener: Opener) -> None:
        self.opened: Opened | None = None
        """Set with `answered`, unless there is a `failure`."""
        self.failure: Exception | None = None
        """Why it could not be opened."""
        self.answered = Event()
        """It was opened, or could not be."""
        self.ended = Event()
        """The thread is done; nothing is open any more."""
        self.reason = ""
        """Why it ended, for people."""
        self.alive_s = time.monotonic()
        """The last sign of life: a camera's picture, or anything of a network stream."""
        self.damaged = 0
        self._place = place
        self._opener = opener
        self._sound: HearsSound | None = None
        self._tally = Tally()
        self._rate: Callable[[], float] = lambda: 0.0
        self._put: Callable[[Frame], None] = lambda frame: None
        self._begins = Event()
        self._is_given_up = False
        self._ages_s: deque[float] = deque(maxlen=RECENT)
        Thread(target=self._run, name="live-reader", daemon=True).start()

    def read(
        self,
        put: Callable[[Frame], None],
        tally: Tally,
        rate: Callable[[], float],
        sound: HearsSound | None,
    ) -> None:
        """Let pictures go to `put`; `rate` is what they come at, 0 where nobody knows yet."""
        self._put, self._tally, self._rate, self._sound = put, tally, rate, sound
        self.alive_s = time.monotonic()
        self._begins.set()

    def give_up(self) -> None:
        """Show nothing more of it, and let it close itself as soon as it can."""
        self._is_given_up = True
        self._begins.set()

    def _run(self) -> None:
        try:
            self._open()
            if self.opened is not None:
                with closing(self.opened.container):
                    self._begins.wait()
                    if not self._is_given_up:
                        self._read(self.opened)
        except (FFmpegError, OSError) as error:
            self.reason = getattr(error, "strerror", None) or str(error)
        except Exception as error:
            # The outermost frame of this thread: whoever watches it opens the source again.
            self.reason = ": ".join(filter(None, (type(error).__name__, str(error))))
            logger.debug("%s cannot be read", self._place, exc_info=True)
        finally:
            self.ended.set()

    def _open(self) -> None:
        try:
            self.opened = self._opener(self._place)
        except UnderstudyError as error:
            self.failure = error
        except Exception as error:
            self.failure = error
            logger.debug("%s cannot be opened", self._place, exc_info=True)
        finally:
            self.answered.set()

    def _read(self, opened: Opened) -> None:
        for frame in self._frames(opened):
            if self._is_given_up:
                return
            self._put(frame)
        self.reason = "no more frames came"

    def _frames(self, opened: Opened) -> Iterator[Frame]:
        to_frame = _FrameMaker(is_camera=opened.is_camera)
        video = opened.container.streams.video[0]
        torn = TornJpeg() if getattr(video, "name", "") == "mjpeg" else None
        if torn is not None and not opened.is_camera:
            # FFmpeg takes a picture lower than the first one for half of an interlaced one.
            video.codec_context.width = video.codec_context.height = 0
        audio = audio_of(opened) if self._sound is not None else []
        for packet in opened.container.demux(video, *audio):
            if self._is_given_up:
                return
            if not opened.is_camera:
                self.alive_s = time.monotonic()
            elif self._is_stale(packet):
                self.alive_s = time.monotonic()
                self._tally.skipped += 1
                continue
            if torn is not None and torn.is_torn(bytes(packet)):
                self._leave_out()
                continue
            for decoded in self._decoded(packet):
                if isinstance(decoded, AudioFrame):
                    self._hear(decoded, to_frame.clock)
                elif isinstance(decoded, VideoFrame):
                    try:
                        frame = to_frame(decoded)
                    except (FFmpegError, ValueError, MemoryError):
                        self._leave_out()
                        continue
                    self.alive_s = time.monotonic()
                    yield frame

    def _decoded(self, packet: MediaPacket) -> list[object]:
        """Pictures or sound of a packet; none of a damaged one."""
        try:
            return list(packet.decode())
        except EOFError:  # an empty packet told the decoder that the stream is over
            packet.stream.codec_context.flush_buffers()
        except (FFmpegError, ValueError, MemoryError):
            pass
        self._leave_out()
        return []

    def _leave_out(self) -> None:
        self.damaged += 1
        self._tally.damaged += 1

    def _hear(self, piece: AudioFrame, clock: Alignment) -> None:
        """Sound of a network stream, at the moment when pictures of its time are there."""
        start_ns = None if piece.pts is None else clock.moment_ns(begin_ns(piece))
        if start_ns is not None and self._sound is not None:
            self._sound.put(piece, start_ns)

    def _is_stale(self, packet: MediaPacket) -> bool:
        """Whether a newer picture must be waiting behind this one.

        A camera takes its own time to deliver; only what comes on top of that is waiting.
        """
        rate = self._rate()
        if packet.pts is None or rate == 0.0:
            return False
        age_s = time.monotonic() - float(packet.pts * packet.time_base)
        self._ages_s.append(age_s)
        return age_s - min(self._ages_s) > STALE_INTERVALS / rate


class _FrameMaker:
    """Turns decoded pictures into frames; a picture of another size is taken as it is."""

    def __init__(self, *, is_camera: bool) -> None:
        self.clock = Alignment(ALIGNED_OVER)
        """Where the stream's times lie on this machine's clock."""
        self._is_camera = is_camera
        self._reader: RgbReader | None = None
        self._size = (0, 0)

    def __call__(self, decoded: VideoFrame) -> Frame:
        if self._reader is None or self._size != (decoded.width, decoded.height):
            self._size = (decoded.width, decoded.height)
            self._reader = _shrinking(*self._size)
        captured_ns = captured_at(decoded) if self._is_camera else time.monotonic_ns()
        if decoded.pts is not None:
            self.clock.saw(begin_ns(decoded), captured_ns)
        return Frame(pixels=self._reader.pixels(decoded), captured_ns=captured_ns)


def captured_at(picture: VideoFrame, now: Callable[[], int] = time.monotonic_ns) -> int:
    """The moment of capture by the camera's own stamp where that is of this clock, else now.

    v4l2 and avfoundation stamp pictures with the system's monotonic clock as they are taken.
    """
    now_ns = now()
    if picture.pts is None or picture.time_base is None:
        return now_ns
    stamped_ns = round(picture.pts * picture.time_base * 1_000_000_000)
    return stamped_ns if 0 <= now_ns - stamped_ns <= OLDEST_S * 1e9 else now_ns


def audio_of(opened: Opened) -> list[AudioStream]:
    """The first sound of a network stream; a camera's microphone is a device of its own."""
    return [] if opened.is_camera else list(opened.container.streams.audio[:1])


def begin_ns(decoded: AudioFrame | VideoFrame) -> int:
    """Its time in the stream."""
    assert decoded.pts is not None
    assert decoded.time_base is not None
    return round(decoded.pts * decoded.time_base * 1_000_000_000)


def _shrinking(width: int, height: int) -> RgbReader:
    """Large pictures are made smaller while they are converted."""
    shrink = min(1.0, TALLEST_PX / min(width, height))
    return RgbReader(width=max(1, round(width * shrink)), height=max(1, round(height * shrink)))
