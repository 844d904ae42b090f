"""Serves the page that opens the camera, until it has brought its figures or is given up."""

import logging
import math
import secrets
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from threading import Event
from typing import Any

import cv2
import numpy as np
from aiohttp import web

from benchmarks.camera.marks import FilmedMarks
from benchmarks.camera.settings import CameraSettings
from benchmarks.glass import serving as glass
from benchmarks.glass.chromium import DRIVING
from benchmarks.glass.stamped import Stamped, StampedTracker
from engine.frame import Pixels
from stream.cli.factories import load_model, tracker_maker
from stream.files.clips import Clip
from stream.server.app import serve
from stream.server.settings import TOKEN_BYTES, ServerSettings

logger = logging.getLogger(__name__)

PAGES = (Path(__file__).parent / "page", glass.PAGES)
SHEET_SIDE, SHEET_COLUMNS, SHEET_COUNT = 192, 10, 60
"""The faces that the page shows to the camera, in one picture; page/camera.js has the same."""
TURN_KEYS = {"kind", "latencies", "at", "unread", "misread", "repeated", "seconds"}

Turn = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Brought:
    """What the page measured."""

    turns: list[Turn]
    refresh_ms: float
    """From one picture of the screen to the next."""
    camera: dict[str, Any]
    """Width, height and frame rate, as the browser states them."""
    read_ms: list[float]
    """What looking for the code took in the server: it is part of every figure."""


def measure(
    settings: CameraSettings, on_address: Callable[[str], None], stop: Event
) -> Brought | None:
    """Serve until the page has brought its figures; None where `stop` was set before."""
    marks, brought = FilmedMarks(), list[Brought]()
    make_tracker = tracker_maker("mesh")
    plain = load_model(settings.model, refine=settings.refine, backend=settings.backend)
    # A stamped motion is this model's alone: the server's protocol cannot name its type.
    model: Any = Stamped(plain, marks=marks)
    with tempfile.TemporaryDirectory() as folder:
        _lay_out(Path(folder))
        serve(
            ServerSettings(
                port=settings.port,
                token=secrets.token_urlsafe(TOKEN_BYTES),
                portrait=Path(settings.portrait),
                size=settings.size,
                adapts=False,
                most_sessions=1,
                pages=Path(folder),
            ),
            model=model,
            make_tracker=lambda: StampedTracker(make_tracker(), marks),
            on_address=on_address,
            stop=stop,
            more=_routes(settings, marks, brought, stop),
        )
    return brought[0] if brought else None


def _routes(
    settings: CameraSettings, marks: FilmedMarks, brought: list[Brought], stop: Event
) -> list[web.AbstractRouteDef]:
    async def asked(request: web.Request) -> web.Response:
        return web.json_response(settings.asked())

    async def measured(request: web.Request) -> web.Response:
        try:
            brought.append(checked(await request.json(), list(marks.read_ms)))
        except (ValueError, TypeError, KeyError) as error:
            logger.warning("the page brought no figures: %s", error)
            raise web.HTTPBadRequest(text="these are no figures of this page") from None
        stop.set()
        return web.Response(status=204)

    return [web.get("/api/asked", asked), web.post("/api/measured", measured)]


def checked(told: Any, read_ms: list[float]) -> Brought:  # noqa: ANN401 (JSON)
    """What a page told, as far as it can be figures.

    Raises:
        ValueError, TypeError, KeyError: it cannot.
    """
    turns = []
    for turn in told["turns"]:
        kept = {name: turn[name] for name in sorted(TURN_KEYS)}
        numbers = [*kept["latencies"], *kept["at"], kept["seconds"]]
        if kept["kind"] not in ("echo", "model") or not all(map(math.isfinite, numbers)):
            raise ValueError("a turn is none")
        turns.append(kept)
    camera = {name: told["camera"].get(name) for name in ("width", "height", "frameRate")}
    return Brought(turns=turns, refresh_ms=float(told["refreshMs"]), camera=camera, read_ms=read_ms)


def _lay_out(folder: Path) -> None:
    """The page's files, and the faces it shows, in one folder."""
    for pages in PAGES:
        for path in pages.iterdir():
            if not (folder / path.name).exists():
                shutil.copy(path, folder)
    cv2.imwrite(str(folder / "faces.jpg"), face_sheet()[..., ::-1])


def face_sheet() -> Pixels:
    """Pictures of the bundled clip, row by row."""
    rows = SHEET_COUNT // SHEET_COLUMNS
    sheet = np.zeros((rows * SHEET_SIDE, SHEET_COLUMNS * SHEET_SIDE, 3), np.uint8)
    for number, frame in enumerate(islice(Clip(DRIVING).frames(), SHEET_COUNT)):
        row, column = divmod(number, SHEET_COLUMNS)
        place = sheet[row * SHEET_SIDE :, column * SHEET_SIDE :]
        place[:SHEET_SIDE, :SHEET_SIDE] = cv2.resize(
            frame.pixels, (SHEET_SIDE, SHEET_SIDE), interpolation=cv2.INTER_AREA
        )
    return sheet
