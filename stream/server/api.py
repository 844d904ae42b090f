"""The page's API: sessions, their controls and recordings, portraits. JSON in, JSON out."""

import asyncio
import re
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TypeVar

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter

from engine.pictures import NotAPictureError, TooLargeError
from stream.server.app_keys import CALLERS, DECODERS, PORTRAITS, SESSIONS, SHARED_WORK, UPLOADS
from stream.server.control_json import as_json
from stream.server.guard import refusal
from stream.server.peers import join_page
from stream.server.portrait_list import Item
from stream.server.request_body import read_json, read_upload
from stream.server.session import Session
from stream.server.tokens import keep_secret
from stream.webrtc.connection import BadOfferError

T = TypeVar("T")

LOOK_UP_S = 0.2
WATCH_NAME = re.compile(r"[A-Za-z0-9_-]{20,64}")

routes = web.RouteTableDef()


@routes.post("/api/sessions")
async def open_session(request: web.Request) -> web.Response:
    """An offer in, an answer out: the camera drives the portrait from now on.

    Whoever names a session that is still there takes it up again, as it was. `watch` is a name of
    the page's own choice for /whep/NAME, as hard to guess as an id.
    """
    body = await read_json(request)
    sdp, kind = body.get("sdp"), body.get("type", "offer")
    if not isinstance(sdp, str) or kind != "offer":
        raise refusal(web.HTTPBadRequest, 'send {"sdp": ..., "type": "offer"}')
    wanted = body.get("settings", {})
    if not isinstance(wanted, dict):
        raise refusal(web.HTTPBadRequest, "settings must be an object")
    watch = body.get("watch")
    if watch is not None and not (isinstance(watch, str) and WATCH_NAME.fullmatch(watch)):
        raise refusal(web.HTTPBadRequest, "watch must be 20 to 64 letters, digits, - and _")
    wanted = dict(wanted)
    portrait = body.get("portrait", wanted.pop("portrait", None))
    item = None if portrait is None else found_item(request, portrait)
    sessions, before = request.app[SESSIONS], body.get("session")
    caller = request.app[CALLERS].caller(request)
    session = sessions.find(before) if isinstance(before, str) else None
    try:
        if session is not None:
            answer = await sessions.rejoin(session, item, wanted, sdp, join_page, caller)
        else:
            item = item or request.app[PORTRAITS].first
            session, answer = await sessions.open(item, wanted, sdp, join_page, caller)
            if isinstance(before, str):
                await sessions.resume(session, before)
    except BadOfferError as error:
        raise refusal(web.HTTPBadRequest, str(error)) from error
    if watch is not None:
        keep_secret(watch)
        session.watched_as = watch
    joined = {"id": session.id, "sdp": answer, "type": "answer"}
    response = web.json_response(joined | _state(session), status=201)
    request.app[CALLERS].remember(request, response)
    return response


@routes.get("/api/sessions/{id}")
async def show_session(request: web.Request) -> web.Response:
    """The state of a session and its figures."""
    session = found_session(request)
    return web.json_response({"id": session.id} | _state(session) | {"stats": session.figures()})


@routes.patch("/api/sessions/{id}")
async def control_session(request: web.Request) -> web.Response:
    """Change settings; all that are named, or none."""
    session = found_session(request)
    wanted = await read_json(request)
    portrait = wanted.pop("portrait", None)
    item = None if portrait is None else found_item(request, portrait)
    await session.control(wanted, item)
    return web.json_response({"id": session.id} | _state(session))


@routes.delete("/api/sessions/{id}")
async def close_session(request: web.Request) -> web.Response:
    """Hang up."""
    if not await request.app[SESSIONS].close(request.match_info["id"]):
        raise _unknown_session()
    return web.Response(status=204)


@routes.post("/api/sessions/{id}/recalibrate")
async def recalibrate(request: web.Request) -> web.Response:
    """Take the next face as the neutral one."""
    session = found_session(request)
    session.recalibrate()
    return web.json_response({"id": session.id} | _state(session))


@routes.post("/api/sessions/{id}/recording")
async def switch_recording(request: web.Request) -> web.Response:
    """Begin a recording, whose place is said at once, or end it; `problem` if it is not whole."""
    session = found_session(request)
    match (await read_json(request)).get("on"):
        case True:
            place = f"/api/sessions/{session.id}/recording?number={session.record()}"
            return web.json_response({"recording": True}, headers={"Location": place})
        case False:
            await session.stop_recording()
        case _:
            raise refusal(web.HTTPBadRequest, 'send {"on": true} or {"on": false}')
    problem = session.recording_problem
    problems = {} if problem is None else {"problem": problem}
    return web.json_response({"recording": session.live.is_recording} | problems)


@routes.get("/api/sessions/{id}/recording")
async def download_recording(request: web.Request) -> web.FileResponse:
    """The finished recording, the last or `?number=`; also after its session has ended."""
    recordings, (session_id, number) = request.app[SESSIONS].recordings, _named(request)
    session = request.app[SESSIONS].find(session_id)
    is_running = session is not None and number is None and session.live.is_recording
    path = None if is_running else recordings.find(session_id, number)
    if path is None and session is not None and number is None:
        path = session.recording
    if path is None:
        raise _unknown_recording()
    return _Download(path, lambda: recordings.saved(session_id, number))


