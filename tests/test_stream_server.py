"""The server with real connections: the camera comes in, the portrait goes out, controls act."""

import asyncio
import io
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import av
import numpy as np
import pytest
from PIL import Image

from engine.faces.face import Face
from engine.frame import Pixels
from stream.server.app import Served
from stream.server.request_body import MOST_UPLOAD
from tests.fakes import DiscTracker, disc_picture
from tests.peers import LOCAL, SIZE, Page, disc_near, disc_place, page, server


def on_camera(
    folder: Path, test: Callable[[Page, Served], Awaitable[None]], **extra: object
) -> None:
    """Run a test with one page on camera."""

    async def run() -> None:
        async with server(folder) as (served, http), page(http, served.url, None, **extra) as peer:
            await test(peer, served)

    asyncio.run(run())


def upload(side: int = SIZE, disc: tuple[float, float] | None = (128, 128)) -> bytes:
    into = io.BytesIO()
    Image.fromarray(disc_picture(side, side, disc, 40.0)).save(into, "PNG")
    return into.getvalue()


def test_the_portrait_follows_the_camera(tmp_path: Path) -> None:
    async def test(peer: Page, _: Served) -> None:
        await peer.until(disc_near(128, 128))
        peer.camera.centre = (168, 108)
        await peer.until(disc_near(168, 108))

    on_camera(tmp_path, test)


def test_figures_come_twice_a_second(tmp_path: Path) -> None:
    async def test(peer: Page, _: Served) -> None:
        told = await peer.figures(lambda told: told["end_to_end"]["p50"] is not None)
        assert told["face"] is True
        assert told["neutral"] == "automatic"
        assert told["model_notice"] == ""
        assert told["quality"] == {"size": SIZE, "reason": None}
        assert told["recording"] is False
        assert {"wait", "find", "read", "render", "step", "encode"} <= set(told["stages"])

    on_camera(tmp_path, test)


def test_controls_act_on_the_next_pictures(tmp_path: Path) -> None:
    async def test(peer: Page, _: Served) -> None:
        await peer.until(disc_near(128, 128))
        peer.camera.centre = (168, 128)
        await peer.until(disc_near(168, 128))
        status, state = await peer.patch(gains={"pose": 0.5})
        assert (status, state["settings"]["gains"]) == (200, {"pose": 0.5})
        await peer.until(disc_near(148, 128))
        await peer.patch(mirror_output=True)
        await peer.until(disc_near(255 - 148, 128))
        await peer.patch(mode="expression", mirror_output=False)
        await peer.until(disc_near(128, 128))

    on_camera(tmp_path, test)


def test_settings_of_the_offer_hold_from_the_first_picture(tmp_path: Path) -> None:
    async def test(peer: Page, _: Served) -> None:
        assert peer.session["settings"]["mode"] == "expression"
        peer.camera.centre = (168, 128)
        await peer.figures(lambda told: told["frames"] > 10)
        assert disc_near(128, 128)(await peer.until(lambda _: True))

    on_camera(tmp_path, test, settings={"mode": "expression"})


def test_a_paused_picture_stays_while_the_camera_goes_on(tmp_path: Path) -> None:
    async def test(peer: Page, _: Served) -> None:
        await peer.until(disc_near(128, 128))
        await peer.patch(paused=True)
        peer.camera.centre = (188, 128)
        sent = peer.camera.sent
        while peer.camera.sent < sent + 15:
            assert disc_near(128, 128)(await peer.until(lambda _: True))
        await peer.patch(paused=False)
        await peer.until(disc_near(188, 128))

    on_camera(tmp_path, test)


def test_recalibrating_takes_the_next_face_as_neutral(tmp_path: Path) -> None:
    async def test(peer: Page, _: Served) -> None:
        await peer.until(disc_near(128, 128))
        peer.camera.centre = (178, 128)
        await peer.until(disc_near(178, 128))
        address = f"{peer.url}/api/sessions/{peer.session['id']}/recalibrate"
        async with peer.http.post(address) as response:
            assert response.status == 200
        await peer.until(disc_near(128, 128))
        await peer.figures(lambda told: told["neutral"] == "yours")

    on_camera(tmp_path, test)


