"""Lips and voice agree: on the way back to the peer, and in a recording."""

import asyncio
import io
from pathlib import Path
from statistics import median

import av
import numpy as np

from tests.fakes import DiscTracker
from tests.peers import SOON_S, Page, Tone, disc_near, page, server

FRAME_S = 1 / 30


def slack_s(microphone: Tone) -> float:
    """What may be off beside a frame or two: twice what this process was late with its sound."""
    return 2.0 * float(np.percentile(microphone.lags_s, 95))


PLACES = (190, 128)


async def clap(peer: Page, microphone: Tone, x: int) -> None:
    """Let the disc jump, and a tone begin at the same time."""
    peer.camera.centre = (x, 128)
    microphone.is_loud = True


def test_the_voice_comes_back_as_late_as_the_picture(tmp_path: Path) -> None:
    """Of several claps, the median: single ones lie apart by the scheduling of a busy machine."""

    async def run() -> tuple[list[float], float]:
        microphone = Tone()
        apart = []
        async with (
            server(tmp_path) as (served, http),
            page(http, served.url, microphone) as peer,
        ):
            await peer.figures(lambda told: told["end_to_end"]["p50"] is not None)
            for count in range(7):
                x = PLACES[count % 2]
                await clap(peer, microphone, x)
                heard_at = await peer.until_heard(is_loud=True)
                await peer.until(disc_near(x, 128, within=12))
                picture_s = peer.seen_at - peer.camera.moved_at
                apart.append((heard_at - microphone.loud_at) - picture_s)
                microphone.is_loud = False
                await peer.until_heard(is_loud=False)
        return apart, slack_s(microphone)

    apart, slack = asyncio.run(run())
    assert abs(median(apart)) < FRAME_S + slack, apart


def test_a_recording_has_the_voice_beside_the_face_that_made_it(tmp_path: Path) -> None:
    claps = 7

    async def run() -> tuple[bytes, list[float], float]:
        microphone = Tone()
        expected = []
        async with (
            server(tmp_path) as (served, http),
            page(http, served.url, microphone) as peer,
        ):
            address = f"{peer.url}/api/sessions/{peer.session['id']}/recording"
            await peer.until(disc_near(128, 128))
            await peer.until_heard(is_loud=False)
            async with http.post(address, json={"on": True}) as response:
                assert response.status == 200
            await camera_gives(peer, 10)
            for count in range(claps):
                x = PLACES[count % 2]
                await clap(peer, microphone, x)
                await peer.until(disc_near(x, 128))
                await camera_gives(peer, 10)
                # The tone's first piece was over when it was given: it had begun 20 ms earlier.
                expected.append((microphone.loud_at - 0.02) - peer.camera.moved_at)
                microphone.is_loud = False
                await camera_gives(peer, 10)
            async with http.post(address, json={"on": False}) as response:
                assert response.status == 200
            async with http.get(address) as response:
                return await response.read(), expected, slack_s(microphone)

    content, expected, slack = asyncio.run(run())
    tones, jumps = tones_begin(content), disc_jumps(content)
    assert len(jumps) == claps
    assert len(tones) > claps // 2
    # On a busy machine a tone may be broken in two: the beginning that is nearest counts.
    off = [
        min((tone - jump - apart for tone in tones), key=abs)
        for jump, apart in zip(jumps, expected, strict=True)
    ]
    assert abs(median(off)) < 2 * FRAME_S + slack, (off, slack)


async def camera_gives(peer: Page, count: int) -> None:
    """Wait for so many pictures of the camera."""
    before = peer.camera.sent
    async with asyncio.timeout(SOON_S):
        while peer.camera.sent < before + count:  # noqa: ASYNC110
            await asyncio.sleep(0.01)


def disc_jumps(content: bytes) -> list[float]:
    """When the disc changes places, in the film's time."""
    places, times = [], []
    with av.open(io.BytesIO(content), "r") as film:
        for picture in film.decode(video=0):
            face = DiscTracker().find(np.asarray(picture.to_ndarray(format="rgb24"), np.uint8))
            assert face is not None
            places.append(float(face.landmarks[468, 0]))
            times.append(float(picture.time or 0.0))
    return [times[at] for at in np.flatnonzero(np.abs(np.diff(places)) > 30) + 1]


def tones_begin(content: bytes) -> list[float]:
    """When each tone begins after a silence, in the film's time."""
    begins, silent_since_s = [], 0.0
    with av.open(io.BytesIO(content), "r") as film:
        for sound in film.decode(audio=0):
            loud = np.flatnonzero(np.abs(sound.to_ndarray()).max(axis=0) > 0.1)
            if not loud.size:
                continue
            first, last = (
                float(sound.time or 0.0) + float(at) / sound.sample_rate
                for at in (loud[0], loud[-1])
            )
            if first - silent_since_s > 0.2:
                begins.append(first)
            silent_since_s = last
    return begins
