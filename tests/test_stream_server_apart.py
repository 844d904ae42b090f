"""Two people on camera at once never get a picture of each other, nor the other's portrait.

Each portrait has a colour of its own in every picture. `UNDERSTUDY_APART=100000` runs for so many
pictures of each.
"""

import asyncio
import os
from pathlib import Path

import numpy as np
import pytest

from engine.frame import Pixels
from tests.peers import SIZE, SOON_S, Page, browser, page, server
from tests.two_portraits import GROUNDS, portrait, upload

PICTURES = int(os.environ.get("UNDERSTUDY_APART", "300"))


def whose(pixels: Pixels) -> int:
    """Whose portrait a picture shows: the colour of its corners tells; -1 is nobody's."""
    edge = SIZE // 16
    corners = [pixels[y, x].astype(int) for y in (edge, -edge) for x in (edge, -edge)]
    found = {
        next((n for n, ground in enumerate(GROUNDS) if np.abs(corner - ground).max() < 60), -1)
        for corner in corners
    }
    return found.pop() if len(found) == 1 else -1


async def shown(peer: Page, owner: int) -> None:
    await peer.until(lambda pixels: whose(pixels) == owner)


async def watch(peer: Page, owner: int, count: int) -> int:
    """How many pictures of this viewer showed whose portrait; anything else is a crossing."""
    crossed = 0
    for number in range(count):
        peer.camera.centre = (108 + 20 * owner + number % 20, 128)
        _, picture = await asyncio.wait_for(peer.pictures.get(), SOON_S)
        crossed += whose(np.asarray(picture.to_ndarray(format="rgb24"), np.uint8)) != owner
    return crossed


@pytest.mark.slow
def test_two_people_never_see_each_others_portrait(tmp_path: Path) -> None:
    """Picture for picture; nor may one of them show the other's portrait by its id."""

    async def run() -> None:
        async with server(tmp_path) as (served, _), browser() as one, browser() as other:
            pages = []
            browsers = (one, other)
            for owner, http in enumerate(browsers):
                own = await upload(http, served, portrait(owner))
                pages.append((http, own))
            async with (
                page(pages[0][0], served.url, portrait=pages[0][1]) as first,
                page(pages[1][0], served.url, portrait=pages[1][1]) as second,
            ):
                await asyncio.gather(*(shown(peer, n) for n, peer in both(first, second)))
                crossed = await asyncio.gather(
                    *(watch(peer, owner, PICTURES) for owner, peer in both(first, second))
                )
                assert crossed == [0, 0]
                status, _ = await first.patch(portrait=pages[1][1])
                assert status == 404
                assert await watch(first, 0, 10) == 0

    asyncio.run(run())


def both(first: Page, second: Page) -> list[tuple[int, Page]]:
    return [(0, first), (1, second)]


def test_a_crossing_would_be_seen() -> None:
    """The control: each portrait is known as its own, and as nobody else's."""
    for owner in (0, 1):
        assert whose(portrait(owner)) == owner
    assert whose(np.zeros((SIZE, SIZE, 3), np.uint8)) == -1