def test_an_uploaded_portrait_is_swapped_in_while_the_stream_runs(tmp_path: Path) -> None:
    async def test(peer: Page, _: Served) -> None:
        await peer.until(disc_near(128, 128))
        form = aiohttp.FormData(quote_fields=False)  # as browsers send it
        form.add_field("file", upload(disc=(60, 190)), filename="../../etc/Aunt Ada.png")
        async with peer.http.post(f"{peer.url}/api/portraits", data=form) as response:
            added = await response.json()
            assert (response.status, added["name"]) == (201, "Aunt Ada")
        async with peer.http.get(peer.url + added["url"]) as response:
            assert (response.status, response.content_type) == (200, "image/jpeg")
        async with peer.http.get(f"{peer.url}/api/portraits") as response:
            assert [item["name"] for item in await response.json()] == ["disc", "Aunt Ada"]
        status, state = await peer.patch(portrait=added["id"])
        assert (status, state["portrait"]) == (200, added["id"])
        await peer.until(disc_near(60, 190))

    on_camera(tmp_path, test)


def test_a_recording_holds_what_was_shown(tmp_path: Path) -> None:
    async def test(peer: Page, _: Served) -> None:
        address = f"{peer.url}/api/sessions/{peer.session['id']}/recording"
        await peer.until(disc_near(128, 128))
        async with peer.http.get(address) as response:
            assert response.status == 422
        async with peer.http.post(address, json={"on": True}) as response:
            assert (response.status, await response.json()) == (200, {"recording": True})
        peer.camera.centre = (168, 128)
        await peer.until(disc_near(168, 128))
        before = peer.camera.sent
        await peer.figures(lambda told: told["recording"] and peer.camera.sent > before + 30)
        async with peer.http.post(address, json={"on": False}) as response:
            assert await response.json() == {"recording": False}
        async with peer.http.get(address) as response:
            assert (response.status, response.content_type) == (200, "video/mp4")
            content = await response.read()
        with av.open(io.BytesIO(content), "r") as clip:
            pictures = [picture.to_ndarray(format="rgb24") for picture in clip.decode(video=0)]
        assert len(pictures) >= 20
        assert disc_near(168, 128)(np.asarray(pictures[-1], np.uint8))

    on_camera(tmp_path, test)


def test_two_sessions_run_side_by_side_and_a_third_is_refused(tmp_path: Path) -> None:
    async def run() -> None:
        limited = replace(LOCAL, most_sessions=2)
        async with (
            server(tmp_path, limited) as (served, http),
            page(http, served.url) as first,
            page(http, served.url) as second,
        ):
            await first.until(disc_near(128, 128))
            await second.until(disc_near(128, 128))
            second.camera.centre = (90, 128)
            await second.until(disc_near(90, 128))
            await first.until(disc_near(128, 128))
            third = Page(http, served.url)
            assert await third.start() == 503
            assert "all 2 places are taken" in third.session["error"]
            await third.close()
            async with http.delete(f"{first.url}/api/sessions/{first.session['id']}") as response:
                assert response.status == 204
            async with page(http, served.url) as again:
                await again.until(disc_near(128, 128))

    asyncio.run(run())


def test_a_server_for_one_says_that_its_only_place_is_taken(tmp_path: Path) -> None:
    async def run() -> None:
        async with (
            server(tmp_path, replace(LOCAL, most_sessions=1)) as (served, http),
            page(http, served.url) as first,
        ):
            await first.until(disc_near(128, 128))
            second = Page(http, served.url)
            assert await second.start() == 503
            assert "the only place is taken" in second.session["error"]
            await second.close()

    asyncio.run(run())


def test_a_peer_that_hangs_up_gives_its_place_back(tmp_path: Path) -> None:
    async def run() -> None:
        async with server(tmp_path, replace(LOCAL, most_sessions=1)) as (served, http):
            async with page(http, served.url) as first:
                await first.until(disc_near(128, 128))
            for _ in range(100):
                again = Page(http, served.url)
                status = await again.start()
                if status == 201:
                    await again.until(disc_near(128, 128))
                await again.close()
                if status == 201:
                    return
                await asyncio.sleep(0.1)
            pytest.fail("the place was never given back")

    asyncio.run(run())


def test_a_silent_camera_loses_its_place_only_when_it_is_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stream.server.sessions.SILENT_S", 1.0)

    async def run() -> None:
        async with (
            server(tmp_path, replace(LOCAL, most_sessions=1)) as (served, http),
            page(http, served.url) as silent,
        ):
            await silent.until(disc_near(128, 128))
            early = Page(http, served.url)
            assert await early.start() == 503
            await early.close()
            silent.camera.is_silent = True
            await asyncio.sleep(1.5)
            assert (await silent.patch(paused=False))[0] == 200
            async with page(http, served.url) as next_one:
                await next_one.until(disc_near(128, 128))
                assert (await silent.patch(paused=False))[0] == 404

    asyncio.run(run())