@routes.delete("/api/sessions/{id}/recording")
async def delete_recording(request: web.Request) -> web.Response:
    """Throw it away."""
    if not request.app[SESSIONS].recordings.delete(*_named(request)):
        raise _unknown_recording()
    return web.Response(status=204)


@routes.get("/api/portraits")
async def list_portraits(request: web.Request) -> web.Response:
    """The portraits that this browser may show: those of the package first, then its own."""
    callers = request.app[CALLERS]
    own = request.app[UPLOADS].of(callers.browser(request))
    response = web.json_response([item.as_json() for item in (*request.app[PORTRAITS], *own)])
    callers.remember(request, response)
    return response


@routes.post("/api/portraits")
async def add_portrait(request: web.Request) -> web.Response:
    """Take in an uploaded picture that shows a face, or a portrait file.

    With `?by_hand=1` a picture in which no face is found is taken, too: its points are put then.
    """
    uploads, browser = request.app[UPLOADS], request.app[CALLERS].browser(request)
    with uploads.arriving(browser):
        content, name = await read_upload(request)
        try:
            found = await _while_there(request, request.app[DECODERS].open(content))
        except NotAPictureError as error:
            raise refusal(web.HTTPUnsupportedMediaType, str(error)) from error
        except TooLargeError as error:
            raise refusal(_TooManyPixels, str(error)) from error
        item = await request.app[SHARED_WORK].examine(
            found, name, is_by_hand=request.query.get("by_hand") == "1"
        )
    uploads.add(item, browser)
    return web.json_response(item.as_json(), status=201)


@routes.get("/api/portraits/{id}/picture")
async def show_portrait(request: web.Request) -> web.Response:
    """A small picture of it."""
    item = found_item(request, request.match_info["id"])
    kept = "no-store" if item.is_own else "private, max-age=3600"
    return web.Response(body=item.jpeg, content_type="image/jpeg", headers={"Cache-Control": kept})


@routes.delete("/api/portraits/{id}")
async def forget_portrait(request: web.Request) -> web.Response:
    """Forget an own portrait; a session that shows it goes on until another one is chosen."""
    portrait_id = request.match_info["id"]
    if request.app[PORTRAITS].find(portrait_id) is not None:
        raise refusal(web.HTTPForbidden, "this portrait came with the server: it stays")
    if not request.app[UPLOADS].remove(portrait_id, request.app[CALLERS].browser(request)):
        raise _unknown_portrait()
    return web.Response(status=204)


async def _while_there(request: web.Request, work: Coroutine[object, None, T]) -> T:
    """Do it, unless whoever asked for it hangs up."""
    task = asyncio.ensure_future(work)
    try:
        while not task.done():
            await asyncio.wait({task}, timeout=LOOK_UP_S)
            if request.transport is None:
                raise asyncio.CancelledError
        return await task
    finally:
        task.cancel()
        await asyncio.wait({task})


def found_session(request: web.Request) -> Session:
    """The session that the address names."""
    session = request.app[SESSIONS].find(request.match_info["id"])
    if session is None:
        raise _unknown_session()
    return session


def found_item(request: web.Request, portrait_id: object) -> Item:
    """The portrait with this id, if it is everybody's or this browser's own."""
    item = None
    if isinstance(portrait_id, str):
        browser = request.app[CALLERS].browser(request)
        item = request.app[PORTRAITS].find(portrait_id)
        item = item or request.app[UPLOADS].find(portrait_id, browser)
    if item is None:
        raise _unknown_portrait()
    return item


def _unknown_portrait() -> web.HTTPException:
    return refusal(web.HTTPNotFound, "there is no such portrait: GET /api/portraits lists them")


def _unknown_session() -> web.HTTPException:
    return refusal(web.HTTPNotFound, "there is no such session: it has ended; start a new one")


def _unknown_recording() -> web.HTTPException:
    return refusal(web.HTTPNotFound, "there is no such recording: it was deleted, or never made")


def _named(request: web.Request) -> tuple[str, int | None]:
    """The session of a recording, and its number where one is given."""
    number = request.query.get("number")
    if number is not None and not (number.isdecimal() and len(number) < 7):
        raise refusal(web.HTTPBadRequest, "number must be a number")
    return request.match_info["id"], None if number is None else int(number)


def _state(session: Session) -> dict[str, object]:
    return {"settings": as_json(session.live.controls), "portrait": session.item.id}


class _Download(web.FileResponse):
    """A file for the browser's downloads; tells when all of it was sent."""

    def __init__(self, path: Path, on_sent: Callable[[], None]) -> None:
        name = {"Content-Disposition": 'attachment; filename="understudy.mp4"'}
        super().__init__(path, headers=name)
        self._on_sent = on_sent

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """Send it; raises where the other side goes away meanwhile."""
        writer = await super().prepare(request)
        if request.method == "GET" and self.status == 200:
            self._on_sent()
        return writer


class _TooManyPixels(web.HTTPClientError):
    status_code = 413
