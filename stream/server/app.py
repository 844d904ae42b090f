"""Puts the server together, and runs it until it is told to stop."""

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from threading import Event
from urllib.parse import quote

from aiohttp import web

from engine.errors import OutputError
from engine.faces.face import Tracker
from engine.folders import user_data
from engine.model import AnyModel
from stream.files.ffmpeg_version import check_ffmpeg
from stream.files.output_place import reason_of
from stream.server import api, enrolments, pages, points, whip
from stream.server.app_keys import (
    BUSY,
    CALLERS,
    DECODERS,
    PORTRAITS,
    SESSIONS,
    SETTINGS,
    SHARED_WORK,
    UPLOADS,
)
from stream.server.callers import Callers
from stream.server.decoders import Decoders
from stream.server.guard import WILDCARDS, Guard, middleware
from stream.server.listening import letting_in, listening, tls_of
from stream.server.portrait_list import PortraitList
from stream.server.process import prepare
from stream.server.recordings import Recordings
from stream.server.request_body import FORM_ROOM, MOST_UPLOAD
from stream.server.sessions import Sessions
from stream.server.settings import ServerSettings
from stream.server.shared_work import SharedWork
from stream.server.tokens import keep_secret
from stream.server.uploads import Uploads

logger = logging.getLogger(__name__)

READY_TRACKERS = 1
"""Made before the first person comes; more are made when they are needed."""
LOOK_UP_S = 0.1
TIDY_EVERY_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A server that is up."""

    url: str
    """The one address to open, with the token in its fragment, which no log sees."""
    port: int
    app: web.Application


@asynccontextmanager
async def serving(
    settings: ServerSettings,
    *,
    model: AnyModel,
    make_tracker: Callable[[], Tracker],
    more: Iterable[web.AbstractRouteDef] = (),
) -> AsyncIterator[Served]:
    """A server that is up for the length of the block; `more` are routes of whoever runs it."""
    check_ffmpeg()
    async with AsyncExitStack() as stack:
        tls = tls_of(settings)
        if settings.token is not None:
            keep_secret(settings.token, lasts=True)
        listener = stack.enter_context(listening(settings))
        port = int(listener.getsockname()[1])
        recordings = _recordings(settings)
        stack.callback(recordings.close)
        shared = SharedWork(
            model=model,
            make_tracker=make_tracker,
            framing=settings.framing,
        )
        stack.callback(shared.close)
        stack.push_async_callback(shared.closings.end)
        portraits = PortraitList()
        await shared.open(READY_TRACKERS)
        await shared.with_examiner(lambda tracker: portraits.fill(settings.portrait, tracker))
        sessions = Sessions(shared, settings, recordings)
        stack.push_async_callback(sessions.close_all)
        care = asyncio.create_task(sessions.look_after())
        stack.push_async_callback(_cancelled, care)
        app = application(settings, port, portraits, shared, sessions)
        app.add_routes(more)
        tidying = asyncio.create_task(_tidied(app[UPLOADS]))
        stack.push_async_callback(_cancelled, tidying)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        await stack.enter_async_context(letting_in(runner, listener, app[BUSY], tls))
        yield Served(url=_url(settings, port), port=port, app=app)


def application(
    settings: ServerSettings,
    port: int,
    portraits: PortraitList,
    shared: SharedWork,
    sessions: Sessions,
) -> web.Application:
    """All addresses behind one guard."""
    busy: set[asyncio.BaseProtocol] = set()
    guarded = middleware(Guard(settings, port), busy)
    app = web.Application(middlewares=[guarded], client_max_size=MOST_UPLOAD + FORM_ROOM)
    app[SETTINGS], app[PORTRAITS] = settings, portraits
    app[SHARED_WORK], app[SESSIONS] = shared, sessions
    app[UPLOADS], app[DECODERS], app[BUSY] = Uploads(), Decoders(), busy
    app[CALLERS] = Callers(settings, port)
    for part in (api, enrolments, points, whip, pages):
        app.add_routes(part.routes)
    return app


def serve(
    settings: ServerSettings,
    *,
    model: AnyModel,
    make_tracker: Callable[[], Tracker],
    on_address: Callable[[str], None],
    stop: Event,
    more: Iterable[web.AbstractRouteDef] = (),
) -> None:
    """Serve until `stop` is set; `on_address` gets the address once the server is up.

    `more` are routes of whoever runs it, behind the same guard.
    """
    prepare()

    async def run() -> None:
        async with serving(settings, model=model, make_tracker=make_tracker, more=more) as served:
            on_address(served.url)
            while not stop.is_set():  # noqa: ASYNC110 (set by a signal handler)
                await asyncio.sleep(LOOK_UP_S)

    asyncio.run(run())


def _recordings(settings: ServerSettings) -> Recordings:
    recordings = Recordings()
    folder = settings.recordings or user_data() / "recordings"
    try:
        recordings.open(folder)
    except OSError as error:
        problem = f"recordings cannot be kept in {folder}: {reason_of(error)}"
        if settings.recordings is not None:
            raise OutputError(problem) from error
        logger.warning("%s", f"{problem} Name it with --recordings; until then nobody can record.")
    return recordings


def _url(settings: ServerSettings, port: int) -> str:
    token = "" if settings.token is None else f"#token={quote(settings.token, safe='')}"
    if settings.public_url is not None:
        return f"{settings.public_url}/{token}"
    host = settings.host
    if host in WILDCARDS:
        host = socket.gethostname()
    if ":" in host:
        host = f"[{host}]"
    return f"{settings.scheme}://{host}:{port}/{token}"


async def _tidied(uploads: Uploads) -> None:
    """Forget what browsers left behind, for the life of the server."""
    while True:
        await asyncio.sleep(TIDY_EVERY_S)
        uploads.tidy()


async def _cancelled(task: "asyncio.Task[None]") -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
