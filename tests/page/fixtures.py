"""What every test of the page needs: a browser, a server that pretends, an opened page."""

from collections.abc import Iterator

import pytest

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

from playwright.sync_api import Browser, ConsoleMessage, Page, Playwright  # noqa: E402

from tests.page.browser import ALLOWED, CAMERA, CHROMIUM, QUIET, Opener  # noqa: E402
from tests.page.fake_server import FakeServer, fake_server  # noqa: E402


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    with sync_api.sync_playwright() as running:
        yield running


@pytest.fixture(scope="module")
def browser(playwright: Playwright) -> Iterator[Browser]:
    chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET + CAMERA + ALLOWED)
    yield chromium
    chromium.close()


@pytest.fixture
def server() -> Iterator[FakeServer]:
    with fake_server() as running:
        yield running


@pytest.fixture
def opened(browser: Browser, server: FakeServer) -> Iterator[Opener]:
    """Opens the page; whatever it breaks of the security policy fails the test."""
    complaints: list[str] = []
    contexts = []

    def heed(message: ConsoleMessage) -> None:
        if message.type == "error" and "Failed to load resource" not in message.text:
            complaints.append(message.text)

    def open_page(
        path: str = "/", *, width: int = 1280, height: int = 800, waits: bool = True
    ) -> Page:
        context = browser.new_context(viewport={"width": width, "height": height})
        contexts.append(context)
        page = context.new_page()
        page.on("console", heed)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(server.url + path)
        if waits:
            page.get_by_test_id("portrait-p0-ada").wait_for()
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []
