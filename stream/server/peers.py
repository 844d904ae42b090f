"""Ties a session to its connections: the camera in, the portrait and figures out."""

import asyncio
import json
import logging
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import TypeAlias

from aiortc import MediaStreamTrack, RTCDataChannel, RTCPeerConnection, RTCRtpTransceiver
from aiortc.mediastreams import MediaStreamError
from aiortc.rtcrtpsender import RTCRtpSender

from engine.frame import Frame
from stream.server.busy import FullError
from stream.server.channels import Channels
from stream.server.session import Session
from stream.webrtc.connection import accept, answer, check_offer, new_connection, set_apart
from stream.webrtc.ice_places import IcePlaces, NoPortError
from stream.webrtc.portrait_track import PortraitTrack

logger = logging.getLogger(__name__)

STATS_EVERY_S = 0.5
GUIDED_EVERY_S = 0.15
"""While somebody is led through prompts: what they did must be ticked as they do it."""
MOST_BUFFERED = 64 * 1024
"""Bytes of figures that may wait; a channel that doesn't drain gets no more."""


class Peer:
    """One connection of a session."""

    def __init__(
        self, connection: RTCPeerConnection, session: Session, *, returns: bool = False
    ) -> None:
        self.returns = returns
        """Whether the session waits for it after a break."""
        self.connection = connection
        self.session = session
        self.tracks: list[MediaStreamTrack] = []
        """Ours, to be stopped with the connection."""
        self.heard_s = time.monotonic()
        """When the last packet was known to have come."""
        self.channels: Channels | None = None
        """None until the offer was taken."""
        self._received = 0
        self._is_closing = False
        self._tasks: set[asyncio.Task[None]] = set()

    def do(self, work: Coroutine[object, None, None]) -> None:
        """Run something for the life of the connection."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def listen(self) -> None:
        """Notice whether anything came: media, or the receiver's reports that go with ours.

        ICE notices a peer that has gone without a word only after half a minute.
        """
        report = await self.connection.getStats()
        received = sum(getattr(stats, "packetsReceived", 0) for stats in report.values())
        if received != self._received:
            self._received, self.heard_s = received, time.monotonic()

    @property
    def is_answered(self) -> bool:
        """Whether ICE has found the peer: media will flow in a moment."""
        return self.connection.iceConnectionState == "completed"

    def is_gone(self, now_s: float, dead_s: float) -> bool:
        """Whether a connection that was up is dead, or better were."""
        is_up = self.connection.connectionState == "connected"
        is_unruly = self.channels is not None and self.channels.is_unruly
        return is_unruly or (is_up and now_s - self.heard_s > dead_s)

    async def close(self) -> None:
        """End all that runs for the connection, and have it closed, now or in the background."""
        if self._is_closing:
            return  # a second close of aiortc's waits for the first, for ever if that failed
        self._is_closing = True
        for track in self.tracks:
            track.stop()
        for task in tuple(self._tasks):
            task.cancel()
        await self.session.closings.close(self.connection)


Join: TypeAlias = Callable[[Session, str, IcePlaces], Awaitable[tuple[Peer, str]]]
"""Makes a session's connection for an offer, and the answer."""


async def all_of(works: list[Coroutine[object, None, object]]) -> None:
    """Do these beside each other; what fails is logged, and keeps nothing else from its end."""
    for result in await asyncio.gather(*works, return_exceptions=True):
        if isinstance(result, Exception):
            logger.error("looking after a session failed", exc_info=result)


async def join_page(session: Session, sdp: str, places: IcePlaces) -> tuple[Peer, str]:
    """The page's own connection: camera, microphone and a channel for figures; the answer's SDP."""
    check_offer(sdp)
    peer = Peer(new_connection(places), session, returns=True)
    _send_portrait(peer, "sendrecv", is_first=True)
    if _has_sound(sdp):
        _send_voice(peer, "sendrecv")
    _take_camera(peer)
    return peer, await _negotiated(peer, sdp, has_figures=True)


async def join_publisher(session: Session, sdp: str, places: IcePlaces) -> tuple[Peer, str]:
    """A WHIP client: its video drives the portrait; nothing is sent to it."""
    check_offer(sdp)
    peer = Peer(new_connection(places), session)
    prefer_h264(peer.connection.addTransceiver("video", "recvonly"))
    _take_camera(peer)
    return peer, await _negotiated(peer, sdp)


async def join_viewer(session: Session, sdp: str, places: IcePlaces) -> tuple[Peer, str]:
    """A WHEP client: it gets the portrait; what it sends is thrown away."""
    check_offer(sdp)
    peer = Peer(new_connection(places), session)
    _send_portrait(peer, "sendonly", is_first=False)
    if _has_sound(sdp):
        _send_voice(peer, "sendonly")
    peer.connection.on("track", lambda track: peer.do(_thrown_away(track)))
    return peer, await _negotiated(peer, sdp)


def prefer_h264(transceiver: RTCRtpTransceiver) -> None:
    """Put H.264 first: x264 takes 1 ms where VP8 takes several."""
    codecs = RTCRtpSender.getCapabilities("video").codecs
    first = [codec for codec in codecs if codec.mimeType == "video/H264"]
    transceiver.setCodecPreferences(first + [codec for codec in codecs if codec not in first])


async def _negotiated(peer: Peer, sdp: str, *, has_figures: bool = False) -> str:
    def tell(channel: RTCDataChannel) -> None:
        peer.do(_tell(channel, peer.session))

    peer.channels = Channels(peer.connection, tell if has_figures else None)
    try:
        await accept(peer.connection, sdp)
        return await answer(peer.connection)
    except NoPortError as error:
        await peer.close()
        raise FullError(str(error)) from error
    except BaseException:
        await peer.close()
        raise


def _send_portrait(peer: Peer, direction: str, *, is_first: bool) -> None:
    def sent(frame: Frame, took_ns: int) -> None:
        peer.session.live.loop.shown(frame, {"encode": took_ns})

    track = PortraitTrack(peer.session.outlet, sent if is_first else None)
    peer.tracks.append(track)
    prefer_h264(peer.connection.addTransceiver(track, direction))


def _has_sound(sdp: str) -> bool:
    return "\nm=audio" in sdp


def _send_voice(peer: Peer, direction: str) -> None:
    track = peer.session.voice.listen()
    peer.tracks.append(track)
    set_apart(peer.connection.addTransceiver(track, direction))


def _take_camera(peer: Peer) -> None:
    """The first video track drives the portrait, the first sound is the voice."""
    waiting: dict[str, Callable[[MediaStreamTrack], Coroutine[object, None, None]]] = {
        "video": peer.session.source.receive,
        "audio": peer.session.voice.receive,
    }

    def arrived(track: MediaStreamTrack) -> None:
        peer.do(waiting.pop(track.kind, _thrown_away)(track))

    peer.connection.on("track", arrived)


async def _thrown_away(track: MediaStreamTrack) -> None:
    """Read a track nobody wants, so that its queue stays empty."""
    try:
        while True:
            await track.recv()
    except MediaStreamError:
        return


async def _tell(channel: RTCDataChannel, session: Session) -> None:
    """Send the session's figures for as long as the channel is open."""
    while channel.readyState in ("connecting", "open"):
        if channel.readyState == "open" and channel.bufferedAmount < MOST_BUFFERED:
            channel.send(json.dumps(session.figures()))
        await asyncio.sleep(GUIDED_EVERY_S if session.is_enrolling else STATS_EVERY_S)
