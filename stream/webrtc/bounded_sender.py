"""aiortc's sender, whose repeated packets count: they take no more of the line than the line has.

aiortc repeats whatever it is asked for, beside an encoder that fills the whole bitrate which the
receiver says there is room for (REMB). On a line that is too narrow each lost packet then loses
others, for good. Here the encoder gets what repeating leaves, and repeating has a limit.
"""

import asyncio
from collections import deque
from typing import Any

from aiortc import MediaStreamTrack, rtcpeerconnection
from aiortc.rtcrtpsender import RTCRtpSender
from aiortc.rtp import RTCP_PSFB_APP, AnyRtcpPacket, RtcpPsfbPacket, unpack_remb_fci

from stream.webrtc.aiortc_parts import check_private, part_of, private, replace_part

WINDOW_S = 0.5
"""Over which repeated packets are counted."""
MOST_REPEATED = 0.5
"""Of the bitrate that the receiver has room for."""
LEAST_LEFT = 0.4
"""What the encoder keeps of it."""
ASSUMED_BPS = 2_500_000.0
"""As long as the receiver has said nothing."""
PACKET_BITS = 1_300 * 8
"""Of the largest packet: what is repeated are mostly such."""
_NAME = "RTCRtpSender"
_ENCODER = "encoder"


class Repeats:
    """How much was repeated of late."""

    def __init__(self) -> None:
        self._at_s: deque[float] = deque()

    def bps(self, now_s: float) -> float:
        """Bits a second."""
        while self._at_s and now_s - self._at_s[0] > WINDOW_S:
            self._at_s.popleft()
        return len(self._at_s) * PACKET_BITS / WINDOW_S

    def has_room(self, now_s: float, room_bps: float) -> bool:
        """Whether one more may go; then it counts."""
        if self.bps(now_s) + PACKET_BITS / WINDOW_S > MOST_REPEATED * room_bps:
            return False
        self._at_s.append(now_s)
        return True


class BoundedSender(RTCRtpSender):
    """Repeats packets within limits, and lets the encoder know."""

    def __init__(self, trackOrKind: MediaStreamTrack | str, transport: Any) -> None:  # noqa: ANN401, N803 (aiortc's own signature)
        super().__init__(trackOrKind, transport)
        self._repeats = Repeats()
        self._room_bps = ASSUMED_BPS

    async def _retransmit(self, sequence_number: int) -> None:
        if self._repeats.has_room(asyncio.get_running_loop().time(), self._room_bps):
            await super()._retransmit(sequence_number)

    async def _handle_rtcp_packet(self, packet: AnyRtcpPacket) -> None:
        await super()._handle_rtcp_packet(packet)
        if not (isinstance(packet, RtcpPsfbPacket) and packet.fmt == RTCP_PSFB_APP):
            return
        encoder = getattr(self, private(RTCRtpSender, _ENCODER))
        room_bps = self._room_of(packet)
        if room_bps is not None and hasattr(encoder, "target_bitrate"):
            self._room_bps = room_bps
            repeated_bps = self._repeats.bps(asyncio.get_running_loop().time())
            encoder.target_bitrate = round(max(room_bps - repeated_bps, LEAST_LEFT * room_bps))

    def _room_of(self, packet: RtcpPsfbPacket) -> float | None:
        try:
            bitrate, ssrcs = unpack_remb_fci(packet.fci)
        except ValueError:
            return None
        return float(bitrate) if self._ssrc in ssrcs else None


def install() -> bool:
    """Use it from now on; False where something else stands in aiortc's place already."""
    stock = part_of(rtcpeerconnection, _NAME)
    if stock is not RTCRtpSender:
        return False
    check_private(RTCRtpSender, (_ENCODER,))
    replace_part(rtcpeerconnection, _NAME, BoundedSender)
    return True
