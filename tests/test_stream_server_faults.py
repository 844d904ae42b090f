"""Faults on demand: the track lives, the picture shows it, recovers, and the log says it once."""

import asyncio
import logging
import os
import subprocess
import sys
import time
from pathlib import Path

import aiohttp
import numpy as np
import pytest

from engine.frame import Frame, Pixels
from engine.reenactor import Reenactor
from engine.slot import LatestSlot
from stream.files import faults
from stream.files.faults import FAULTS, SWITCH, Fault, armed, happens, read_switch
from stream.server.app_keys import SESSIONS
from stream.session import loop as frame_loop
from stream.session.loop import DIMMED_AFTER_S, FrameLoop, dimmed
from tests.fakes import DiscTracker, Shift, ShiftModel, disc_face, disc_frame, disc_picture
from tests.peers import SOON_S, Page, disc_near, page, server


def reenactor() -> Reenactor[Shift]:
    made = Reenactor(model=ShiftModel(), tracker=DiscTracker())
    made.set_portrait(disc_picture(160, 120, (80, 60)), disc_face((80, 60), 20))
    return made


def is_grey(pixels: Pixels) -> bool:
    """The disc of the tests is magenta; of a dimmed picture nothing is."""
    return int(np.ptp(pixels.astype(int), axis=2).max()) < 60


def test_without_the_switch_there_are_none() -> None:
    assert not faults.any_armed()
    assert not any(happens(fault) for fault in FAULTS)


def test_each_happens_as_often_as_it_was_asked_for() -> None:
    with armed({"step.error": 2}) as left:
        assert [happens("step.error") for _ in range(3)] == [True, True, False]
        assert not happens("disk.full")
        assert left["step.error"] == 0
    assert not faults.any_armed()


@pytest.mark.parametrize("text", ["step", "step.error", "step.error:x", "what:1", "step.error:-1"])
def test_a_switch_that_cannot_be_meant_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no fault such as"):
        read_switch(text)


def test_the_switch_is_read_at_the_start() -> None:
    ask = (
        "from stream.files.faults import happens; print(happens('disk.full'), happens('step.nan'))"
    )
    done = subprocess.run(
        [sys.executable, "-c", ask],
        env={**os.environ, SWITCH: "disk.full:1"},
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    assert done.stdout.split() == ["True", "False"]


@pytest.mark.parametrize("fault", ["step.error", "step.nan", "step.memory"])
def test_steps_that_fail_leave_the_picture_then_dim_it_and_recover(
    fault: Fault, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(frame_loop, "DIMMED_AFTER_S", 0.2)
    source: LatestSlot[Frame] = LatestSlot()
    with caplog.at_level(logging.WARNING), FrameLoop(reenactor(), source) as running:
        results = running.subscribe()
        source.put(disc_frame(0, (60, 60)))
        good = results.take(SOON_S)
        assert good is not None
        with armed({fault: 1_000_000}):
            began_s, shown = time.monotonic(), None
            while shown is None and time.monotonic() < began_s + SOON_S:
                source.put(disc_frame(1, (62, 60)))
                shown = results.take(0.02)
            assert shown is not None
            assert np.array_equal(shown.pixels, dimmed(good.pixels))
            for _ in range(10):  # once, and not again
                source.put(disc_frame(2, (62, 60)))
                assert results.take(0.05) is None
        assert running.report().failures >= 2
        source.put(disc_frame(3, (60, 60)))
        again = results.take(SOON_S)
        assert again is not None
        assert not is_grey(again.pixels)
    said = [record.getMessage() for record in caplog.records]
    assert sum("a step failed" in line for line in said) == 1
    assert sum("steps work again" in line for line in said) == 1


def test_a_short_failure_is_not_shown() -> None:
    source: LatestSlot[Frame] = LatestSlot()
    with FrameLoop(reenactor(), source) as running:
        results = running.subscribe()
        source.put(disc_frame(0, (60, 60)))
        assert results.take(SOON_S) is not None
        with armed({"step.error": 1}):
            source.put(disc_frame(1, (62, 60)))
            until_s = time.monotonic() + SOON_S
            while running.report().failures == 0 and time.monotonic() < until_s:
                time.sleep(0.005)
            assert running.report().failures == 1
        source.put(disc_frame(2, (62, 60)))
        shown = results.take(SOON_S)
        assert shown is not None
        assert not is_grey(shown.pixels)
    assert DIMMED_AFTER_S >= 0.5


@pytest.mark.parametrize(
    ("fault", "times"),
    [("step.stall", 3), ("encoder.error", 5), ("camera.freeze", 30), ("clock.jump", 1)],
)
def test_a_track_lives_through_it(
    tmp_path: Path, fault: Fault, times: int, caplog: pytest.LogCaptureFixture
) -> None:
    """The whole way: camera, step, encoder, and a viewer who still sees what comes after."""

    async def run() -> None:
        async with server(tmp_path) as (served, http), page(http, served.url) as peer:
            await peer.until(disc_near(128, 128))
            with armed({fault: times}) as left:
                async with asyncio.timeout(SOON_S):
                    while left[fault]:  # noqa: ASYNC110
                        await asyncio.sleep(0.02)
            peer.camera.centre = (168, 128)
            await peer.until(disc_near(168, 128))
            session = served.app[SESSIONS].find(peer.session["id"])
            assert session is not None
            assert peer.connection.connectionState == "connected"

    with caplog.at_level(logging.WARNING):
        asyncio.run(run())
    failed = [record for record in caplog.records if "could not be encoded" in record.getMessage()]
    # The page's own encoder is in this process, too; each says it once.
    assert len(failed) in ((1, 2) if fault == "encoder.error" else (0,))


def test_a_full_disk_ends_the_recording_and_nothing_else(tmp_path: Path) -> None:
    async def run() -> None:
        async with server(tmp_path) as (served, http), page(http, served.url) as peer:
            await peer.until(disc_near(128, 128))
            with armed({"disk.full": 1}):
                assert (await switch(http, peer, on=True))["recording"] is True
                told = await peer.figures(lambda told: told["recording_problem"] is not None)
            assert "full" in told["recording_problem"]
            assert str(tmp_path) not in told["recording_problem"]
            peer.camera.centre = (168, 128)
            await peer.until(disc_near(168, 128))
            await switch(http, peer, on=True)
            before = peer.camera.sent
            await peer.figures(lambda told: peer.camera.sent > before + 15)
            assert "problem" not in await switch(http, peer, on=False)

    asyncio.run(run())


async def switch(http: aiohttp.ClientSession, peer: Page, *, on: bool) -> dict[str, object]:
    address = f"{peer.url}/api/sessions/{peer.session['id']}/recording"
    async with http.post(address, json={"on": on}) as response:
        assert response.status == 200, await response.text()
        told: dict[str, object] = await response.json()
        return told
