"""Recordings outlive their session for a while, and never pile up."""

import asyncio
from pathlib import Path

from stream.server.recordings import KEPT_S, MOST_KEPT, Recordings
from tests.peers import disc_near, page, server


def files(folder: Path, count: int) -> list[Path]:
    paths = [folder / f"{index}.mp4" for index in range(count)]
    for path in paths:
        path.write_bytes(b"a film")
    return paths


def test_a_recording_is_kept_for_its_time_and_then_deleted(tmp_path: Path) -> None:
    now_s = 100.0
    recordings = Recordings(lambda: now_s)
    (path,) = files(tmp_path, 1)
    recordings.keep("s", path)
    now_s += KEPT_S - 1
    assert recordings.find("s") == path
    now_s += 2
    assert recordings.find("s") is None
    assert not path.exists()


def test_the_oldest_leaves_where_there_are_too_many(tmp_path: Path) -> None:
    recordings = Recordings()
    paths = files(tmp_path, MOST_KEPT + 2)
    for index, path in enumerate(paths):
        recordings.keep(str(index), path)
    assert [path.exists() for path in paths] == [False] * 2 + [True] * MOST_KEPT
    assert recordings.find("2") == paths[2]


def test_a_recording_outlives_its_connection(tmp_path: Path) -> None:
    async def run() -> None:
        async with server(tmp_path) as (served, http), page(http, served.url) as peer:
            session = f"{peer.url}/api/sessions/{peer.session['id']}"
            await peer.until(disc_near(128, 128))
            async with http.post(f"{session}/recording", json={"on": True}) as response:
                assert response.status == 200
            before = peer.camera.sent
            await peer.figures(lambda told: told["recording"] and peer.camera.sent > before + 10)
            async with http.delete(session) as response:
                assert response.status == 204
            async with http.post(f"{session}/recording", json={"on": False}) as response:
                assert response.status == 404
            async with http.get(f"{session}/recording") as response:
                assert (response.status, response.content_type) == (200, "video/mp4")
                assert len(await response.read()) > 1000
            async with http.get(f"{peer.url}/api/sessions/another/recording") as response:
                assert response.status == 404

    asyncio.run(run())
