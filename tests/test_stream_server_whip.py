"""WHIP in and WHEP out, as RFC 9725 has them: a publisher drives, a player watches."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import aiohttp
import numpy as np
import pytest
from PIL import Image

from engine.frame import Pixels
from stream.server.app_keys import SESSIONS
from tests.fakes import disc_picture
from tests.peers import LOCAL, SIZE, SOON_S, Page, disc_near, page, server
from tests.whip_client import SDP, Client


@asynccontextmanager
async def on_air(folder: Path) -> AsyncIterator[tuple[Client, Client, aiohttp.ClientSession]]:
    """A publisher, and a player that watches it."""
    async with server(folder) as (served, http):
        publisher, player = Client(http, served.url), Client(http, served.url)
        try:
            assert await publisher.publish() == 201
            assert await player.watch(publisher.watched_at) == 201
            yield publisher, player, http
        finally:
            await player.close()
            await publisher.close()


def test_what_is_published_drives_what_is_watched(tmp_path: Path) -> None:
    async def run() -> None:
        async with on_air(tmp_path) as (publisher, player, _):
            await player.until(disc_near(128, 128))
            publisher.camera.centre = (170, 128)
            await player.until(disc_near(170, 128))

    asyncio.run(run())


def test_a_certain_session_is_watched_by_its_name(tmp_path: Path) -> None:
    async def run() -> None:
        async with on_air(tmp_path) as (publisher, player, http):
            session = publisher.location.rpartition("/")[2]
            for address in (f"/whep/{session}", f"/whep?session={session}"):
                other = Client(http, player.url)
                assert await other.watch(address) == 201
                await other.until(disc_near(128, 128))
                assert await other.send("DELETE") == 200
                await other.close()

    asyncio.run(run())


def test_nobody_is_shown_who_was_not_named(tmp_path: Path) -> None:
    """Else whoever has the address sees the person who came last."""

    async def run() -> None:
        async with on_air(tmp_path) as (_, player, _):
            for address in ("/whep", "/whep/", "/whep?session=", "/whep/newest"):
                stranger = Client(player.http, player.url)
                assert await stranger.watch(address) == 404
                await stranger.close()

    asyncio.run(run())


def test_a_name_that_the_page_chose_shows_its_newest_session_and_opens_nothing(
    tmp_path: Path,
) -> None:
    name = "a-name-of-twenty-signs"

    async def run() -> None:
        async with server(tmp_path) as (served, http):
            for place in ((128, 128), (150, 128)):
                async with page(http, served.url, watch=name) as peer:
                    peer.camera.centre = (128, 128)
                    await peer.until(disc_near(128, 128))
                    peer.camera.centre = place
                    player = Client(http, served.url)
                    assert await player.watch(f"/whep/{name}") == 201
                    await player.until(disc_near(*place))
                    async with http.delete(f"{peer.url}/api/sessions/{name}") as response:
                        assert response.status == 404
                    await player.close()
            stranger = Page(http, served.url)
            assert await stranger.start(watch="short") == 400
            await stranger.close()

    asyncio.run(run())


def test_deleting_ends_the_session_and_a_second_time_finds_nothing(tmp_path: Path) -> None:
    async def run() -> None:
        async with on_air(tmp_path) as (publisher, player, _):
            assert await player.send("DELETE") == 200
            assert await player.send("DELETE") == 404
            assert await player.send("PATCH") == 404
            assert await publisher.send("DELETE") == 200
            assert await publisher.send("DELETE") == 404

    asyncio.run(run())


def test_deleting_closes_the_publishers_connection(tmp_path: Path) -> None:
    async def run() -> None:
        async with on_air(tmp_path) as (publisher, player, _):
            await player.until(disc_near(128, 128))
            assert await publisher.send("DELETE") == 200
            async with asyncio.timeout(SOON_S):
                while publisher.connection.connectionState != "closed":  # noqa: ASYNC110
                    await asyncio.sleep(0.05)

    asyncio.run(run())


def test_players_leave_with_the_publisher(tmp_path: Path) -> None:
    async def run() -> None:
        async with on_air(tmp_path) as (publisher, player, _):
            await player.until(disc_near(128, 128))
            assert await publisher.send("DELETE") == 200
            assert await player.send("DELETE") == 404

    asyncio.run(run())


def test_candidates_may_come_later(tmp_path: Path) -> None:
    candidate = "a=candidate:1 1 UDP 2130706431 192.0.2.9 50000 typ host"

    async def run() -> None:
        async with on_air(tmp_path) as (publisher, _, _):
            sdp = publisher.connection.localDescription.sdp
            own = next(line for line in sdp.splitlines() if line.startswith("a=ice-ufrag"))
            fragment = f"{own}\r\nm=video 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:0\r\n{candidate}\r\n"
            tag = publisher.tag
            assert await publisher.send("PATCH", fragment, If_Match=tag) == 204
            assert await publisher.send("PATCH", fragment, If_Match=f'"old", {tag}') == 204
            end = fragment + "a=end-of-candidates\r\n"
            assert await publisher.send("PATCH", end, If_Match=tag) == 204
            assert await publisher.send("PATCH", "a=candidate:nonsense\r\n", If_Match=tag) == 400
            many = (candidate + "\r\n") * 65
            assert await publisher.send("PATCH", many, If_Match=tag) == 400
            json = "application/json"
            assert await publisher.send("PATCH", "{}", If_Match=tag, Content_Type=json) == 415

    asyncio.run(run())


def test_a_patch_must_name_the_ice_session_and_cannot_restart_it(tmp_path: Path) -> None:
    restart = "a=ice-ufrag:new\r\na=ice-pwd:x\r\n"

    async def run() -> None:
        async with on_air(tmp_path) as (publisher, player, _):
            for client in (publisher, player):
                assert await client.send("PATCH", If_Match='"other"') == 412
                assert await client.send("PATCH", restart, If_Match='"other"') == 412
                assert await client.send("PATCH", restart, If_Match="*") == 422
                assert await client.send("PATCH", If_Match="*") == 204
            assert await publisher.send("PATCH") == 428
            assert await publisher.send("PATCH", restart) == 428
            assert await player.send("PATCH") == 204  # WHEP's own client sends no If-Match
            assert await player.send("PATCH", restart) == 422
            await player.until(disc_near(128, 128))  # none of that did any harm

    asyncio.run(run())


@pytest.mark.parametrize(
    ("address", "headers", "body", "status"),
    [
        ("/whip", SDP, "garbage", 400),
        ("/whip", SDP, "v=0\r\nm=video 9 X 96\r\n", 400),
        ("/whip", {"Content-Type": "text/plain"}, "v=0", 415),
        ("/whip", {"Content-Type": "application/json"}, "{}", 415),
        ("/whip?portrait=nobody", SDP, "v=0", 404),
        ("/whip", SDP, "v=0" + "x" * 70_000, 413),
        ("/whep", SDP, "v=0", 404),
        ("/whep/nobody", SDP, "v=0", 404),
    ],
)
def test_a_bad_offer_is_refused(
    tmp_path: Path, address: str, headers: dict[str, str], body: str, status: int
) -> None:
    async def run() -> None:
        async with server(tmp_path) as (served, http):
            url = served.url.rstrip("/") + address
            async with http.post(url, data=body, headers=headers) as response:
                assert response.status == status
                assert "error" in await response.json()

    asyncio.run(run())


def test_methods_that_mean_nothing_here_are_refused_and_options_tell(tmp_path: Path) -> None:
    async def run() -> None:
        async with server(tmp_path) as (served, http):
            for method in ("GET", "PUT", "DELETE", "PATCH"):
                async with http.request(method, f"{served.url}whip") as response:
                    assert response.status == 405
                    assert "POST" in response.headers["Allow"]
            async with http.options(f"{served.url}whip") as response:
                assert response.status == 204
                assert response.headers["Accept-Post"] == "application/sdp"

    asyncio.run(run())


def test_a_full_server_says_when_to_come_back(tmp_path: Path) -> None:
    async def run() -> None:
        async with server(tmp_path, replace(LOCAL, most_sessions=1)) as (served, http):
            first, second = Client(http, served.url), Client(http, served.url)
            assert await first.publish() == 201
            assert await second.publish() == 503
            await first.close()
            await second.close()

    asyncio.run(run())


def test_publishing_needs_the_token_where_there_is_one(tmp_path: Path) -> None:
    async def run() -> None:
        async with server(tmp_path, replace(LOCAL, token="t" * 20)) as (served, http):
            url = served.url.partition("#")[0]
            stranger = Client(http, url)
            assert await stranger.publish() == 401
            await stranger.close()
            http.headers["Authorization"] = "Bearer " + "t" * 20
            publisher = Client(http, url)
            assert await publisher.publish() == 201
            del http.headers["Authorization"]
            assert await publisher.send("DELETE") == 401
            assert await publisher.send("PATCH") == 401
            await publisher.close()

    asyncio.run(run())


@pytest.mark.slow
def test_ffmpeg_publishes_and_leaves(tmp_path: Path) -> None:
    """FFmpeg 9's own WHIP client: it signs in with a token, sends H.264, and deletes at the end."""
    ffmpeg = pytest.importorskip("imageio_ffmpeg", reason="needs imageio-ffmpeg").get_ffmpeg_exe()
    picture = tmp_path / "driver.png"
    Image.fromarray(disc_picture(SIZE, SIZE, (170, 128), 40.0)).save(picture)
    token = "t" * 20

    async def run() -> None:
        async with server(tmp_path, replace(LOCAL, token=token)) as (served, http):
            url = served.url.partition("#")[0]
            http.headers["Authorization"] = f"Bearer {token}"
            command = [
                *(
                    ffmpeg,
                    "-v",
                    "error",
                    "-re",
                    "-loop",
                    "1",
                    "-framerate",
                    "30",
                    "-i",
                    str(picture),
                ),
                *("-t", "8", "-pix_fmt", "yuv420p", "-c:v", "libx264", "-preset", "ultrafast"),
                *("-profile:v", "baseline", "-tune", "zerolatency", "-g", "30", "-bf", "0"),
                *("-f", "whip", "-authorization", token, f"{url}whip"),
            ]
            process = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.PIPE)
            player = Client(http, url)
            async with asyncio.timeout(SOON_S):
                while not (sessions := vars(served.app[SESSIONS])["_sessions"]):  # noqa: ASYNC110
                    await asyncio.sleep(0.2)
            assert await player.watch(f"/whep/{next(iter(sessions))}") == 201
            # The first face is the neutral one, so the portrait shows itself as it is.
            await player.until(disc_near(128, 128))
            _, errors = await asyncio.wait_for(process.communicate(), 40)
            assert process.returncode == 0, errors.decode()
            assert await player.send("DELETE") == 404  # the publisher took its session along
            await player.close()

    asyncio.run(run())


@pytest.mark.slow
@pytest.mark.parametrize("size", [270, 358])
def test_page_and_player_show_the_portraits_colours_at_any_size(size: int, tmp_path: Path) -> None:
    radius = 40.0 * size / 256
    middle = size / 2 - 0.5
    expected = disc_picture(size, size, (middle, middle), radius)

    def is_right(pixels: Pixels) -> bool:
        return pixels.shape == expected.shape and bool(
            np.abs(pixels.astype(int) - expected).mean() < 4
        )

    async def run() -> None:
        settings = replace(LOCAL, size=size, adapts=False)
        async with server(tmp_path, settings) as (served, http), page(http, served.url) as caller:
            await caller.until(is_right)
            player = Client(http, served.url)
            try:
                assert await player.watch(f"/whep/{caller.session['id']}") == 201
                await player.until(is_right)
            finally:
                await player.close()

    asyncio.run(run())
