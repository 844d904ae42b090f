"""Hands each packet of sound to the decoder as it comes: it is a whole frame already.

aiortc waits until four more packets are there, 80 ms, so that none is ever out of order: the voice
would come that much after the lips. Whoever listens has a jitter buffer of its own; here, a packet
that was overtaken by a later one is left out.
"""

from aiortc.jitterbuffer import MAX_MISORDER, JitterBuffer, JitterFrame
from aiortc.rtp import RtpPacket
from aiortc.utils import uint16_add, uint16_gt

# aiortc leaves this without a type.
_DATA = "_data"


class PromptSoundBuffer(JitterBuffer):
    """Releases every packet at once, in order."""

    def __init__(self, capacity: int, prefetch: int = 0) -> None:
        super().__init__(capacity, prefetch)
        self._last: int | None = None

    def add(self, packet: RtpPacket) -> tuple[bool, JitterFrame | None]:
        """Take in a packet; sound never asks for a key frame."""
        number = packet.sequence_number
        if self._last is not None and not uint16_gt(number, self._last):
            late = uint16_add(self._last, -number)
            if late < MAX_MISORDER:  # further back, the sender has begun anew
                return False, None
        self._last = number
        data: bytes = getattr(packet, _DATA)
        # An empty frame would end the decoder's stream.
        return False, JitterFrame(data=data, timestamp=packet.timestamp) if data else None


def holds_sound_back(buffer: type[JitterBuffer]) -> bool:
    """Whether a packet of sound has to wait for others; tried, not guessed."""
    packet = RtpPacket(payload_type=96, sequence_number=1, timestamp=1)
    setattr(packet, _DATA, b"sound")
    return buffer(capacity=16, prefetch=4).add(packet)[1] is None
