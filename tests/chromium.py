"""A real browser for tests: headless Chromium whose webcam plays a clip.

Skips with the reason where the browser, its driver or the clips are missing.
"""

import base64
import io
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from engine.frame import Pixels

ROOT = Path(__file__).parents[1]
MEDIA = ROOT.parent / "shared" / "media"
BUNDLED = ROOT / "stream" / "assets" / "driving.mp4"
"""A rendered head, in the package."""
STARTS_IN_S = 90.0

ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
)


def executable() -> str:
    """The browser's path."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        path = shutil.which(name)
        if path is not None:
            return path
    return pytest.skip("needs Chromium: apt-get install chromium")


@contextmanager
def browser(camera: Path, *arguments: str) -> Iterator[Any]:
    """A browser whose webcam plays this file, over and over."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="needs playwright")
    path = executable()
    with sync_api.sync_playwright() as playwright:
        opened = playwright.chromium.launch(
            executable_path=path,
            args=[*ARGUMENTS, f"--use-file-for-fake-video-capture={camera}", *arguments],
        )
        try:
            yield opened
        finally:
            opened.close()


def _opening(arguments: tuple[str, ...]) -> tuple[str, ...]:
    """Who gives no token wants none."""
    return arguments if "--token" in arguments else (*arguments, "--no-token")


@contextmanager
def serving(*arguments: str) -> Iterator[str]:
    """The real command in a process of its own; its address."""
    process = subprocess.Popen(
        [sys.executable, "-m", "stream.cli", "serve", "--port", "0", *_opening(arguments)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+/(#token=.+)?", address), address
        yield address.partition("#")[0]
    finally:
        process.terminate()
        _, errors = process.communicate(timeout=STARTS_IN_S)
        assert process.returncode == 0, errors
        assert "Traceback" not in errors, errors


def camera_file(
    folder: Path, source: Path = MEDIA / "driving" / "d5.mp4", seconds: int = 6
) -> Path:
    """A clip as Motion JPEG, 480 x 480, which Chromium plays at 30 frames a second."""
    if not source.exists():
        pytest.skip(f"needs the clip {source}")
    path = folder / "camera.mjpeg"
    with av.open(str(source), "r") as read, path.open("wb") as written:
        for picture in islice(read.decode(video=0), seconds * 30):
            pixels = picture.to_ndarray(format="rgb24", width=480, height=480)
            Image.fromarray(pixels).save(written, "JPEG", quality=90)
    return path


def portrait_file() -> Path:
    """A real portrait."""
    path = MEDIA / "portraits" / "astronaut.png"
    if not path.exists():
        pytest.skip(f"needs the portrait {path}")
    return path


def picture_of(data_url: str) -> Pixels:
    """The pixels of what a canvas gave."""
    content = base64.b64decode(data_url.partition(",")[2])
    return np.ascontiguousarray(
        np.asarray(Image.open(io.BytesIO(content)).convert("RGB"), np.uint8)
    )
