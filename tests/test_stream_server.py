"""The server with real connections: the camera comes in, the portrait goes out, controls act."""

import asyncio
from pathlib import Path

from tests.peers import disc_near, page, server


def test_the_portrait_follows_the_camera(tmp_path: Path) -> None:
    async def run() -> None:
        async with server(tmp_path) as (served, http), page(http, served.url) as peer:
            await peer.until(disc_near(128, 128))
            peer.camera.centre = (168, 108)
            await peer.until(disc_near(168, 108))

    asyncio.run(run())


def test_figures_come_twice_a_second(tmp_path: Path) -> None:
    async def run() -> None:
        async with server(tmp_path) as (served, http), page(http, served.url) as peer:
            told = await peer.figures(lambda told: told["end_to_end"]["p50"] is not None)
            assert told["face"] is True
            assert told["quality"] == {"size": 256, "reason": None}
            assert {"find", "read", "render", "encode"} <= set(told["stages"])

    asyncio.run(run())
