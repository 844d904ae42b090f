"""The API of an enrolment: in order, out of order, by others, and with nothing left behind."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from aiortc import MediaStreamTrack
from av import VideoFrame

from stream.files.portrait_reader import load_portrait
from stream.server.app import Served
from stream.server.app_keys import SHARED_WORK
from stream.session import enrolment
from stream.session.prompts import PROMPTS, Prompt
from tests.peers import Page, browser, server
from tests.people_filmed import Actor, head

PICTURE = head()


class HeadCamera(MediaStreamTrack):
    """A webcam before a head, 30 times a second."""

    kind = "video"

    def __init__(self) -> None:
        super().__init__()
        self._sent, self._began = 0, time.monotonic()

    async def recv(self) -> VideoFrame:
        await asyncio.sleep(max(0.0, self._began + self._sent / 30 - time.monotonic()))
        picture = VideoFrame.from_ndarray(PICTURE, "rgb24")
        picture.pts, picture.time_base = self._sent * 3000, Fraction(1, 90_000)
        self._sent += 1
        return picture


class Stage:
    """A page on camera, and the person whom its session's tracker finds."""

    def __init__(self, served: Served, peer: Page, actor: Actor) -> None:
        self.served, self.peer, self.actor = served, peer, actor
        self.place = f"{served.url}api/sessions/{peer.session['id']}/enrolment"

    async def ask(
        self, method: str, rest: str = "", json: object = None, place: str | None = None
    ) -> tuple[int, Any]:
        """The status and what the answer says."""
        async with self.peer.http.request(method, (place or self.place) + rest, json=json) as got:
            is_json = got.content_type == "application/json"
            return got.status, await got.json() if is_json else await got.read()

    async def begin(self) -> None:
        assert (await self.ask("POST", json={"consent": True}))[0] == 201

    async def guided(self, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """How it goes by the first figures for which this holds."""
        told = await self.peer.figures(
            lambda told: told["enrolment"] is not None and holds(told["enrolment"])
        )
        return dict(told["enrolment"])

    async def guided_no_more(self) -> None:
        """Wait until nobody is filmed, by the figures."""
        await self.peer.figures(lambda told: told["enrolment"] is None)

    async def act(self, *prompts: Prompt) -> None:
        """Do each until the figures say that it is ticked."""
        for prompt in prompts:
            self.actor.acts = prompt
            await self.guided(partial(_has_done, prompt))

    async def finish(self, name: str = "Me") -> dict[str, Any]:
        status, made = await self.ask("POST", "/portrait", {"name": name})
        assert status == 201, made
        return dict(made)


def _has_done(prompt: Prompt, progress: dict[str, Any]) -> bool:
    return prompt in progress["done"]


@asynccontextmanager
async def stage(folder: Path) -> AsyncIterator[Stage]:
    actors: list[Actor] = []

    def made() -> Actor:
        actors.append(Actor())
        return actors[-1]

    async with server(folder, make_tracker=made) as (served, http):
        await (await http.get(f"{served.url}api/portraits")).read()  # for the cookie
        peer = Page(http, served.url)
        peer.camera = HeadCamera()  # type: ignore[assignment]
        try:
            assert await peer.start() == 201
            await peer.figures(lambda told: told["face"])
            for actor in actors[1:]:
                actor.acts = "straight"
            yield Stage(served, peer, actors[1])
        finally:
            await peer.close()


def enrolling_threads() -> list[str]:
    return [each.name for each in threading.enumerate() if each.name == "enrolment"]


@pytest.mark.slow
def test_a_person_is_filmed_made_a_portrait_shown_saved_and_forgotten(tmp_path: Path) -> None:
    async def run() -> None:
        async with stage(tmp_path) as on:
            await on.begin()
            await on.act("straight", "smile", "ee")
            status, progress = await on.ask("PATCH", json={"skip": "aah"})
            assert (status, progress["prompt"], progress["skipped"]) == (200, "ooh", ["aah"])
            status, progress = await on.ask("PATCH", json={"prompt": "eyes"})
            assert (status, progress["prompt"]) == (200, "eyes")
            await on.act("eyes")
            status, progress = await on.ask("GET")
            assert progress["enough"]
            assert progress["missing"] == [p for p in PROMPTS if p not in progress["done"]]
            made = await on.finish("../Ann's / face")
            assert (made["own"], made["name"]) == (True, "face")
            assert (await on.peer.patch(portrait=made["id"]))[0] == 200
            assert enrolling_threads() == []
            # Saved: what comes is a portrait file with the person's own parts.
            portraits = f"{on.served.url}api/portraits"
            async with on.peer.http.get(f"{on.served.url}{made['file'][1:]}") as got:
                assert got.headers["Cache-Control"] == "no-store"
                assert got.headers["Content-Disposition"].endswith("filename*=UTF-8''face.portrait")
                kept = load_portrait(await got.read())
            assert kept.picture.shape == PICTURE.shape
            assert {"mouth", "lids"} <= {each.part for each in kept.appearances}
            # Nobody else's; and gone when it is deleted.
            async with browser() as other:
                await (await other.get(portraits)).read()
                for rest in ("picture", "file"):
                    assert (await other.get(f"{portraits}/{made['id']}/{rest}")).status == 404
                listed = await (await other.get(portraits)).json()
                assert made["id"] not in [each["id"] for each in listed]
            assert (await on.ask("DELETE", f"/{made['id']}", place=portraits))[0] == 204
            assert (await on.ask("GET", f"/{made['id']}/file", place=portraits))[0] == 404

    asyncio.run(run())


def test_nothing_is_filmed_before_somebody_consents(tmp_path: Path) -> None:
    async def run() -> None:
        async with stage(tmp_path) as on:
            for body in ({}, {"consent": False}, {"consent": "yes"}):
                status, said = await on.ask("POST", json=body)
                assert status == 400
                assert "ask whoever is on camera first" in said["error"]
            assert enrolling_threads() == []
            told = await on.peer.figures(lambda told: True)
            assert told["enrolment"] is None

    asyncio.run(run())


def test_calls_out_of_order_are_refused_with_a_sentence(tmp_path: Path) -> None:
    async def run() -> None:
        async with stage(tmp_path) as on:
            early: list[tuple[str, str, object]] = [
                ("GET", "", None),
                ("PATCH", "", {"skip": "smile"}),
                ("POST", "/portrait", {}),
            ]
            for method, rest, asked in early:
                status, said = await on.ask(method, rest, asked)
                assert (status, said["error"]) == (
                    422,
                    "nobody is being filmed for a portrait: begin that first",
                )
            assert (await on.ask("DELETE"))[0] == 404
            await on.begin()
            status, said = await on.ask("POST", json={"consent": True})
            assert status == 422
            assert "already" in said["error"]
            status, said = await on.ask("POST", "/portrait", {})
            assert status == 422
            assert "not enough for a portrait yet" in said["error"]
            status, said = await on.ask("PATCH", json={"prompt": "smile"})
            assert status == 422
            assert "look straight ahead first" in said["error"]
            for body in ({}, {"skip": "nose"}, {"prompt": 3}):
                assert (await on.ask("PATCH", json=body))[0] == 400
            assert (await on.ask("POST", "/portrait", {"name": 3}))[0] == 400
            assert len(enrolling_threads()) == 1
            assert (await on.ask("DELETE"))[0] == 204
            assert enrolling_threads() == []
            await on.begin()  # and another one may begin

    asyncio.run(run())


def test_what_is_wrong_comes_with_the_figures(tmp_path: Path) -> None:
    async def run() -> None:
        async with stage(tmp_path) as on:
            await on.begin()
            on.actor.acts = None
            progress = await on.guided(lambda now: now["trouble"] is not None)
            assert progress["trouble"] == enrolment.NO_FACE
            on.actor.acts = "straight"
            await on.guided(lambda now: now["trouble"] is None)
            await on.peer.patch(paused=True)
            progress = await on.guided(lambda now: now["trouble"] is not None)
            assert progress["trouble"] == enrolment.NO_PICTURE

    asyncio.run(run())


def test_a_session_that_ends_takes_what_was_filmed_along(tmp_path: Path) -> None:
    async def run() -> None:
        async with stage(tmp_path) as on:
            await on.begin()
            await on.act("straight", "smile")
            place = on.place.removesuffix("/enrolment")
            assert (await on.ask("DELETE", place=place))[0] == 204
            assert enrolling_threads() == []
            for method, rest in (("GET", ""), ("POST", "/portrait"), ("DELETE", "")):
                status, said = await on.ask(method, rest, {} if rest else None)
                assert (status, "no such session" in said["error"]) == (404, True)

    asyncio.run(run())


def test_a_portrait_that_is_made_while_its_session_ends_is_nobodys(tmp_path: Path) -> None:
    async def run() -> None:
        async with stage(tmp_path) as on:
            await on.begin()
            await on.act("straight", "smile")
            is_due = threading.Event()
            on.served.app[SHARED_WORK].enroller.submit(is_due.wait)
            asked = asyncio.create_task(on.ask("POST", "/portrait", {}))
            await on.guided_no_more()
            assert (await on.ask("DELETE", place=on.place.removesuffix("/enrolment")))[0] == 204
            is_due.set()
            status, said = await asked
            assert (status, "the session ended" in said["error"]) == (422, True)
            listed = (await on.ask("GET", place=f"{on.served.url}api/portraits"))[1]
            assert not any(each["own"] for each in listed)

    asyncio.run(run())


def test_a_guide_that_was_left_open_ends_by_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(enrolment, "LONGEST_S", 0.3)

    async def run() -> None:
        async with stage(tmp_path) as on:
            await on.begin()
            await on.guided(lambda now: bool(now["over"]))
            status, said = await on.ask("POST", "/portrait", {})
            assert status == 422
            assert "took too long" in said["error"]
            await on.begin()

    asyncio.run(run())


def test_a_picture_that_was_brought_is_not_saved_as_a_file(tmp_path: Path) -> None:
    async def run() -> None:
        async with server(tmp_path) as (served, http):
            listed = await (await http.get(f"{served.url}api/portraits")).json()
            assert all("file" not in each for each in listed)
            address = f"{served.url}api/portraits/{listed[0]['id']}/file"
            async with http.get(address) as got:
                assert got.status == 404
                assert "only a portrait that was filmed" in (await got.json())["error"]

    asyncio.run(run())
