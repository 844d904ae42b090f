"""Releases all frames that are complete, across gaps where a key frame allows it, none damaged.

aiortc's jitter buffer gives one frame for each packet that comes, so what waited behind a repaired
gap is played late for good; and where it gives up on a gap, it gives the decoder frames that build
on what is missing. Here everything complete comes at once, a complete key frame is not kept waiting
by a gap before it, and after a gap that was given up nothing comes but a key frame.
"""

from collections import deque
from collections.abc import Callable

from aiortc.jitterbuffer import JitterBuffer, JitterFrame
from aiortc.rtp import RtpPacket
from aiortc.utils import uint16_add

from stream.webrtc.key_frames import can_tell, is_key_frame, starts_key_frame
from stream.webrtc.marker_release import MarkerJitterBuffer

CLOCK_HZ = 90_000
"""Of the timestamps of video (RFC 3551, 5)."""
_DATA = "_data"
_TICKS = 1 << 32


class WholeFrameBuffer(MarkerJitterBuffer):
    """A jitter buffer of video; `codec_of` gives aiortc's name of a payload type's codec."""

    def __init__(self, capacity: int, prefetch: int = 0, is_video: bool = True) -> None:  # noqa: FBT001, FBT002 (aiortc's own signature)
        super().__init__(capacity, prefetch, is_video)
        self.codec_of: Callable[[int], str] = lambda payload_type: ""
        self.payload_type = 0
        """Of the last packet."""
        self._is_broken = True
        self._more: deque[JitterFrame] = deque()
        self._key_start: int | None = None
        """Where the newest key frame begins, as long as it waits."""
        self._released: int | None = None
        """Timestamp up to which all was released or given up."""
        self._newest = 0

    @property
    def needs_key_frame(self) -> bool:
        """Whether nothing can be shown before one comes."""
        return self._is_broken and can_tell(self.codec_of(self.payload_type))

    @property
    def first(self) -> int | None:
        """The sequence number that is waited for; None before the first packet."""
        return self._origin

    @property
    def behind_s(self) -> float:
        """How much later the newest packet is than what was released last, by their timestamps."""
        if self._released is None:
            return 0.0
        ticks = (self._newest - self._released) % _TICKS
        return ticks / CLOCK_HZ if ticks < _TICKS // 2 else 0.0

    def add(self, packet: RtpPacket) -> tuple[bool, JitterFrame | None]:
        """Take in a packet; whether a key frame is needed, and a frame; more are in `take`."""
        self.payload_type = packet.payload_type
        if (packet.timestamp - self._newest) % _TICKS < _TICKS // 2 or self._released is None:
            self._newest = packet.timestamp
        if self._released is None:
            self._released = packet.timestamp
        is_loss, frame = super().add(packet)
        if is_loss:  # aiortc has thrown packets away
            self._is_broken = True
        if starts_key_frame(self.codec_of(packet.payload_type), packet.payload):
            self._key_start = packet.sequence_number
        self._release(frame)
        if not self._more and self._skip_to_key_frame():
            self._release(None)
        return is_loss, self._more.popleft() if self._more else None

    def take(self) -> JitterFrame | None:
        """One more frame that is complete."""
        return self._more.popleft() if self._more else None

    def give_up(self) -> None:
        """What is missing will not come: wait for a key frame, or for the rest of one."""
        self._is_broken = True
        self._released = self._newest
        ahead = self._ahead(self._key_start)
        if ahead is None:
            self.remove(self.capacity if self._origin is not None else 0)
            self._origin = None
            self._key_start = None
        else:
            self.remove(ahead)

    def wait_for_key_frame(self) -> None:
        """The decoder has lost its way."""
        self._is_broken = True

    def _release(self, frame: JitterFrame | None) -> None:
        """Let out this frame and all that are complete after it, if they can be shown."""
        while True:
            if frame is not None:
                self._released = frame.timestamp
                codec = self.codec_of(self.payload_type)
                if self._is_broken and (not can_tell(codec) or is_key_frame(codec, frame.data)):
                    self._is_broken = False
                if not self._is_broken and frame.data:
                    self._more.append(frame)
            before = self._origin
            frame = self.marked_frame() or self._stock_frame()
            if self._origin == before:
                return

    def _stock_frame(self) -> JitterFrame | None:
        """The oldest frame, if a packet of the next one says that it is complete."""
        return None if self._origin is None else self._remove_frame(self._origin)

    def _skip_to_key_frame(self) -> bool:
        """Leave a gap behind if the key frame after it is complete."""
        ahead = self._ahead(self._key_start)
        if not ahead or self._key_start is None:
            return False
        start: RtpPacket | None = self._packets[self._key_start % self.capacity]
        for count in range(self.capacity - ahead):
            packet = self._packets[uint16_add(self._key_start, count) % self.capacity]
            if start is None or packet is None or packet.timestamp != start.timestamp:
                return False
            if packet.marker:
                self.remove(ahead)
                self._is_broken = True  # until it is out
                return True
        return False

    def _ahead(self, number: int | None) -> int | None:
        """How far ahead of what is waited for a packet in the buffer is; None where it is not."""
        if number is None or self._origin is None:
            return None
        ahead = uint16_add(number, -self._origin)
        packet: RtpPacket | None = self._packets[number % self.capacity]
        is_there = packet is not None and packet.sequence_number == number
        return ahead if ahead < self.capacity and is_there else None


def releases_all(buffer: type[JitterBuffer]) -> bool:
    """Whether what waited behind a gap comes with the packet that fills it; tried, not guessed."""
    made = buffer(capacity=16, is_video=True)
    for number in (1, 3, 4, 2):
        packet = RtpPacket(payload_type=96, marker=1, sequence_number=number, timestamp=number)
        setattr(packet, _DATA, b"frame")
        made.add(packet)
    held = getattr(made, "_packets", [])
    return all(packet is None for packet in held)
