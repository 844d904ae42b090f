"""Puts the server together, and runs it until it is told to stop."""

import asyncio
import logging
import os
import socket
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from threading import Event
from typing import Any

import cv2
from aiohttp import web

from engine.errors import MachineError, OutputError
from engine.faces.face import Tracker
from engine.folders import user_data
from engine.model import Model
from engine.rig.mixer import RigMixer
from stream.output_place import reason_of
from stream.server import api, pages, whip
from stream.server.bodies import MOST_UPLOAD
from stream.server.guard import WILDCARDS, Guard, middleware
from stream.server.hall import Hall
from stream.server.parts import HALL, SETTINGS, SHELF, STUDIO
from stream.server.recordings import Recordings
from stream.server.settings import ServerSettings
from stream.server.shelf import Shelf
from stream.server.studio import Studio

logger = logging.getLogger(__name__)

READY_TRACKERS = 1
"""Made before the first person comes; more are made when they are needed."""
SWITCH_S = 0.001
"""How long one Python thread may keep the others waiting. At 5 ms, the default, a packet that
arrives during a step waits that long."""
LOOK_UP_S = 0.1


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
    model: Model[Any],
    make_tracker: Callable[[], Tracker],
    make_mixer: Callable[[], RigMixer] | None = None,
) -> AsyncIterator[Served]:
    """A server that is up for the length of the block."""
    async with AsyncExitStack() as stack:
        listener = stack.enter_context(_listening(settings))
        port = int(listener.getsockname()[1])
        recordings = _recordings(settings)
        stack.callback(recordings.close)
        studio = Studio(
            model=model,
            make_tracker=make_tracker,
            make_mixer=make_mixer,
            framing=settings.framing,
        )
        stack.callback(studio.close)
        shelf = Shelf()
        await studio.open(READY_TRACKERS)
        await studio.with_examiner(lambda tracker: shelf.stock(settings.portrait, tracker))
        hall = Hall(studio, settings, recordings)
        stack.push_async_callback(hall.close_all)
        care = asyncio.create_task(hall.look_after())
        stack.push_async_callback(_cancelled, care)
        app = application(settings, Guard(settings, port), shelf, studio, hall)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        await web.SockSite(runner, listener).start()
        yield Served(url=_url(settings, port), port=port, app=app)


def application(
    settings: ServerSettings, guard: Guard, shelf: Shelf, studio: Studio, hall: Hall
) -> web.Application:
    """All addresses behind one guard."""
    app = web.Application(middlewares=[middleware(guard)], client_max_size=MOST_UPLOAD + 4096)
    app[SETTINGS], app[SHELF], app[STUDIO], app[HALL] = settings, shelf, studio, hall
    for part in (api, whip, pages):
        app.add_routes(part.routes)
    return app


def serve(
    settings: ServerSettings,
    *,
    model: Model[Any],
    make_tracker: Callable[[], Tracker],
    make_mixer: Callable[[], RigMixer] | None = None,
    told: Callable[[str], None],
    stop: Event,
) -> None:
    """Serve until `stop` is set; `told` gets the address once the server is up."""
    sys.setswitchinterval(SWITCH_S)
    cv2.setNumThreads(1)

    async def run() -> None:
        async with serving(
            settings, model=model, make_tracker=make_tracker, make_mixer=make_mixer
        ) as served:
            told(served.url)
            while not stop.is_set():  # noqa: ASYNC110 (set by a signal handler)
                await asyncio.sleep(LOOK_UP_S)

    asyncio.run(run())


def _listening(settings: ServerSettings) -> socket.socket:
    """A socket of our own, so that the real port is known before a request comes."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        return socket.create_server((settings.host, settings.port), family=family)
    except OSError as error:
        raise MachineError(
            f"cannot listen on {settings.host}:{settings.port} "
            f"({os.strerror(error.errno or 0)}): another program may use this port; "
            "choose one with --port, or --port 0 for any"
        ) from error


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
    host = settings.host
    if host in WILDCARDS:
        host = socket.gethostname()
    if ":" in host:
        host = f"[{host}]"
    token = "" if settings.token is None else f"#token={settings.token}"
    return f"http://{host}:{port}/{token}"


async def _cancelled(task: "asyncio.Task[None]") -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
