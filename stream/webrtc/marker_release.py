"""Hands a video frame to the decoder when its last packet arrives, not when the next frame begins.

aiortc's jitter buffer knows that a frame is complete only by a packet of the next one: a whole
frame interval lost on the way in, and a last frame that never comes. The last packet of a frame
carries the RTP marker bit (RFC 3550, 5.1; RFC 6184, 5.1; RFC 7741, 4.1), so a run of packets with
one timestamp that ends in a marker is complete. Without markers, the stock rule stays.
"""

from aiortc.jitterbuffer import JitterBuffer, JitterFrame
from aiortc.rtp import RtpPacket

# aiortc leaves these without types.
_DATA = "_data"


class MarkerJitterBuffer(JitterBuffer):
    """Releases complete frames of a video at once, one for each packet, as aiortc asks for it."""

    def add(self, packet: RtpPacket) -> tuple[bool, JitterFrame | None]:
        """Take in a packet; whether a key frame is needed, and a frame if one is complete."""
        is_loss, frame = super().add(packet)
        # Padding after a marker has nothing in it; an empty frame would end the decoder's stream.
        if frame is not None and frame.data:
            return is_loss, frame
        return is_loss, self.marked_frame()

    def marked_frame(self) -> JitterFrame | None:
        """The oldest frame, if all its packets up to the marker are there."""
        packets: list[RtpPacket] = []
        for count in range(self.capacity if self._origin is not None else 0):
            assert self._origin is not None
            packet = self._packets[(self._origin + count) % self.capacity]
            if packet is None or (packets and packet.timestamp != packets[0].timestamp):
                return None
            packets.append(packet)
            if packet.marker:
                self.remove(len(packets))
                data = b"".join(getattr(part, _DATA) for part in packets)
                return JitterFrame(data=data, timestamp=packet.timestamp) if data else None
        return None


def releases_on_marker(buffer: type[JitterBuffer]) -> bool:
    """Whether a frame of one packet with a marker comes out at once; tried, not guessed."""
    packet = RtpPacket(payload_type=96, marker=1, sequence_number=1, timestamp=1)
    setattr(packet, _DATA, b"frame")
    return buffer(capacity=4, is_video=True).add(packet)[1] is not None
