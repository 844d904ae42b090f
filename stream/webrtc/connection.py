"""Makes peer connections: low latency installed, no public STUN server, garbage refused kindly."""

import uuid

from aiortc import (
    RTCConfiguration,
    RTCPeerConnection,
    RTCRtpTransceiver,
    RTCSessionDescription,
)
from aiortc.exceptions import InternalError, InvalidAccessError, InvalidStateError, OperationError

from engine.errors import InputError
from stream.webrtc import (
    bounded_sender,
    encoders,
    ice_places,
    playout_delay,
    prompt_release,
    repairing_receiver,
)
from stream.webrtc.ice_places import IcePlaces, has_no_port, without_names

MOST_SDP_BYTES = 64 * 1024
MOST_SECTIONS = 4
"""Media sections of an offer: video, audio, data, and one to spare."""
MOST_CANDIDATES = 64

ANYWHERE = IcePlaces()
"""Any port of any address of this machine."""

_REFUSED = (
    InternalError, InvalidAccessError, InvalidStateError, OperationError,
    ValueError, KeyError, IndexError, AttributeError, TypeError, AssertionError,
    RuntimeError,  # a StopIteration inside a coroutine
)  # fmt: skip
"""What aiortc raises for descriptions that are none: its parser trusts its input."""


class BadOfferError(InputError):
    """The peer's session description cannot be used."""


def install_low_latency() -> None:
    """Put in the parts that aiortc lacks; they hold for every connection made from now on."""
    prompt_release.install()
    ice_places.install()
    repairing_receiver.install()
    bounded_sender.install()
    playout_delay.install()
    encoders.install()


def new_connection(places: IcePlaces = ANYWHERE) -> RTCPeerConnection:
    """A connection that asks no server on the internet where it is, unless the user named one."""
    install_low_latency()
    return RTCPeerConnection(RTCConfiguration(iceServers=places.servers()))


def set_apart(transceiver: RTCRtpTransceiver) -> None:
    """Announce this track as a media stream of its own; before the answer is made.

    aiortc puts all tracks of a connection into one. Chromium holds the pictures of a stream back
    until its sound is due, and sound waits in its jitter buffer for 40 ms and more: a viewer who
    listens would see everything that much later.
    """
    vars(transceiver.sender)["_stream_id"] = str(uuid.uuid4())


def check_offer(sdp: str) -> None:
    """Refuse what no honest peer sends, before it is parsed."""
    if len(sdp.encode(errors="replace")) > MOST_SDP_BYTES:
        raise BadOfferError("the offer is too long: send a plain WebRTC offer of a few kilobytes")
    lines = sdp.splitlines()
    if not lines or not lines[0].startswith("v=0"):
        raise BadOfferError('this is not SDP (it must begin with "v=0"): send a WebRTC offer')
    if sum(line.startswith("m=") for line in lines) > MOST_SECTIONS:
        raise BadOfferError(f"the offer has more than {MOST_SECTIONS} media sections: send fewer")
    if sum(line.startswith("a=candidate:") for line in lines) > MOST_CANDIDATES:
        raise BadOfferError(f"the offer has more than {MOST_CANDIDATES} candidates: send fewer")
    if not any(line.startswith("m=video") for line in lines):
        raise BadOfferError("the offer has no video section: add the camera or a transceiver")
    if any(map(has_no_port, lines)):
        raise BadOfferError("the offer has a candidate at a port beyond 65535: send real ones")
    if not _is_fingerprinted(lines):
        raise BadOfferError("the offer has no fingerprint: send one for encrypted media (DTLS)")


def _is_fingerprinted(lines: list[str]) -> bool:
    """Whether the whole offer, or each section that is not refused in it, names a certificate."""
    head, *sections = _sections(lines)
    taken = [each for each in sections if each[0].split()[1:2] != ["0"]]
    return _names_one(head) or all(map(_names_one, taken))


def _names_one(lines: list[str]) -> bool:
    return any(line.startswith("a=fingerprint:") for line in lines)


def _sections(lines: list[str]) -> list[list[str]]:
    """What comes before the first media section, then each."""
    found: list[list[str]] = [[]]
    for line in lines:
        if line.startswith("m="):
            found.append([])
        found[-1].append(line)
    return found


async def accept(connection: RTCPeerConnection, sdp: str) -> None:
    """Take the peer's offer; `BadOfferError` where it cannot be understood."""
    try:
        await connection.setRemoteDescription(
            RTCSessionDescription(sdp=without_names(sdp), type="offer")
        )
    except _REFUSED as error:
        raise BadOfferError(
            "the offer cannot be used: it needs VP8 or H.264 video with DTLS fingerprint and ICE "
            "credentials"
        ) from error


async def answer(connection: RTCPeerConnection) -> str:
    """The answer's SDP, with all candidates of this machine in it."""
    try:
        await connection.setLocalDescription(await connection.createAnswer())
    except _REFUSED as error:
        raise BadOfferError("the offer cannot be answered: its media sections don't fit") from error
    return str(connection.localDescription.sdp)
