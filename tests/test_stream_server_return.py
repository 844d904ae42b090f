"""A page whose connection broke finds its session as it was; one that stays away loses it."""

import asyncio
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest
from aiortc import RTCSessionDescription

from stream.server import sessions
from stream.server.app import Served
from stream.server.app_keys import SESSIONS
from tests.peers import LOCAL, SOON_S, Page, disc_near, page, server
from tests.strangers import half_open_offer, offered, until, with_server


def test_a_session_is_taken_up_again_as_it_was(tmp_path: Path) -> None:
    """The driver's neutral place was left of the middle; a new session would take the middle."""

    async def run() -> None:
        async with server(tmp_path) as (served, http), page(http, served.url) as peer:
            await peer.until(disc_near(128, 128))
            peer.camera.centre = (168, 128)
            await peer.until(disc_near(168, 128))
            await peer.patch(gains={"pose": 0.5})
            recording = f"{peer.url}/api/sessions/{peer.session['id']}/recording"
            async with http.post(recording, json={"on": True}) as response:
                assert response.status == 200
            await peer.connection.close()
            async with page(http, served.url, session=peer.session["id"]) as again:
                assert again.session["id"] == peer.session["id"]
                assert again.session["settings"]["gains"] == {"pose": 0.5}
                again.camera.centre = (168, 128)
                await again.until(disc_near(148, 128))
                told = await again.figures(lambda told: told["frames"] > 0)
                assert told["recording"] is True

    asyncio.run(run())


def test_a_connection_that_still_lives_is_exchanged(tmp_path: Path) -> None:
    async def run() -> None:
        async with server(tmp_path) as (served, http), page(http, served.url) as peer:
            await peer.until(disc_near(128, 128))
            async with page(http, served.url, session=peer.session["id"]) as again:
                again.camera.centre = (150, 128)
                await again.until(disc_near(150, 128))
                async with asyncio.timeout(SOON_S):
                    while peer.connection.connectionState != "closed":  # noqa: ASYNC110
                        await asyncio.sleep(0.05)
                again.camera.centre = (170, 128)
                await again.until(disc_near(170, 128))  # its end did not end the session

    asyncio.run(run())


def test_a_session_that_has_ended_is_replaced_by_a_new_one(tmp_path: Path) -> None:
    async def run() -> None:
        async with (
            server(tmp_path) as (served, http),
            page(http, served.url, session="gone") as peer,
        ):
            assert peer.session["id"] != "gone"
            await peer.until(disc_near(128, 128))

    asyncio.run(run())


def test_a_page_that_stays_away_loses_its_session(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "RETURNS_WITHIN_S", 0.5)

    async def run() -> None:
        async with server(tmp_path) as (served, http), page(http, served.url) as peer:
            await peer.until(disc_near(128, 128))
            await peer.connection.close()
            async with asyncio.timeout(SOON_S):
                while served.app[SESSIONS].find(peer.session["id"]):  # noqa: ASYNC110
                    await asyncio.sleep(0.05)

    asyncio.run(run())


