"""WHIP in (RFC 9725) and WHEP out (its draft for players): SDP over HTTP, one resource each.

OBS, FFmpeg, GStreamer or another page publishes to /whip and becomes the driver of a new session;
/whep/ID shows the session with this id, or with the name that its page has chosen for it. There is
no address that shows whoever is on camera.
"""

import logging
from urllib.parse import quote

from aiohttp import web
from aiortc import RTCPeerConnection
from aiortc.sdp import candidate_from_sdp

from stream.server.api import found_item
from stream.server.app_keys import CALLERS, PORTRAITS, SESSIONS, SETTINGS
from stream.server.guard import refusal
from stream.server.peers import Peer, join_publisher, join_viewer
from stream.server.request_body import read_sdp
from stream.webrtc.connection import BadOfferError
from stream.webrtc.ice_places import has_no_port, names_a_host

logger = logging.getLogger(__name__)

routes = web.RouteTableDef()

FRAGMENT = "application/trickle-ice-sdpfrag"
MOST_CANDIDATES = 64
"""Of one PATCH; ICE would try them all."""


@routes.post("/whip")
async def publish(request: web.Request) -> web.Response:
    """A publisher's offer: a new session, which its video drives."""
    sdp = await read_sdp(request)
    wanted = request.query.get("portrait")
    item = request.app[PORTRAITS].first if wanted is None else found_item(request, wanted)
    caller = request.app[CALLERS].caller(request)
    try:
        session, answer = await request.app[SESSIONS].open(item, {}, sdp, join_publisher, caller)
    except BadOfferError as error:
        raise refusal(web.HTTPBadRequest, str(error)) from error
    return _created(request, f"/whip/{quote(session.id)}", session.id, answer)


@routes.post("/whep")
@routes.post("/whep/{session:[^/]*}")
async def watch(request: web.Request) -> web.Response:
    """A player's offer: one more viewer."""
    sdp = await read_sdp(request)
    sessions = request.app[SESSIONS]
    wanted = request.match_info.get("session") or request.query.get("session")
    if not wanted:
        raise refusal(
            web.HTTPNotFound,
            "this address names no session: watch /whep/ID, as the page's Browser source link does",
        )
    session = sessions.find_watched(wanted)
    if session is None:
        raise refusal(
            web.HTTPNotFound,
            "this session is not on camera: start it first, then watch it",
            headers={"Retry-After": "2"},
        )
    caller = request.app[CALLERS].caller(request)
    try:
        viewer_id, answer = await sessions.viewers.watch(session, sdp, join_viewer, caller)
    except BadOfferError as error:
        raise refusal(web.HTTPBadRequest, str(error)) from error
    return _created(request, f"/whep/{quote(viewer_id)}", viewer_id, answer)


@routes.patch("/whip/{id}")
@routes.patch("/whep/{id}")
async def trickle(request: web.Request) -> web.Response:
    """More candidates of the peer (RFC 9725, 4.3.2).

    An ICE restart is refused by 422, as 4.3.1 has it for what a session doesn't support: aiortc
    cannot restart.
    """
    peer = _peer(request)
    fragment = await read_sdp(request, FRAGMENT)
    _check_tag(request)
    lines = [line.strip() for line in fragment.splitlines()]
    if _value(lines, "ice-ufrag") not in (None, _remote_ufrag(peer.connection)):
        raise refusal(
            web.HTTPUnprocessableEntity,
            "ICE restarts are not supported: DELETE this and POST a new offer",
        )
    await _add_candidates(peer.connection, lines)
    return web.Response(status=204)


@routes.delete("/whip/{id}")
async def unpublish(request: web.Request) -> web.Response:
    """The publisher leaves; the session ends."""
    if not await request.app[SESSIONS].close(request.match_info["id"]):
        raise _gone()
    return web.Response()


@routes.delete("/whep/{id}")
async def leave(request: web.Request) -> web.Response:
    """The viewer leaves."""
    if not await request.app[SESSIONS].viewers.close(request.match_info["id"]):
        raise _gone()
    return web.Response()


@routes.options("/whip")
@routes.options("/whep")
async def tell(request: web.Request) -> web.Response:
    """What may be posted here."""
    return web.Response(
        status=204, headers={"Accept-Post": "application/sdp", "Allow": "OPTIONS, POST"}
    )


def _created(request: web.Request, path: str, resource_id: str, answer: str) -> web.Response:
    location = (request.app[SETTINGS].public_url or "") + path
    return web.Response(
        status=201,
        text=answer,
        content_type="application/sdp",
        headers={"Location": location, "ETag": _tag(resource_id), "Accept-Patch": FRAGMENT},
    )


def _tag(resource_id: str) -> str:
    """The strong entity tag of a connection's one and only ICE session."""
    return f'"{resource_id[:8]}"'


def _check_tag(request: web.Request) -> None:
    """Whether the client means this ICE session: it must say so by If-Match (RFC 9725, 4.3.1).

    Players need not: WHEP is a draft, and its author's own client sends none.
    """
    tags = request.headers.get("If-Match")
    if tags is None and not _is_publisher(request):
        return
    if tags is None:
        raise refusal(
            web.HTTPPreconditionRequired, "send If-Match with the ETag that the POST was answered"
        )
    if not {"*", _tag(request.match_info["id"])} & {tag.strip() for tag in tags.split(",")}:
        raise refusal(web.HTTPPreconditionFailed, "this connection is another one: publish again")


def _peer(request: web.Request) -> Peer:
    sessions, resource_id = request.app[SESSIONS], request.match_info["id"]
    is_publisher = _is_publisher(request)
    peer = sessions.find_driver(resource_id) if is_publisher else sessions.viewers.find(resource_id)
    if peer is None:
        raise _gone()
    return peer


def _is_publisher(request: web.Request) -> bool:
    return request.path.startswith("/whip/")


def _gone() -> web.HTTPException:
    return refusal(web.HTTPNotFound, "there is no such connection: it has ended; POST a new offer")


def _value(lines: list[str], name: str) -> str | None:
    prefix = f"a={name}:"
    return next((line.removeprefix(prefix) for line in lines if line.startswith(prefix)), None)


def _remote_ufrag(connection: RTCPeerConnection) -> str | None:
    return _value(connection.remoteDescription.sdp.splitlines(), "ice-ufrag")


async def _add_candidates(connection: RTCPeerConnection, lines: list[str]) -> None:
    """Every candidate of the fragment, with the media section that it stands in."""
    section = "0"
    count = 0
    for line in lines:
        if line.startswith("a=mid:"):
            section = line.removeprefix("a=mid:")
        elif line == "a=end-of-candidates":
            continue  # aiortc would stop listening; a peer-reflexive candidate may still come
        elif names_a_host(line):
            continue
        elif line.startswith("a=candidate:"):
            count += 1
            if count > MOST_CANDIDATES:
                raise refusal(web.HTTPBadRequest, "these are too many candidates: send fewer")
            if has_no_port(line):
                raise refusal(web.HTTPBadRequest, "this candidate's port is beyond 65535")
            try:
                candidate = candidate_from_sdp(line.removeprefix("a=candidate:"))
            except (ValueError, IndexError, AssertionError):
                raise refusal(web.HTTPBadRequest, "this is no ICE candidate") from None
            candidate.sdpMid = section
            await connection.addIceCandidate(candidate)
