"""Headless Chromium for the tests of the page, and what they do on it."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Page, expect

from tests.page.fake_server import FakeServer, until

CHROMIUM = (
    shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
)
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
CAMERA = ["--use-fake-device-for-media-stream"]
ALLOWED = ["--use-fake-ui-for-media-stream"]
Opener = Callable[..., Page]


def start(page: Page) -> None:
    page.get_by_test_id("start").click()
    expect(page.locator("#status")).to_have_attribute("data-phase", "live", timeout=15_000)


def frames_shown(page: Page) -> int:
    shown = page.get_by_test_id("output").evaluate(
        "v => v.getVideoPlaybackQuality().totalVideoFrames"
    )
    assert isinstance(shown, int)
    return shown


def plays(page: Page) -> bool:
    """Whether new pictures keep coming."""
    before = frames_shown(page)
    return until(lambda: frames_shown(page) > before + 5)


def changes(server: FakeServer) -> dict[str, Any]:
    """All that the page has changed so far, the newest values winning."""
    merged: dict[str, Any] = {"gains": {}}
    for patch in [body for method, _, body in server.asked if method == "PATCH"]:
        merged["gains"].update(patch.get("gains", {}))
        merged.update({name: value for name, value in patch.items() if name != "gains"})
    return merged


def jpeg(folder: Path, name: str = "mine.jpg") -> Path:
    Image.new("RGB", (64, 64), "#446688").save(folder / name)
    return folder / name
