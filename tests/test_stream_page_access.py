"""The page by keyboard, by finger, on a phone, and bare in another program."""

import pytest

pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytest.importorskip("aiortc", reason="aiortc is not installed")

from playwright.sync_api import expect

from tests.page.browser import (
    CHROMIUM,
    Opener,
    changes,
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


def test_keys_do_what_the_help_lists(opened: Opener, server: FakeServer) -> None:
    page = opened()
    page.keyboard.press("?")
    assert page.locator("#help-keys kbd").all_inner_texts() == [*"SCEPHGTLVXMRFIU", "1-9"]
    page.keyboard.press("Escape")
    page.keyboard.press("s")
    expect(page.locator("#status")).to_have_attribute("data-phase", "live", timeout=15_000)
    for key in "ephgtlx2":
        page.keyboard.press(key)
    assert until(lambda: changes(server).get("portrait"))
    assert changes(server) == {
        "gains": {},
        "mode": "expression",
        "paused": True,
        "freeze_pose": True,
        "gaze_to_camera": True,
        "driver_teeth": True,
        "voice_lips": True,
        "mirror_output": True,
        "portrait": "p1-ben",
    }
    page.keyboard.press("c")
    assert until(lambda: server.asked_for("POST", "/recalibrate"))


def test_single_keys_can_be_switched_off(opened: Opener) -> None:
    page = opened()
    page.keyboard.press("?")
    page.get_by_role("switch", name="Single-key shortcuts").click()
    page.keyboard.press("Escape")
    page.keyboard.press("2")
    expect(page.get_by_test_id("portrait-p0-ada")).to_have_attribute("aria-pressed", "true")
    page.get_by_test_id("portrait-p1-ben").click()
    expect(page.get_by_test_id("portrait-p1-ben")).to_have_attribute("aria-pressed", "true")


def test_the_preview_is_mirrored_apart_from_the_output(opened: Opener, server: FakeServer) -> None:
    page = opened()
    start(page)
    camera = page.get_by_test_id("camera")
    assert camera.evaluate("v => getComputedStyle(v).transform") == "matrix(-1, 0, 0, 1, 0, 0)"
    assert page.get_by_test_id("output").evaluate("v => getComputedStyle(v).transform") == "none"
    page.keyboard.press("v")
    assert camera.evaluate("v => getComputedStyle(v).transform") == "none"
    assert changes(server) == {"gains": {}}


@pytest.mark.parametrize(
    ("neutral", "words"),
    [("automatic", "Neutral face found"), ("none", "reads your face as it is")],
)
def test_where_the_neutral_face_comes_from_is_said(
    opened: Opener, server: FakeServer, neutral: str, words: str
) -> None:
    server.behaviour.neutral = neutral
    page = opened()
    start(page)
    expect(page.locator("#neutral")).to_contain_text(words)


def test_a_test_model_is_called_one_where_what_moves_is_chosen(
    opened: Opener, server: FakeServer
) -> None:
    page = opened()
    start(page)
    expect(page.get_by_test_id("model-notice")).to_be_hidden()
    server.behaviour.model_notice = "dpe-small is a test model."
    expect(page.get_by_test_id("model-notice")).to_have_text("dpe-small is a test model.")


def test_no_face_in_view_is_shown_and_spoken(opened: Opener, server: FakeServer) -> None:
    page = opened()
    start(page)
    server.behaviour.is_face_in_view = False
    expect(page.locator("#flag")).to_have_text("No face in view")
    expect(page.locator("#live-region")).to_contain_text("facing the camera")
    server.behaviour.is_face_in_view = True
    expect(page.locator("#flag")).to_be_hidden()


def test_the_microphone_joins_a_running_session(opened: Opener, server: FakeServer) -> None:
    page = opened()
    start(page)
    assert not server.sessions["s1"].heard_sound
    page.get_by_test_id("microphone").click()
    assert until(lambda: server.sessions["s1"].heard_sound)
    assert len(server.asked_for("POST", "/api/sessions")) == 1
    assert page.locator("#sound").evaluate("a => a.muted")  # an own voice, late, is an echo
    page.get_by_role("switch", name="Hear it back").click()
    assert not page.locator("#sound").evaluate("a => a.muted")


def test_on_a_phone_nothing_sticks_out_and_the_controls_are_a_drawer(opened: Opener) -> None:
    page = opened(width=390, height=844)
    assert page.evaluate("() => document.documentElement.scrollWidth") == 390
    assert page.locator("#panel").evaluate("p => p.inert")
    page.get_by_role("button", name="Controls", exact=True).click()
    expect(page.get_by_role("button", name="Close the controls")).to_be_focused()
    expect(page.get_by_test_id("gain-lips")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Controls", exact=True)).to_be_focused()
    assert page.locator("#panel").evaluate("p => p.inert")


@pytest.mark.parametrize("width", [390, 1280])
def test_all_targets_have_names_and_a_finger_finds_them(opened: Opener, width: int) -> None:
    page = opened(width=width)
    if width < 960:
        page.get_by_role("button", name="Controls", exact=True).click()
    # 44 px each way; a hundredth less is how Chromium rounds a box that begins between two pixels.
    poor = page.evaluate(
        """() => [...document.querySelectorAll("button, select, input, .switch, .gain")]
          .filter((e) => e.checkVisibility({ visibilityProperty: true }))
          .filter((e) => !e.closest(".unseen, dialog"))
          .map((e) => {
            const target = e.matches("[role=switch]") ? e.closest("label") : e;
            const { width, height } = target.getBoundingClientRect();
            const named = e.getAttribute("aria-label") || e.labels?.length || e.textContent.trim();
            return [e.outerHTML.slice(0, 80), width, height, Boolean(named)];
          })
          .filter(([, width, height, named]) => width < 43.99 || height < 43.99 || !named)"""
    )
    assert poor == []


def test_motion_is_left_out_for_those_who_ask(opened: Opener) -> None:
    page = opened()
    duration = "() => getComputedStyle(document.querySelector('#start')).transitionDuration"
    assert page.evaluate(duration) != "0s"
    page.emulate_media(reduced_motion="reduce")
    assert set(page.evaluate(duration).split(", ")) == {"0s"}


def test_the_view_is_the_bare_picture(opened: Opener, server: FakeServer) -> None:
    start(opened())
    view = opened("/view?session=s1", waits=False)
    assert plays(view)
    assert view.locator("button").count() == 0
    assert (
        view.evaluate("() => getComputedStyle(document.body).backgroundColor") == "rgba(0, 0, 0, 0)"
    )


def test_a_view_waits_for_its_session(opened: Opener, server: FakeServer) -> None:
    view = opened("/view?session=s1", waits=False)
    expect(view.locator("#state")).to_have_text("There is no such session. Start one first.")
    start(opened())
    assert plays(view)
