"""Recordings outlive their session for a while, and never pile up."""

import asyncio
import os
import re
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest
from PIL import Image

from stream.server.recordings import KEPT_S, LOCK, MOST_KEPT, SAVED_KEPT_S, Recordings
from tests.fakes import disc_picture
from tests.peers import Page, disc_near, page, server
from tests.video_files import pictures_of


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


def opened(folder: Path) -> Recordings:
    recordings = Recordings()
    recordings.open(folder)
    return recordings


def recorded(recordings: Recordings, session_id: str, number: int = 1) -> Path:
    path = recordings.place(session_id, number)
    Image.new("RGB", (64, 64)).save(path.with_suffix(".png"))
    path.with_suffix(".png").rename(path)  # FFmpeg looks into a file, not at its name
    recordings.keep(session_id, path, number)
    return path


def test_the_next_run_takes_over_what_was_not_saved(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    first = opened(tmp_path)
    paths = [recorded(first, "secret", number) for number in (1, 2)]
    recorded(first, "other")
    first.saved("other")
    first.close()
    assert str(paths[0].parent) in caplog.text
    assert "secret" not in "".join([caplog.text, *map(str, tmp_path.rglob("*"))])
    caplog.clear()
    second = opened(tmp_path)
    assert str(paths[0].parent) in caplog.text
    assert [second.find("secret", number) for number in (1, 2, 3)] == [*paths, None]
    assert second.find("secret") == paths[1]
    assert second.find("other") is None
    assert second.delete("secret", 1)
    assert not second.delete("secret", 1)
    second.saved("secret")
    second.close()
    assert list(tmp_path.iterdir()) == []


def test_a_run_that_goes_on_keeps_its_recordings_to_itself(tmp_path: Path) -> None:
    first = opened(tmp_path)
    path = recorded(first, "a")
    second = opened(tmp_path)
    assert second.find("a") is None
    second.close()
    assert first.find("a") == path
    assert path.exists()


def test_of_a_run_that_was_killed_what_plays_is_kept_and_the_rest_deleted(tmp_path: Path) -> None:
    killed = opened(tmp_path)
    path = recorded(killed, "a")
    path.rename(path.with_stem(f"{path.stem}.unfinished"))
    recorded(killed, "saved")
    killed.saved("saved")
    begun = killed.place("b", 1)
    begun.with_stem(f"{begun.stem}.unfinished").write_bytes(bytes(48))
    (path.parent / "mine.txt").write_text("not ours")
    os.close(killed._locks.popitem()[1])  # as the system does
    taken = opened(tmp_path)
    assert taken.find("a") == path
    assert taken.find("b") is None
    assert taken.find("saved") is None
    assert sorted(file.name for file in path.parent.iterdir()) == [LOCK, "mine.txt", path.name]


def test_a_saved_recording_is_soon_deleted_and_leaves_first(tmp_path: Path) -> None:
    now_s = 100.0
    recordings = Recordings(lambda: now_s)
    paths = files(tmp_path, MOST_KEPT)
    for index, path in enumerate(paths):
        recordings.keep(str(index), path)
    recordings.saved("5")
    recordings.keep("new", files(tmp_path / "..", 1)[0])
    assert [path.exists() for path in paths] == [index != 5 for index in range(MOST_KEPT)]
    recordings.saved("7")
    now_s += SAVED_KEPT_S + 1
    assert recordings.find("7") is None
    assert recordings.find("8") == paths[8]


def test_each_recording_of_a_session_is_one_of_its_own(tmp_path: Path) -> None:
    async def run() -> None:
        async with server(tmp_path) as (served, http), page(http, served.url) as peer:
            await peer.until(disc_near(128, 128))
            address = f"{peer.url}/api/sessions/{peer.session['id']}/recording"
            for number in (1, 2):
                async with http.post(address, json={"on": True}) as response:
                    assert response.headers["Location"].endswith(f"/recording?number={number}")
                before = peer.camera.sent
                while peer.camera.sent < before + 20:  # noqa: ASYNC110
                    await asyncio.sleep(0.05)
                async with http.post(address, json={"on": False}) as response:
                    assert await response.json() == {"recording": False}
            contents = []
            for query in ("", "?number=1", "?number=2", "?number=1"):  # as often as wanted
                async with http.get(address + query) as response:
                    assert response.status == 200
                    contents.append(await response.read())
            assert contents[0] == contents[2] != contents[1] == contents[3]
            async with http.delete(address + "?number=1") as response:
                assert response.status == 204
            for query, status in (("?number=1", 404), ("?number=x", 400), ("?number=2", 200)):
                async with http.head(address + query) as response:
                    assert response.status == status

    asyncio.run(run())


def test_without_a_folder_the_server_runs_and_recording_is_refused(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "file"))

    async def run() -> None:
        async with server(tmp_path) as (served, http), page(http, served.url) as peer:
            address = f"{peer.url}/api/sessions/{peer.session['id']}/recording"
            async with http.post(address, json={"on": True}) as response:
                assert response.status == 422
                assert str(tmp_path) not in await response.text()

    asyncio.run(run())
    assert "--recordings" in caplog.text


