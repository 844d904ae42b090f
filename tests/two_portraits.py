"""A portrait for each of two people on camera, told apart by the ground behind the disc."""

import io

import aiohttp
from PIL import Image

from engine.frame import Pixels
from stream.server.app import Served
from tests.fakes import GROUND, disc_picture
from tests.peers import SIZE

GROUNDS = ((40, 40, 200), (40, 200, 40))
"""Blue and green: what is behind the disc of each portrait."""


def portrait(owner: int) -> Pixels:
    """The picture of the first (0) or the second (1)."""
    picture = disc_picture(SIZE, SIZE, (128, 128), 40.0)
    picture[(picture == GROUND).all(axis=2)] = GROUNDS[owner]
    return picture


def as_png(picture: Pixels) -> bytes:
    written = io.BytesIO()
    Image.fromarray(picture).save(written, "PNG")
    return written.getvalue()


async def upload(http: aiohttp.ClientSession, served: Served, picture: Pixels) -> str:
    """Put a portrait on the server, as a page does; its id."""
    async with http.get(f"{served.url}api/portraits") as response:
        await response.read()  # the cookie
    async with http.post(f"{served.url}api/portraits", data=as_png(picture)) as response:
        assert response.status == 201, await response.text()
        return str((await response.json())["id"])
