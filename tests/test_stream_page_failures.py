"""What goes wrong on the page is said, and what can come back comes back."""

import re
from pathlib import Path

import pytest
from PIL import Image

pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytest.importorskip("aiortc", reason="aiortc is not installed")

from playwright.sync_api import Playwright, expect

from tests.page.browser import (
    ALLOWED,
    CAMERA,
    CHROMIUM,
    QUIET,
    Opener,
    changes,
    frames_shown,
    jpeg,
    plays,
    start,
)
from tests.page.fake_server import FakeServer, until
from tests.page.fixtures import browser, opened, playwright, server

__all__ = ["browser", "opened", "playwright", "server"]
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium: apt-get install chromium"),
]


def test_a_setting_the_server_refuses_is_taken_back(opened: Opener, server: FakeServer) -> None:
    page = opened()
    start(page)
    server.behaviour.refused_setting = "freeze_pose"
    page.get_by_role("switch", name="Freeze the head").click()
    expect(page.locator(".toast")).to_contain_text("This model can hold no pose: use another one.")
    expect(page.get_by_role("switch", name="Freeze the head")).not_to_be_checked()


def test_a_file_that_is_no_picture_is_refused_before_it_is_sent(
    opened: Opener, server: FakeServer, tmp_path: Path
) -> None:
    page = opened()
    (tmp_path / "notes.txt").write_text("hello")
    page.get_by_test_id("portrait-file").set_input_files(tmp_path / "notes.txt")
    expect(page.locator(".toast")).to_contain_text("notes.txt is not a JPEG, PNG or WebP")
    assert server.asked_for("POST", "/api/portraits") == []


def test_a_portrait_the_server_refuses_is_said_and_the_old_one_stays(
    opened: Opener, server: FakeServer, tmp_path: Path
) -> None:
    page = opened()
    server.behaviour.is_portrait_refused = True
    page.get_by_test_id("portrait-file").set_input_files(jpeg(tmp_path))
    expect(page.locator(".toast")).to_contain_text("mine.jpg: No face was found in the portrait.")
    expect(page.get_by_test_id("portrait-p0-ada")).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_role("button", name="Add yours")).to_be_enabled()


def test_a_full_server_is_said_with_a_way_to_try_again(opened: Opener, server: FakeServer) -> None:
    page = opened()
    server.behaviour.limit = 0
    page.get_by_test_id("start").click()
    notice = page.get_by_role("alert").filter(has_text="The server is full")
    expect(notice).to_contain_text("All 0 places are taken. Try again in a minute.")
    server.behaviour.limit = 1
    notice.get_by_role("button", name="Try again").click()
    assert plays(page)


def test_a_killed_connection_comes_back_by_itself_with_all_settings(
    opened: Opener, server: FakeServer
) -> None:
    page = opened()
    server.behaviour.limit = 1
    start(page)
    page.keyboard.press("e")
    page.keyboard.press("3")
    assert until(lambda: changes(server).get("portrait"))
    assert until(lambda: frames_shown(page) > 0)
    server.behaviour.limit = 0
    server.kill_sessions()
    expect(page.locator("#last")).to_be_visible(timeout=15_000)  # the last picture stays
    expect(page.locator("#status-text")).to_have_text(re.compile(r"Reconnecting in \d+ s"))
    expect(page.locator("#notice")).to_contain_text("The server is full")
    server.behaviour.limit = 1
    page.get_by_role("button", name="Try now").click()
    expect(page.locator("#status")).to_have_attribute("data-phase", "live", timeout=15_000)
    assert plays(page)
    expect(page.locator("#last")).to_be_hidden()
    again = server.asked_for("POST", "/api/sessions")[-1]
    assert (again["settings"]["mode"], again["portrait"]) == ("expression", "p2-cleo")


def test_a_request_that_nobody_answers_does_not_keep_the_page_from_coming_back(
    opened: Opener, server: FakeServer
) -> None:
    """Over a network that is away, packets vanish: nothing is refused, nothing ends by itself."""
    page = opened()
    start(page)
    server.behaviour.is_deaf = True
    server.kill_sessions()
    before = len(server.asked_for("GET", "/api/portraits"))
    # An attempt's usual patience is 20 s: that would be one request by now.
    assert until(lambda: len(server.asked_for("GET", "/api/portraits")) >= before + 3)
    expect(page.locator("#notice")).to_contain_text("The server does not answer")
    server.behaviour.is_deaf = False
    expect(page.locator("#status")).to_have_attribute("data-phase", "live", timeout=15_000)
    assert plays(page)


