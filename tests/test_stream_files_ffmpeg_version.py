"""An FFmpeg with known holes serves nobody."""

import asyncio
from pathlib import Path

import av
import pytest

from engine.errors import MachineError
from stream.files.ffmpeg_version import LEAST, check_ffmpeg, version_of
from tests.peers import server


@pytest.mark.parametrize("text", ["8.1.2", "n8.1.2", "8.1.3-0ubuntu1", "8.2", "9.0.1", "10.0"])
def test_a_new_one_is_taken(text: str) -> None:
    check_ffmpeg(text)


@pytest.mark.parametrize(
    "text", ["8.1.1", "8.1", "8.0.9", "7.1.3-static", "n6.0", "N-120000-gabcdef", "git-2026", ""]
)
def test_an_old_one_and_one_that_cannot_be_told_are_refused(text: str) -> None:
    with pytest.raises(MachineError, match=r"needs 8\.1\.2 or newer.*pip install --upgrade av"):
        check_ffmpeg(text)


def test_ours_says_which_one_it_is() -> None:
    found = version_of(av.ffmpeg_version_info)
    assert found is not None
    assert found >= LEAST


def test_no_server_starts_with_an_old_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(av, "ffmpeg_version_info", "8.1.1")

    async def run() -> None:
        async with server(tmp_path):
            raise AssertionError("it started")

    with pytest.raises(MachineError, match=r"8\.1\.1"):
        asyncio.run(run())
