"""The eight points of a portrait that a browser brought are shown, tried and put by its API."""

import asyncio
import io
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import numpy as np
import pytest
from PIL import Image

from engine.faces.by_hand import points_of
from engine.faces.face import Face
from engine.fit_lines import LINES
from engine.frame import Pixels
from stream.files.portrait_file import portrait_bytes
from stream.files.portrait_layout import KeptPortrait
from stream.server.app import Served
from stream.server.decoders import Decoders
from tests.faces_made import made_face, textured
from tests.peers import browser, server
from tests.portraits_made import made_portrait

FACE = made_face()
GREY = 90
"""A picture of this level shows no face."""


class FindsIt:
    """Finds the made face in every picture but a grey one."""

    def find(self, picture: Pixels, now_ns: int | None = None) -> Face | None:
        return None if (picture == GREY).all() else FACE

    def reset(self) -> None:
        """Nothing is remembered."""


def png(picture: Pixels) -> bytes:
    into = io.BytesIO()
    Image.fromarray(picture).save(into, "PNG")
    return into.getvalue()


async def ask(
    http: aiohttp.ClientSession, method: str, address: str, **sent: object
) -> tuple[int, Any]:
    async with http.request(method, address, **sent) as response:  # type: ignore[arg-type]
        is_json = response.content_type == "application/json"
        return response.status, await (response.json() if is_json else response.read())


def run(folder: Path, act: Callable[[Served, aiohttp.ClientSession], Awaitable[None]]) -> None:
    async def whole() -> None:
        async with server(folder, make_tracker=FindsIt) as (served, http):
            await act(served, http)

    asyncio.run(whole())


def moved(**by: tuple[float, float]) -> dict[str, list[float]]:
    points = {name: [x, y] for name, (x, y) in points_of(FACE).items()}
    for name, (dx, dy) in by.items():
        points[name] = [points[name][0] + dx, points[name][1] + dy]
    return points


def test_points_are_shown_tried_put_saved_and_put_back(tmp_path: Path) -> None:
    async def act(served: Served, http: aiohttp.ClientSession) -> None:
        base = served.url.rstrip("/")
        status, added = await ask(http, "POST", f"{base}/api/portraits", data=png(textured()))
        assert (status, added["doubts"]) == (201, [])
        assert "file" not in added
        place = base + added["points"]

        _, shown = await ask(http, "GET", place)
        assert (shown["width"], shown["height"]) == (256, 256)
        assert shown["found"] == shown["points"]
        assert set(shown["lines"]) == set(LINES)

        wanted = {"points": moved(lips=(0.0, 6.0))}
        _, tried = await ask(http, "POST", f"{place}/fit", json=wanted)
        below = np.subtract(tried["lines"]["inner_lips"], shown["lines"]["inner_lips"])
        assert below[:, 1].max() > 5.0
        assert (await ask(http, "GET", place))[1]["points"] == shown["points"]

        status, put = await ask(http, "PUT", place, json=wanted)
        assert (status, put["id"]) == (200, added["id"])
        _, now = await ask(http, "GET", place)
        assert now["points"]["lips"][1] == pytest.approx(shown["points"]["lips"][1] + 6.0, abs=0.11)
        assert now["found"] == shown["found"]

        _, file = await ask(http, "GET", base + put["file"])
        kept = await Decoders().open(file)
        assert isinstance(kept, KeptPortrait)
        x, y = points_of(FACE)["lips"]
        assert points_of(kept.face)["lips"] == pytest.approx((x, y + 6.0), abs=0.1)
        _, again = await ask(http, "POST", f"{base}/api/portraits", data=file)
        assert again["doubts"] == []

        await ask(http, "PUT", place, json={"points": shown["found"]})
        assert (await ask(http, "GET", place))[1]["points"] == shown["points"]

    run(tmp_path, act)


def test_what_cannot_be_meant_is_said_and_changes_nothing(tmp_path: Path) -> None:
    async def act(served: Served, http: aiohttp.ClientSession) -> None:
        base = served.url.rstrip("/")
        _, listed = await ask(http, "GET", f"{base}/api/portraits")  # whose cookie is kept
        _, added = await ask(http, "POST", f"{base}/api/portraits", data=png(textured()))
        place = base + added["points"]
        _, before = await ask(http, "GET", place)
        for points, said in (
            (None, "no points are named"),
            ({"nose": [1, 2]}, "'nose' is none of"),
            ({"chin": [1e9, 2]}, "chin is not"),
            (moved(chin=(0.0, -200.0)), "right and left are taken for each other"),
        ):
            status, answer = await ask(http, "PUT", place, json={"points": points})
            assert status == 422
            assert said in answer["error"]
        assert (await ask(http, "GET", place))[1] == before
        bundled = f"{base}/api/portraits/{listed[0]['id']}/points"
        assert (await ask(http, "PUT", bundled, json={"points": moved()}))[0] == 403
        async with browser() as stranger:
            assert (await ask(stranger, "GET", place))[0] == 404

    run(tmp_path, act)


def test_a_picture_without_a_face_is_taken_where_its_points_are_put(tmp_path: Path) -> None:
    async def act(served: Served, http: aiohttp.ClientSession) -> None:
        base, grey = served.url.rstrip("/"), png(np.full((200, 320, 3), GREY, np.uint8))
        status, answer = await ask(http, "POST", f"{base}/api/portraits", data=grey)
        assert status == 422
        assert "no face was found" in answer["error"]
        _, added = await ask(http, "POST", f"{base}/api/portraits?by_hand=1", data=grey)
        assert added["doubts"] == ["face"]
        place = base + added["points"]
        _, shown = await ask(http, "GET", place)
        assert shown["found"] is None
        middle = np.mean(shown["lines"]["outline"], axis=0)
        assert middle == pytest.approx((160.0, 100.0), abs=15.0)
        status, answer = await ask(http, "PUT", place, json={"points": {"chin": [160, 150]}})
        assert status == 422
        assert "all of the eight points" in answer["error"]
        status, put = await ask(http, "PUT", place, json={"points": shown["points"]})
        assert (status, put["doubts"]) == (200, [])

    run(tmp_path, act)


def test_a_portrait_of_a_clip_keeps_its_points(tmp_path: Path) -> None:
    async def act(served: Served, http: aiohttp.ClientSession) -> None:
        base = served.url.rstrip("/")
        content = portrait_bytes(made_portrait())
        _, added = await ask(http, "POST", f"{base}/api/portraits", data=content)
        assert "points" not in added
        assert (await ask(http, "GET", f"{base}/api/portraits/{added['id']}/points"))[0] == 409

    run(tmp_path, act)
