"""A real Chromium for measuring, without a window, driven by playwright."""

import os
import shutil
import stat
import tempfile
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any

import cv2

from engine.errors import UnderstudyError
from engine.installing import install
from stream.files.clips import Clip

DRIVING = Path(__file__).parents[2] / "stream" / "assets" / "driving.mp4"
FACES = 150
"""Pictures of it that are shown, there and back."""
NAMES = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
)  # fmt: skip


class NoBrowserError(UnderstudyError):
    """There is no Chromium, or nothing to drive it with; says which."""


def find_chromium() -> str:
    """Its path; NoBrowserError where it, or its driver, is missing."""
    path = next((found for name in NAMES if (found := shutil.which(name))), None)
    if path is None:
        raise NoBrowserError("there is no Chromium here: apt-get install chromium")
    try:
        import playwright.sync_api  # noqa: F401
    except ImportError:
        advice = f"nothing here drives Chromium: {install('playwright')}"
        raise NoBrowserError(advice) from None
    return path


@contextmanager
def browser(inside: tuple[str, ...] = (), arguments: tuple[str, ...] = ()) -> Iterator[Any]:
    """A browser of playwright's; `inside` comes before its command, such as a namespace's."""
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        path = find_chromium()
        if inside:
            path = _wrapped(Path(folder), (*inside, path))
        opened = playwright.chromium.launch(executable_path=path, args=[*ARGUMENTS, *arguments])
        try:
            yield opened
        finally:
            opened.close()


@contextmanager
def page_at(opened: Any, address: str) -> Iterator[Any]:  # noqa: ANN401 (playwright's own)
    """The measuring page, ready; what breaks in it is an error here."""
    # The faces come with the call, as addresses that the server's own policy would refuse.
    context = opened.new_context(bypass_csp=True)
    page = context.new_page()
    page.goto(address)
    page.wait_for_function("() => window.ready === true")
    try:
        yield page
    finally:
        context.close()


@lru_cache(maxsize=1)
def faces() -> list[str]:
    """Pictures of the bundled clip as addresses that hold them: the page decodes them ahead."""
    pictures = [frame.pixels for frame in islice(Clip(DRIVING).frames(), FACES)]
    jpegs = [cv2.imencode(".jpg", picture[..., ::-1])[1].tobytes() for picture in pictures]
    return [f"data:image/jpeg;base64,{b64encode(jpeg).decode()}" for jpeg in jpegs]


def _wrapped(folder: Path, command: tuple[str, ...]) -> str:
    """A program that runs another one inside something: playwright takes a path alone."""
    path = folder / "chromium"
    path.write_text(f'#!/bin/sh\nexec {" ".join(command)} "$@"\n')
    os.chmod(path, path.stat().st_mode | stat.S_IXUSR)  # noqa: PTH101
    return str(path)