class FailingTracker(DiscTracker):
    """Fails while there is a disc in the left upper corner."""

    def find(self, picture: Pixels, now_ns: int | None = None) -> Face | None:
        face = super().find(picture)
        if face is not None and face.landmarks[468, 0] < 60:
            raise ZeroDivisionError("the model failed")
        return face


def test_an_exception_in_the_model_leaves_the_last_picture_and_the_track_alive(
    tmp_path: Path,
) -> None:
    async def run() -> None:
        async with (
            server(tmp_path, make_tracker=FailingTracker) as (served, http),
            page(http, served.url) as peer,
        ):
            await peer.until(disc_near(128, 128))
            peer.camera.centre = (45, 45)
            await peer.figures(lambda told: told["failures"] > 3)
            assert disc_near(128, 128)(await peer.until(lambda _: True))
            peer.camera.centre = (160, 128)
            await peer.until(disc_near(160, 128))

    asyncio.run(run())


def test_a_portrait_without_a_driver_is_still(tmp_path: Path) -> None:
    async def test(peer: Page, _: Served) -> None:
        peer.camera.centre = None
        await peer.figures(lambda told: told["frames"] > 45 and not told["face"])
        place = disc_place(await peer.until(lambda _: True))
        assert place is not None

    on_camera(tmp_path, test)


VIDEO = "v=0\r\nm=video 9 RTP/AVP 96\r\n"


@pytest.mark.parametrize(
    ("body", "status", "sentence"),
    [
        ({"sdp": "garbage", "type": "offer"}, 400, "not SDP"),
        ({"sdp": f"{VIDEO}a=fingerprint:sha-256 AA\r\n", "type": "offer"}, 400, "cannot be used"),
        ({"sdp": VIDEO, "type": "offer"}, 400, "no fingerprint"),
        ({"sdp": 7, "type": "offer"}, 400, "send"),
        ({"sdp": "v=0", "type": "answer"}, 400, "send"),
        ({"sdp": "v=0", "portrait": "nobody"}, 404, "no such portrait"),
        ({"sdp": "v=0", "settings": {"mode": "sideways"}}, 422, "mode must be one of"),
        ({"sdp": "v=0", "settings": {"gains": {"lips": 9}}}, 422, "must lie in"),
        ({"sdp": "v=0", "settings": {"gains": {"nose": 1}}}, 422, "unknown factor"),
        ({"sdp": "v=0", "settings": {"paused": "yes"}}, 422, "true or false"),
        ({"sdp": "v=0", "settings": {"colour": 1}}, 422, "no setting"),
        ({"sdp": "v=0", "settings": {"freeze_pose": True}}, 422, "--model rig"),
    ],
)
def test_a_bad_offer_is_refused_with_a_sentence_and_takes_no_place(
    tmp_path: Path, body: dict[str, Any], status: int, sentence: str
) -> None:
    async def run() -> None:
        async with server(tmp_path, replace(LOCAL, most_sessions=1)) as (served, http):
            for _ in range(2):
                address = f"{served.url}api/sessions"
                async with http.post(address, json=body) as response:
                    told = await response.json()
                    assert (response.status, sentence in told["error"]) == (status, True), told

    asyncio.run(run())


@pytest.mark.parametrize(
    ("content", "status", "sentence"),
    [
        (b"GIF89a" + bytes(100), 415, "JPEG, PNG or WebP"),
        (upload()[:900], 422, "damaged"),
        (upload(disc=None), 422, "no face was found"),
        (bytes(MOST_UPLOAD + 1), 413, "too large"),
    ],
)
def test_a_bad_portrait_is_refused_with_a_sentence(
    tmp_path: Path, content: bytes, status: int, sentence: str
) -> None:
    async def run() -> None:
        async with server(tmp_path) as (served, http):
            form = aiohttp.FormData()
            form.add_field("file", io.BytesIO(content), filename="me.png")
            for data in (io.BytesIO(content), form):
                async with http.post(f"{served.url}api/portraits", data=data) as response:
                    told = await response.json()
                    assert (response.status, sentence in told["error"]) == (status, True), told

    asyncio.run(run())


def test_stopping_the_server_ends_everything_within_seconds(tmp_path: Path) -> None:
    async def run() -> float:
        async with server(tmp_path) as (served, http):
            peer = Page(http, served.url)
            await peer.start()
            await peer.until(disc_near(128, 128))
            began = time.monotonic()
        await peer.close()
        return time.monotonic() - began

    assert asyncio.run(run()) < 10.0