def test_a_page_that_was_silent_for_too_long_still_finds_its_neutral_face(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Everything else is released; a session that knew nothing would take the first place."""

    async def run() -> None:
        async with server(tmp_path) as (served, http), page(http, served.url) as peer:
            await peer.figures(lambda told: told["neutral"] == "automatic")
            before = peer.session["id"]
            monkeypatch.setattr(sessions, "DEAD_S", -1.0)
            async with asyncio.timeout(SOON_S):
                while served.app[SESSIONS].find(before):  # noqa: ASYNC110
                    await asyncio.sleep(0.05)
            monkeypatch.setattr(sessions, "DEAD_S", 10.0)
            again = page(http, served.url, session=before)
            async with again as returned:
                assert returned.session["id"] != before
                returned.camera.centre = (168, 128)
                await returned.until(disc_near(168, 128))
            async with page(http, served.url, session=before) as third:  # once, and no more
                third.camera.centre = (168, 128)
                await third.figures(lambda told: told["neutral"] == "automatic")
                await third.until(disc_near(128, 128))

    asyncio.run(run())


def test_a_newcomer_gets_the_place_of_a_page_that_was_lost(tmp_path: Path) -> None:
    async def run() -> None:
        limited = replace(LOCAL, most_sessions=1)
        async with server(tmp_path, limited) as (served, http), page(http, served.url) as peer:
            await peer.until(disc_near(128, 128))
            await peer.connection.close()
            async with asyncio.timeout(SOON_S):
                while served.app[SESSIONS].find_driver(peer.session["id"]):  # noqa: ASYNC110
                    await asyncio.sleep(0.05)
            async with page(http, served.url) as newcomer:
                await newcomer.until(disc_near(128, 128))

    asyncio.run(run())


def test_a_return_that_never_comes_up_leaves_the_living_connection_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "CONNECT_S", 1.0)

    async def test(served: Served, http: aiohttp.ClientSession) -> None:
        sdp = await half_open_offer()
        async with page(http, served.url) as peer:
            await peer.until(disc_near(128, 128))
            for place in (140, 150):
                assert await offered(http, served, sdp, session=peer.session["id"]) == 201
                await asyncio.sleep(2.0)
                peer.camera.centre = (place, 128)
                await peer.until(disc_near(place, 128))
            assert peer.connection.connectionState == "connected"

    with_server(tmp_path, test)


@pytest.mark.parametrize(
    ("sdp", "settings", "status"),
    [
        ("v=0\r\nm=video 9 x\r\n", {"mirror_output": True}, 400),
        ("v=0\ud800\r\nm=video 9 UDP 0\r\n", {"mirror_output": True}, 400),
        (None, {"mirror_output": True, "mode": "sideways"}, 422),
        (None, {"mirror_output": True, "gains": {"lips": 10**400}}, 422),
    ],
)
def test_a_return_that_is_refused_changes_nothing(
    tmp_path: Path, sdp: str | None, settings: dict[str, object], status: int
) -> None:
    async def test(served: Served, http: aiohttp.ClientSession) -> None:
        async with page(http, served.url) as peer:
            await peer.until(disc_near(128, 128))
            body = {
                "sdp": sdp or await half_open_offer(),
                "type": "offer",
                "session": peer.session["id"],
                "settings": settings,
            }
            async with http.post(f"{served.url}api/sessions", json=body) as response:
                assert response.status == status, await response.text()
            address = f"{served.url}api/sessions/{peer.session['id']}"
            async with http.get(address) as response:
                assert (await response.json())["settings"]["mirror_output"] is False
            peer.camera.centre = (150, 128)
            await peer.until(disc_near(150, 128))

    with_server(tmp_path, test)


def test_the_old_connection_goes_on_until_the_new_one_is_up(tmp_path: Path) -> None:
    async def test(served: Served, http: aiohttp.ClientSession) -> None:
        async with page(http, served.url) as peer:
            await peer.until(disc_near(128, 128))
            again = Page(http, served.url)
            again.connection.addTrack(again.camera)
            again.connection.on("track", again._arrived)
            await again.connection.setLocalDescription(await again.connection.createOffer())
            offer = again.connection.localDescription.sdp
            body = {"sdp": offer, "type": "offer", "session": peer.session["id"]}
            async with http.post(f"{served.url}api/sessions", json=body) as response:
                answer = await response.json()
            peer.camera.centre = (140, 128)
            await peer.until(disc_near(140, 128))  # the answer is on its way
            await again.connection.setRemoteDescription(
                RTCSessionDescription(sdp=answer["sdp"], type="answer")
            )
            again.camera.centre = (160, 128)
            await again.until(disc_near(160, 128))
            await until(lambda: peer.connection.connectionState == "closed")
            await again.close()

    with_server(tmp_path, test)