def test_figures_that_stop_are_taken_for_a_broken_connection(
    opened: Opener, server: FakeServer
) -> None:
    page = opened()
    start(page)
    assert plays(page)
    server.behaviour.is_silent = True
    assert until(lambda: len(server.asked_for("POST", "/api/sessions")) == 2)
    assert server.asked_for("POST", "/api/sessions")[1]["session"] == "s1"
    assert server.asked_for("DELETE", "/s1") == []  # the server kept it for its return
    server.behaviour.is_silent = False
    expect(page.locator("#status")).to_have_attribute("data-phase", "live", timeout=15_000)
    assert list(server.sessions) == ["s1"]


def test_an_own_portrait_outlives_a_restart_of_the_server(
    opened: Opener, server: FakeServer, tmp_path: Path
) -> None:
    page = opened()
    page.get_by_test_id("portrait-file").set_input_files(jpeg(tmp_path))
    expect(page.get_by_test_id("portrait-p3-mine.jpg")).to_have_attribute("aria-pressed", "true")
    start(page)
    del server.pictures["p3-mine.jpg"]
    server.add_portrait("new", Image.new("RGB", (32, 32)))  # so that another id is given
    server.kill_sessions()
    assert until(lambda: len(server.asked_for("POST", "/api/sessions")) == 2)
    assert server.asked_for("POST", "/api/sessions")[-1]["portrait"] == "p4-mine.jpg"


def test_a_recording_is_saved_as_a_file(opened: Opener, server: FakeServer) -> None:
    page = opened()
    start(page)
    page.get_by_test_id("record").click()
    expect(page.locator("#recording-flag")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_test_id("record").click()
    assert download.value.suggested_filename.endswith(".mp4")
    assert Path(download.value.path()).read_bytes() == b"a film"
    assert server.asked_for("POST", "/recording") == [{"on": True}, {"on": False}]


def test_stopping_saves_the_recording_before_the_session_ends(
    opened: Opener, server: FakeServer
) -> None:
    page = opened()
    start(page)
    page.get_by_test_id("record").click()
    expect(page.locator("#recording-flag")).to_be_visible()
    with page.expect_download():
        page.get_by_test_id("start").click()
    assert until(lambda: not server.sessions)
    order = [method for method, path, _ in server.asked if path.startswith("/api/sessions/s1")]
    assert order[-3:] == ["POST", "GET", "DELETE"]


def test_the_token_of_the_link_is_sent_and_leaves_the_address_bar(
    opened: Opener, server: FakeServer
) -> None:
    server.behaviour.token = "a-token-of-length"
    page = opened("/#token=a-token-of-length")
    assert page.url == f"{server.url}/"
    assert page.locator("#still").evaluate("i => i.naturalWidth") == 256
    start(page)
    page.reload()
    page.get_by_test_id("portrait-p0-ada").wait_for()


def test_a_link_without_its_token_is_explained(opened: Opener, server: FakeServer) -> None:
    server.behaviour.token = "a-token-of-length"
    page = opened(waits=False)
    expect(page.locator("#notice")).to_contain_text("This link is not complete")
    expect(page.locator("#notice")).to_contain_text("with all that follows the #")


@pytest.mark.parametrize(
    ("arguments", "title", "advice"),
    [
        (CAMERA, "The camera is blocked", "Allow the camera for this page"),
        (ALLOWED, "No camera was found", "Connect one"),
    ],
)
def test_a_camera_that_cannot_be_had_is_explained(
    playwright: Playwright, server: FakeServer, arguments: list[str], title: str, advice: str
) -> None:
    other = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET + arguments)
    try:
        page = other.new_page()
        page.goto(server.url)
        page.get_by_test_id("start").click()
        expect(page.locator("#notice")).to_contain_text(title)
        expect(page.locator("#notice")).to_contain_text(advice)
        expect(page.get_by_test_id("start")).to_have_text("Start")
        assert server.asked_for("POST", "/api/sessions") == []
    finally:
        other.close()


def test_an_address_without_https_is_explained(playwright: Playwright, server: FakeServer) -> None:
    rule = "--host-resolver-rules=MAP elsewhere.test 127.0.0.1"
    other = playwright.chromium.launch(executable_path=CHROMIUM, args=[*QUIET, rule])
    try:
        page = other.new_page()
        page.goto(server.url.replace("127.0.0.1", "elsewhere.test"))
        expect(page.locator("#notice")).to_contain_text("Browsers allow cameras over https")
    finally:
        other.close()


def test_a_camera_that_is_unplugged_is_said_and_can_be_taken_again(opened: Opener) -> None:
    page = opened()
    start(page)
    page.get_by_test_id("camera").evaluate(
        "v => v.srcObject.getVideoTracks()[0].dispatchEvent(new Event('ended'))"
    )
    notice = page.locator("#notice")
    expect(notice).to_contain_text("The camera stopped")
    notice.get_by_role("button").click()
    expect(notice).to_be_hidden()
    assert plays(page)
