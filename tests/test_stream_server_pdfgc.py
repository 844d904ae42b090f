"""The server with PD-FGC behind it: seeded networks, real connections, a portrait for each of two.

With seeded weights no picture shows a face. Whose it is, is told by the portrait's own picture at
rest: what comes back while nobody is in view.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine.faces.face import Face
from engine.frame import Pixels
from engine.pdfgc.model import PdfgcModel, load_bundle
from engine.runtimes.registry import OPENVINO
from stream.session.portraits import find_face, fitted
from tests.faces_made import made_face
from tests.fakes import DiscTracker
from tests.peers import LOCAL, Page, browser, page, server
from tests.two_portraits import portrait, upload

SIDE = 256
FRAMED = replace(LOCAL, size=SIDE, framing="face", adapts=False)
NEAR = 4.0
"""Levels a pixel, on average, by which video may change a picture."""


class FaceBehindDisc(DiscTracker):
    """While there is a disc, there is a face, always in one place: the disc moves over it."""

    def find(self, picture: Pixels, now_ns: int | None = None) -> Face | None:
        found = super().find(picture, now_ns)
        return None if found is None else made_face(picture.shape[0])


@pytest.fixture(scope="module")
def model(pdfgc_bundle: Path) -> PdfgcModel:
    return load_bundle(pdfgc_bundle, OPENVINO.name, threads=1)


def at_rest(model: PdfgcModel, owner: int) -> Pixels:
    """What the portrait of this owner is by itself."""
    found = find_face(portrait(owner), FaceBehindDisc(), name=owner)
    framed = fitted(found, "face", SIDE)
    return model.enroll(framed.picture, framed.face).still()


def apart(first: Pixels, second: Pixels) -> float:
    """Levels a pixel, on average."""
    return float(np.abs(first.astype(float) - second).mean())


def shows(still: Pixels) -> Callable[[Pixels], bool]:
    return lambda pixels: apart(pixels, still) < NEAR


def moves(still: Pixels) -> Callable[[Pixels], bool]:
    return lambda pixels: apart(pixels, still) > 2 * NEAR


@asynccontextmanager
async def on_camera(folder: Path, model: PdfgcModel, count: int) -> AsyncIterator[list[Page]]:
    """So many people, each with a browser and a portrait of their own."""
    async with AsyncExitStack() as stack:
        served, _ = await stack.enter_async_context(
            server(folder, FRAMED, make_tracker=FaceBehindDisc, model=model)
        )
        pages = []
        for owner in range(count):
            http = await stack.enter_async_context(browser())
            own = await upload(http, served, portrait(owner))
            pages.append(await stack.enter_async_context(page(http, served.url, portrait=own)))
        yield pages


REFUSED: dict[str, dict[str, object]] = {
    "no gaze that is known to meet the camera": {"gaze_to_camera": True},
    "teeth can be shown by the rig alone": {"driver_teeth": True},
    "lips cannot be moved by a live sound": {"voice_lips": True},
    "PD-FGC moves whole factors, not jawOpen": {"gains": {"jawOpen": 2.0}},
}
"""What is said -> the setting that PD-FGC cannot have."""


@pytest.mark.slow
def test_pictures_come_back_and_what_it_cannot_do_is_refused_in_words(
    tmp_path: Path, model: PdfgcModel
) -> None:
    still = at_rest(model, 0)

    async def run() -> None:
        async with on_camera(tmp_path, model, 1) as [peer]:
            moved = await peer.until(moves(still))
            assert moved.shape == (SIDE, SIDE, 3)
            for words, setting in REFUSED.items():
                status, told = await peer.patch(**setting)
                assert status == 422, setting
                assert words in told["error"]
            told = await peer.figures(lambda told: told["frames"] > 0)
            assert (told["failures"], told["neutral"]) == (0, "none")
            await peer.until(moves(still))  # the stream has gone on
            for frozen in (True, False):
                status, _ = await peer.patch(gains={"lips": 0.5}, freeze_pose=frozen)
                assert status == 200
            peer.camera.centre = None
            await peer.until(shows(still))

    asyncio.run(run())


@pytest.mark.slow
def test_two_sessions_do_not_cross(tmp_path: Path, model: PdfgcModel) -> None:
    """One moves while the other rests, and then the other way round: nothing of it is seen."""
    stills = [at_rest(model, owner) for owner in (0, 1)]
    assert apart(*stills) > 4 * NEAR  # or a crossing could not be seen

    async def run() -> None:
        async with on_camera(tmp_path, model, 2) as pages:
            for mover, rester in ((0, 1), (1, 0)):
                pages[mover].camera.centre = (150, 128)
                pages[rester].camera.centre = None
                await pages[mover].until(moves(stills[mover]))
                await pages[rester].until(shows(stills[rester]))
                for number in range(20):
                    pages[mover].camera.centre = (130 + 2 * number, 128)
                    assert moves(stills[mover])(await pages[mover].until(anything))
                    assert shows(stills[rester])(await pages[rester].until(anything))

    asyncio.run(run())


def anything(pixels: Pixels) -> bool:
    """Any picture will do."""
    return True
