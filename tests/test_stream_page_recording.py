"""A recording reaches its user whatever ends the page, the session or the server."""

import re
from pathlib import Path

import pytest

pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytest.importorskip("aiortc", reason="aiortc is not installed")

from playwright.sync_api import Page, expect

from tests.page.browser import CHROMIUM, Opener, start
from tests.page.fake_server import FakeServer, until
from tests.page.fixtures import browser, opened, playwright, server

__all__ = ["browser", "opened", "playwright", "server"]
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium: apt-get install chromium"),
]


def record(page: Page) -> None:
    start(page)
    page.get_by_test_id("record").click()
    expect(page.locator("#recording-flag")).to_be_visible()


def leaves(page: Page) -> list[str]:
    """The questions that the browser asks from now on; each is answered by yes."""
    asked: list[str] = []

    def answer(dialog: object) -> None:
        asked.append(dialog.type)  # type: ignore[attr-defined]
        dialog.accept()  # type: ignore[attr-defined]

    page.on("dialog", answer)
    return asked


def test_a_reload_is_warned_of_and_offers_the_recording_again(
    opened: Opener, server: FakeServer
) -> None:
    page = opened()
    record(page)
    asked = leaves(page)
    page.reload()
    assert asked == ["beforeunload"]
    offer = page.locator(".toast.offer")
    expect(offer).to_contain_text("not saved yet")
    with page.expect_download() as download:
        offer.get_by_role("button", name="Save").click()
    assert Path(download.value.path()).read_bytes() == b"a film"
    expect(offer).to_have_count(0)
    page.reload()
    page.get_by_test_id("portrait-p0-ada").wait_for()
    expect(offer).to_have_count(0)
    assert asked == ["beforeunload"], "nothing was left to warn of"


def test_a_saved_recording_is_neither_warned_of_nor_offered(
    opened: Opener, server: FakeServer
) -> None:
    page = opened()
    record(page)
    with page.expect_download():
        page.get_by_test_id("record").click()
    expect(page.locator("#recording-flag")).to_be_hidden()
    asked = leaves(page)
    page.reload()
    page.get_by_test_id("portrait-p0-ada").wait_for()
    assert not asked
    expect(page.locator(".toast.offer")).to_have_count(0)


def test_the_next_visit_offers_it_and_may_delete_it(opened: Opener, server: FakeServer) -> None:
    page = opened()
    record(page)
    server.kill_sessions()  # as a server that was started again
    page.close()
    again = page.context.new_page()
    again.goto(server.url)
    offer = again.locator(".toast.offer")
    offer.get_by_role("button", name="Delete").click()
    expect(offer).to_have_count(0)
    assert not server.films


def test_what_could_not_be_fetched_is_offered_until_it_can(
    opened: Opener, server: FakeServer
) -> None:
    page = opened()
    record(page)
    server.behaviour.is_recording_kept_back = True
    page.get_by_test_id("record").click()
    offer = page.locator(".toast.offer")
    offer.get_by_role("button", name="Save").click()
    # The answer to this click, not the one before that led to the offer.
    expect(
        page.locator(".toast.trouble", has_text=re.compile("^The server failed"))
    ).to_be_visible()
    expect(offer).to_be_visible()
    server.behaviour.is_recording_kept_back = False
    with page.expect_download():
        offer.get_by_role("button", name="Save").click()
    expect(offer).to_have_count(0)


def test_a_recording_that_ends_by_itself_is_saved_and_the_reason_said(
    opened: Opener, server: FakeServer
) -> None:
    page = opened()
    record(page)
    server.behaviour.problem = "The disk is full."
    with page.expect_download():
        page.wait_for_timeout(500)  # figures that say it goes on
        for session in server.sessions.values():
            session.is_recording = False
    expect(page.locator(".toast.trouble")).to_contain_text("The disk is full.")
    expect(page.locator("#recording-flag")).to_be_hidden()


def test_of_a_recording_that_never_began_the_reason_is_said(
    opened: Opener, server: FakeServer
) -> None:
    page = opened()
    record(page)
    server.behaviour.problem = "The disk is full."
    server.films.clear()
    page.get_by_test_id("record").click()
    expect(page.locator(".toast.trouble")).to_have_text(re.compile("The disk is full."))
    asked = leaves(page)
    page.reload()
    page.get_by_test_id("portrait-p0-ada").wait_for()
    assert not asked


def test_another_tab_neither_ends_nor_offers_a_running_recording(
    opened: Opener, server: FakeServer
) -> None:
    page = opened()
    record(page)
    other = page.context.new_page()
    other.goto(server.url)
    other.get_by_test_id("portrait-p0-ada").wait_for()
    other.wait_for_timeout(500)
    expect(other.locator(".toast.offer")).to_have_count(0)
    assert server.asked_for("POST", "/recording") == [{"on": True}]
    with page.expect_download():
        page.get_by_test_id("record").click()


def test_a_recording_that_the_server_no_longer_has_is_forgotten(
    opened: Opener, server: FakeServer
) -> None:
    page = opened()
    record(page)
    leaves(page)
    server.kill_sessions()
    server.films.clear()
    page.close()
    again = page.context.new_page()
    again.clock.install()
    again.goto(server.url)
    again.get_by_test_id("portrait-p0-ada").wait_for()

    def is_forgotten() -> bool:
        again.clock.run_for(1000)
        return bool(again.evaluate("localStorage.getItem('understudy.unsaved') === '[]'"))

    assert until(is_forgotten)
    expect(again.locator(".toast.offer")).to_have_count(0)
