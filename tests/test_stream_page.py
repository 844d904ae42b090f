"""The web page in a real browser, against a server that only pretends."""

import re
from pathlib import Path

import pytest
from PIL import Image

pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytest.importorskip("aiortc", reason="aiortc is not installed")

from playwright.sync_api import expect

from tests.page.browser import (
    CHROMIUM,
    Opener,
    changes,
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


def test_a_bundled_portrait_is_shown_before_anything_is_started(opened: Opener) -> None:
    page = opened()
    expect(page.locator("#still")).to_be_visible()
    assert page.locator("#still").evaluate("i => i.naturalWidth") == 256
    expect(page.get_by_test_id("portrait-p0-ada")).to_have_attribute("aria-pressed", "true")


def test_start_sends_the_camera_and_shows_what_comes_back(
    opened: Opener, server: FakeServer
) -> None:
    page = opened()
    start(page)
    assert plays(page)
    assert page.get_by_test_id("camera").evaluate("v => v.videoWidth") > 0
    (offer,) = server.asked_for("POST", "/api/sessions")
    assert offer["type"] == "offer"
    assert offer["portrait"] == "p0-ada"
    assert offer["settings"]["mode"] == "both"
    assert offer["settings"]["gains"] == dict.fromkeys(
        ("lips", "gaze", "blink", "emotion", "pose"), 1
    )
    assert offer["sdp"].count("a=sendrecv") == 2  # picture and sound
    assert "m=application" in offer["sdp"]  # the figures


def test_stop_gives_the_place_back_and_shows_the_portrait_again(
    opened: Opener, server: FakeServer
) -> None:
    page = opened()
    start(page)
    page.get_by_test_id("start").click()
    assert until(lambda: not server.sessions)
    expect(page.locator("#status-text")).to_have_text("Ready")
    assert page.get_by_test_id("camera").evaluate("v => v.srcObject") is None


def test_closing_the_page_gives_the_place_back(opened: Opener, server: FakeServer) -> None:
    page = opened()
    start(page)
    page.goto("about:blank")
    assert until(lambda: server.asked_for("DELETE", "/s1"))


def test_each_control_reaches_the_session(opened: Opener, server: FakeServer) -> None:
    page = opened()
    start(page)
    page.get_by_role("radio", name="Expression").check()
    lips = page.get_by_test_id("gain-lips")
    lips.focus()
    for _ in range(4):
        page.keyboard.press("ArrowRight")
    for name in (
        "Freeze the head",
        "Look into the camera",
        "Show my own teeth",
        "The output, for everyone",
    ):
        page.get_by_role("switch", name=name).click()
    page.get_by_role("button", name="Pause the picture").click()
    page.get_by_test_id("recalibrate").click()
    assert until(lambda: changes(server).get("paused"))
    assert changes(server) == {
        "mode": "expression",
        "gains": {"lips": 1.2},
        "freeze_pose": True,
        "gaze_to_camera": True,
        "driver_teeth": True,
        "mirror_output": True,
        "paused": True,
    }
    assert until(lambda: server.asked_for("POST", "/recalibrate") == [None])
    expect(page.locator("#flag")).to_have_text("Paused")


@pytest.mark.parametrize("how", ["Backspace", "double click"])
def test_a_strength_goes_back_to_one(opened: Opener, server: FakeServer, how: str) -> None:
    page = opened()
    slider = page.get_by_test_id("gain-emotion")
    slider.focus()
    page.keyboard.press("End")
    expect(slider).to_have_js_property("value", "2")
    if how == "Backspace":
        page.keyboard.press("Backspace")
    else:
        slider.dblclick(position={"x": 5, "y": 20})
    expect(slider).to_have_js_property("value", "1")
    start(page)
    (offer,) = server.asked_for("POST", "/api/sessions")
    assert offer["settings"]["gains"]["emotion"] == 1


def test_choices_outlive_a_visit_but_a_held_picture_does_not(opened: Opener) -> None:
    page = opened()
    page.keyboard.press("e")
    page.keyboard.press("p")
    page.keyboard.press("i")
    page.reload()
    expect(page.get_by_role("radio", name="Expression")).to_be_checked()
    expect(page.get_by_role("switch", name="Pause the picture")).not_to_be_checked()
    expect(page.get_by_test_id("hud")).to_be_visible()


def test_an_own_portrait_is_added_and_shown(
    opened: Opener, server: FakeServer, tmp_path: Path
) -> None:
    page = opened()
    start(page)
    page.get_by_test_id("portrait-file").set_input_files(jpeg(tmp_path))
    added = page.get_by_test_id("portrait-p3-mine.jpg")
    expect(added).to_have_attribute("aria-pressed", "true")
    assert until(lambda: changes(server).get("portrait") == "p3-mine.jpg")


def test_what_is_to_be_said_of_an_own_portrait_is_said(
    opened: Opener, server: FakeServer, tmp_path: Path
) -> None:
    page = opened()
    server.behaviour.portrait_notes = ["its mouth is open"]
    page.get_by_test_id("portrait-file").set_input_files(jpeg(tmp_path))
    expect(page.locator(".toast")).to_contain_text("Its mouth is open.")


def test_an_own_portrait_is_deleted_and_another_one_shown(
    opened: Opener, server: FakeServer, tmp_path: Path
) -> None:
    page = opened()
    start(page)
    page.get_by_test_id("portrait-file").set_input_files(jpeg(tmp_path))
    expect(page.get_by_test_id("portrait-p3-mine.jpg")).to_have_attribute("aria-pressed", "true")
    bins = page.get_by_role("button", name=re.compile("^Delete "))
    expect(bins).to_have_count(1)  # the package's own stay
    box = bins.bounding_box()
    assert box is not None
    assert min(box["width"], box["height"]) >= 44  # a finger finds it
    bins.click()
    expect(page.get_by_test_id("portrait-p3-mine.jpg")).to_have_count(0)
    expect(page.get_by_test_id("portrait-p0-ada")).to_have_attribute("aria-pressed", "true")
    assert until(lambda: changes(server).get("portrait") == "p0-ada")
    assert server.asked_for("DELETE", "/api/portraits/p3-mine.jpg") == [None]
    assert "p3-mine.jpg" not in server.pictures


@pytest.mark.parametrize(("size", "sent"), [((5000, 2500), (2048, 1024)), ((640, 480), (640, 480))])
def test_a_photo_is_reduced_before_it_is_sent(
    opened: Opener, server: FakeServer, tmp_path: Path, size: tuple[int, int], sent: tuple[int, int]
) -> None:
    Image.new("RGB", size, "#446688").save(tmp_path / "photo.jpg")
    page = opened()
    page.get_by_test_id("portrait-file").set_input_files(tmp_path / "photo.jpg")
    expect(page.get_by_test_id("portrait-p3-photo.jpg")).to_be_visible(timeout=15_000)
    assert server.uploaded["p3-photo.jpg"] == (*sent, "JPEG")


def test_the_link_for_obs_stays_the_same_and_is_no_key_to_the_session(
    opened: Opener, server: FakeServer
) -> None:
    page = opened()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    start(page)
    page.get_by_role("button", name="Copy the Browser source link").click()
    expect(page.locator(".toast")).to_contain_text("Copied")
    link = page.evaluate("() => navigator.clipboard.readText()")
    name = link.rpartition("session=")[2]
    (offer,) = server.asked_for("POST", "/api/sessions")
    assert offer["watch"] == name
    assert len(name) == 32
    page.reload()
    start(page)
    assert server.asked_for("POST", "/api/sessions")[-1]["watch"] == name


def test_a_portrait_can_be_dropped_on_the_page(opened: Opener) -> None:
    page = opened()
    dropped = page.evaluate_handle(
        """async () => {
          const canvas = new OffscreenCanvas(32, 32);
          canvas.getContext("2d").fillRect(0, 0, 32, 32);
          const file = new File([await canvas.convertToBlob()], "drop.png", { type: "image/png" });
          const transfer = new DataTransfer();
          transfer.items.add(file);
          return transfer;
        }"""
    )
    page.dispatch_event("body", "dragenter", {"dataTransfer": dropped})
    expect(page.locator("#drop")).to_be_visible()
    page.dispatch_event("body", "drop", {"dataTransfer": dropped})
    expect(page.locator("#drop")).to_be_hidden()
    expect(page.get_by_test_id("portrait-p3-drop.png")).to_have_attribute("aria-pressed", "true")


def test_a_smaller_output_is_said_with_its_reason(opened: Opener, server: FakeServer) -> None:
    page = opened()
    start(page)
    server.behaviour.quality = {"size": 384, "reason": "the step is slower than the camera"}
    expect(page.locator(".toast")).to_contain_text("The step is slower than the camera.")
    expect(page.locator("#status-text")).to_contain_text("384 px")


def test_the_figures_name_each_part_and_what_is_missing(opened: Opener) -> None:
    page = opened()
    page.keyboard.press("i")
    start(page)
    expect(page.locator("#hud-latency")).to_have_text(
        re.compile(r"\d+ ms · p95 \d+"), timeout=15_000
    )
    rows = page.locator("#hud-rows th").all_inner_texts()
    assert rows[:2] == ["Browser: encode", "Server, in to out"]
    assert rows[-2:] == ["Network, both ways", "Browser: to screen"]
    assert "render" in rows
    parts = page.locator("#hud-rows tr:not(.within) td:nth-child(2)").all_inner_texts()
    whole = float(page.locator("#hud-latency").inner_text().split()[0])
    assert sum(map(float, parts)) == pytest.approx(whole, abs=1)
    expect(page.locator("#hud-note")).to_contain_text("without the delay of the camera")


def test_waits_between_attempts_grow_to_a_limit(opened: Opener) -> None:
    page = opened()
    waits = page.evaluate(
        """async () => {
          const { delayMs } = await import("/assets/retries.js");
          return [0, 1, 2, 3, 9].map((attempt) => delayMs(attempt, 1));
        }"""
    )
    assert waits == [500, 1000, 1500, 1500, 1500]
    spread = "async () => (await import('/assets/retries.js')).delayMs(0, 0)"
    assert page.evaluate(spread) == 375
    signs = page.evaluate("async () => [0, 1, 9].map((await import('/assets/retries.js')).signMs)")
    assert signs == [1000, 5000, 5000]


def test_a_slider_that_moves_fast_becomes_few_requests(opened: Opener) -> None:
    page = opened()
    sent = page.evaluate(
        """async () => {
          const { createPatches } = await import("/assets/patches.js");
          const sent = [];
          const change = createPatches(async (patch) => {
            sent.push(patch);
            await new Promise((resolve) => setTimeout(resolve, 10));
          });
          await Promise.all([0.1, 0.2, 0.3].map((lips) => change({ gains: { lips } }))
            .concat(change({ gains: { pose: 2 }, mode: "pose" })));
          return sent;
        }"""
    )
    assert sent == [{"gains": {"lips": 0.1}}, {"gains": {"lips": 0.3, "pose": 2}, "mode": "pose"}]