@dataclass(kw_only=True)
class Process:
    """`understudy serve` with the fake model, in a process of its own."""

    process: asyncio.subprocess.Process
    url: str
    said: list[str]

    async def end(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        assert self.process.stderr is not None
        self.said.append((await self.process.stderr.read()).decode())
        return await self.process.wait()


@asynccontextmanager
async def process(folder: Path, **environment: str) -> AsyncIterator[Process]:
    portrait = folder / "disc.png"
    Image.fromarray(disc_picture(256, 256, (128, 128), 40.0)).save(portrait)
    command = [sys.executable, "-c", LIMITED, "serve", "--portrait", str(portrait)]
    options = ["--port", "0", "--no-token", "--size", "256", "--frame", "full", "--recordings"]
    running = await asyncio.create_subprocess_exec(
        *command,
        *options,
        str(folder / "kept"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "NO_COLOR": "1", "COLUMNS": "300", **environment},
    )
    try:
        assert running.stdout is not None
        url = (await running.stdout.readline()).decode().strip()
        yield Process(process=running, url=url, said=[])
    finally:
        if running.returncode is None:
            running.kill()


LIMITED = """
import os, resource, runpy, sys
if room := os.environ.get("ROOM"):
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(room), int(room)))
sys.argv[:1] = ["fakes", "0"]
runpy.run_module("tests.run_with_fakes", run_name="__main__")
"""


async def record(peer: Page, pictures: int) -> None:
    """Begin a recording, and wait for so many pictures of the camera."""
    address = f"{peer.url}/api/sessions/{peer.session['id']}/recording"
    await peer.until(disc_near(128, 128))
    async with peer.http.post(address, json={"on": True}) as response:
        assert response.status == 200
    before = peer.camera.sent
    await peer.figures(lambda told: peer.camera.sent > before + pictures)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGKILL])
def test_recordings_outlive_their_server(tmp_path: Path, number: signal.Signals) -> None:
    """A finished one and a running one; the next server gives both to who made them."""

    async def run() -> None:
        async with aiohttp.ClientSession() as http:
            async with (
                process(tmp_path) as first,
                page(http, first.url) as running,
                page(http, first.url) as finished,
            ):
                await record(finished, 20)
                address = f"{first.url}api/sessions/{finished.session['id']}"
                async with http.post(f"{address}/recording", json={"on": False}) as response:
                    assert response.status == 200
                await record(running, 60)
                code = await first.end(number)
                assert code == (-signal.SIGKILL if number == signal.SIGKILL else 0)
                assert "Traceback" not in first.said[0]
                (folder,) = (tmp_path / "kept").iterdir()
                assert (str(folder) in first.said[0]) == (number != signal.SIGKILL)
                films = sorted(folder.glob("*.mp4"))
                assert len(films) == 2
                assert all(len(pictures_of(film)) > 10 for film in films)
            async with process(tmp_path) as second:
                for peer in (running, finished):
                    address = f"{second.url}api/sessions/{peer.session['id']}/recording"
                    async with http.get(address) as response:
                        assert response.status == 200
                        assert len(await response.read()) > 1000
                assert await second.end(signal.SIGTERM) == 0
            assert str(folder) in second.said[0]
            assert "2 recording(s) of an earlier run" in second.said[0]
            ids = [peer.session["id"] for peer in (running, finished)]
            assert not any(name in text for name in ids for text in (first.said[0], str(films)))
            assert list((tmp_path / "kept").iterdir()) == [], "both were saved"

    asyncio.run(run())


@pytest.mark.slow
def test_on_a_full_disk_a_recording_ends_with_what_was_written_and_says_so(
    tmp_path: Path,
) -> None:
    """A limit on the size of files fails as a full disk does."""

    async def run() -> None:
        async with (
            aiohttp.ClientSession() as http,
            process(tmp_path, ROOM="12000") as served,
            page(http, served.url) as peer,
        ):
            address = f"{served.url}api/sessions/{peer.session['id']}/recording"
            await record(peer, 10)
            while (await peer.figures(lambda told: True))["recording"]:
                peer.camera.centre = (peer.camera.sent % 100 + 60, 128)
            async with http.post(address, json={"on": False}) as response:
                problem = (await response.json())["problem"]
            assert re.match(r"the recording ended early: .*File too large.* saved up to", problem)
            assert str(tmp_path) not in problem
            async with http.get(address) as response:
                assert response.status == 200
                (tmp_path / "got.mp4").write_bytes(await response.read())
            assert len(pictures_of(tmp_path / "got.mp4")) > 3
            assert await served.end(signal.SIGTERM) == 0

    asyncio.run(run())
