"""aiortc's receiver of video, with what it lacks where packets are lost.

`whole_release` says what can be shown, `asking_again` what is to be asked for; here is when: with
each packet, and every 5 ms while something is missing. What is missing for too long is given up:
the sender is asked for a key frame (PLI: RFC 4585, 6.3.1), and until that comes nothing is shown.
"""

import asyncio
from typing import Any

from aiortc import rtcpeerconnection, rtcrtpreceiver, rtcrtpsender
from aiortc.codecs import is_rtx
from aiortc.rtcrtpreceiver import NackGenerator, RTCRtpReceiver
from aiortc.rtp import RtpPacket

from stream.webrtc.aiortc_parts import check_private, part_of, private, replace_part
from stream.webrtc.asking_again import RepeatedNacks, asks_again
from stream.webrtc.whole_release import WholeFrameBuffer

TICK_S = 0.005
KEY_FRAME_S = 0.2
"""Least time between two requests for a key frame."""
HISTORY = 1024
"""Packets that a sender can send again: four seconds of 2 Mbit/s. aiortc keeps 128."""
_PARTS = (
    "codecs", "decoder_error", "decoder_queue", "decoder_thread", "jitter_buffer",
    "nack_generator", "rtx_ssrc", "timestamp_mapper",
)  # fmt: skip
_NAME, _HISTORY = "RTCRtpReceiver", "RTP_HISTORY_SIZE"


class RepairingReceiver(RTCRtpReceiver):
    """Receives sound as aiortc does, and video without lasting harm."""

    def __init__(self, kind: str, transport: Any) -> None:  # noqa: ANN401 (RTCDtlsTransport)
        super().__init__(kind, transport)
        self._nacks: RepeatedNacks | None = None
        self._repairs: asyncio.Task[None] | None = None
        self._media_ssrc = 0
        self._pli_s = 0.0
        buffer = self._part("jitter_buffer")
        if kind == "video" and isinstance(buffer, WholeFrameBuffer):
            self._frames = buffer
            self._frames.codec_of = self._codec_of
            self._nacks = RepeatedNacks(asyncio.get_event_loop().time)
            setattr(self, private(RTCRtpReceiver, "nack_generator"), self._nacks)

    async def stop(self) -> None:
        """Irreversibly stop."""
        if self._repairs is not None:
            self._repairs.cancel()
        await super().stop()

    async def _handle_rtp_packet(self, packet: RtpPacket, arrival_time_ms: int) -> None:
        if self._nacks is None:
            await super()._handle_rtp_packet(packet, arrival_time_ms)
            return
        self._media_ssrc = self._part("rtx_ssrc").get(packet.ssrc, packet.ssrc)
        codec = self._part("codecs").get(packet.payload_type)
        if codec is not None and is_rtx(codec) and len(packet.payload) >= 2:
            self._nacks.answered(int.from_bytes(packet.payload[:2], "big"))
        if self._part("decoder_error").is_set():  # aiortc asks for a key frame now
            self._frames.wait_for_key_frame()
        await super()._handle_rtp_packet(packet, arrival_time_ms)
        await self._repair(self._nacks)
        is_whole = not self._nacks.missing and not self._frames.needs_key_frame
        if not is_whole and (self._repairs is None or self._repairs.done()):
            self._repairs = asyncio.create_task(self._keep_repairing(self._nacks))

    async def _keep_repairing(self, nacks: RepeatedNacks) -> None:
        while nacks.missing or self._frames.needs_key_frame:
            await asyncio.sleep(TICK_S)
            await self._repair(nacks)

    async def _repair(self, nacks: RepeatedNacks) -> None:
        """Show what can be shown, ask for what is missing, give up what has been for too long."""
        frames = self._frames
        self._decode_the_rest()
        if nacks.missing:
            nacks.forget_before(frames.first)
        is_late = max(nacks.longest_missing_s, frames.behind_s) > nacks.limit_s
        if nacks.missing and is_late:
            if not frames.needs_key_frame:
                self._pli_s = 0.0  # ask for one at once
            frames.give_up()
            nacks.forget_before(frames.first)
        if due := nacks.due():
            await self._send_rtcp_nack(self._media_ssrc, due)
        if frames.needs_key_frame:
            await self._ask_for_key_frame(nacks.round_trip.s or 0.0)

    def _decode_the_rest(self) -> None:
        while (frame := self._frames.take()) is not None:
            if self._part("decoder_thread") is not None:
                frame.timestamp = self._part("timestamp_mapper").map(frame.timestamp)
                codec = self._part("codecs")[self._frames.payload_type]
                self._part("decoder_queue").put((codec, frame))

    async def _ask_for_key_frame(self, round_trip_s: float) -> None:
        now_s = asyncio.get_running_loop().time()
        if now_s - self._pli_s >= max(KEY_FRAME_S, 1.5 * round_trip_s):
            self._pli_s = now_s
            await self._send_rtcp_pli(self._media_ssrc)

    def _codec_of(self, payload_type: int) -> str:
        codec = self._part("codecs").get(payload_type)
        return "" if codec is None else str(codec.name)

    def _part(self, name: str) -> Any:  # noqa: ANN401
        return getattr(self, private(RTCRtpReceiver, name))


def install() -> bool:
    """Use it from now on; False where aiortc repairs by itself, or it is in use already."""
    for module in (rtcrtpsender, rtcrtpreceiver):
        replace_part(module, _HISTORY, max(HISTORY, part_of(module, _HISTORY)))
    stock = part_of(rtcpeerconnection, _NAME)
    if stock is not RTCRtpReceiver or asks_again(NackGenerator):
        return False
    check_private(RTCRtpReceiver, _PARTS)
    replace_part(rtcpeerconnection, _NAME, RepairingReceiver)
    return True
