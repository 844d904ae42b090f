"""Points of a portrait are put in their places on the page: by mouse, finger and keys."""

from pathlib import Path
from typing import Any

import pytest
from PIL import Image

pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytest.importorskip("aiortc", reason="aiortc is not installed")

from playwright.sync_api import Page, expect

from engine.faces.by_hand import POINTS, points_of
from tests.faces_made import made_face
from tests.page.browser import CHROMIUM, Opener
from tests.page.fake_server import FakeServer, until
from tests.page.fixtures import browser, opened, playwright, server

__all__ = ["browser", "opened", "playwright", "server"]
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium: apt-get install chromium"),
]
FOUND = points_of(made_face())


def bring(page: Page, server: FakeServer, folder: Path, *doubts: str) -> None:
    """Add a picture of which the server doubts this."""
    server.behaviour.doubts = list(doubts)
    Image.new("RGB", (256, 256), "#668844").save(folder / "drawn.png")
    page.get_by_test_id("portrait-file").set_input_files(folder / "drawn.png")
    expect(page.get_by_test_id("points")).to_be_visible()


def middle(page: Page, name: str) -> tuple[float, float]:
    box = page.get_by_test_id(f"point-{name}").bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def touch(page: Page, first: tuple[float, float], last: tuple[float, float]) -> None:
    """Drag a finger."""
    screen = page.context.new_cdp_session(page)
    screen.send("Emulation.setTouchEmulationEnabled", {"enabled": True})
    for kind, at in (("touchStart", first), ("touchMove", last)):
        points = [{"x": at[0], "y": at[1]}]
        screen.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    screen.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


def placed(server: FakeServer) -> dict[str, Any]:
    assert until(lambda: server.placed)
    (points,) = server.placed.values()
    return dict(points)


def is_chosen(page: Page, name: str) -> bool:
    return page.get_by_test_id(name).get_attribute("aria-pressed") == "true"


def test_a_doubtful_mouth_is_told_and_put_right_before_the_portrait_is_shown(
    opened: Opener, server: FakeServer, tmp_path: Path
) -> None:
    page = opened()
    bring(page, server, tmp_path, "mouth")
    expect(page.locator("#points-lead")).to_contain_text("The mouth may be off")
    assert is_chosen(page, "portrait-p0-ada")
    x, y = middle(page, "lips")
    before = page.locator("#points-lines [data-line=inner_lips]").get_attribute("points")
    page.mouse.move(x + 6, y + 2)  # beside it is near enough
    page.mouse.down()
    page.mouse.move(x + 6, y + 42, steps=4)
    page.mouse.up()
    expect(page.locator("#points-name")).to_have_text("Middle of the mouth")
    assert middle(page, "lips") == pytest.approx((x, y + 40), abs=1.0)
    lips = page.locator("#points-lines [data-line=inner_lips]")
    assert until(lambda: lips.get_attribute("points") != before)
    page.get_by_test_id("points-save").click()
    points = placed(server)
    assert set(points) == set(POINTS)
    assert points["lips"][1] > FOUND["lips"][1] + 5.0
    assert points["chin"] == pytest.approx(FOUND["chin"], abs=0.1)
    expect(page.get_by_test_id("points")).to_be_hidden()
    expect(page.get_by_test_id("portrait-p3-drawn.png")).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_test_id("portrait-save")).to_be_visible()


def test_points_go_by_keys_back_again_and_not_where_no_face_has_them(
    opened: Opener, server: FakeServer, tmp_path: Path
) -> None:
    page = opened()
    bring(page, server, tmp_path, "eyes", "mouth")
    expect(page.locator("#points-lead")).to_contain_text("Eyes and mouth may be off")
    page.get_by_role("button", name="Right eye, outer corner").focus()
    start = middle(page, "right_eye_outer")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Shift+ArrowUp")
    x, y = middle(page, "right_eye_outer")
    assert x < start[0]
    assert start[1] - y == pytest.approx(10 * (start[0] - x), rel=0.1)
    chin = page.get_by_role("button", name="Chin")
    chin.focus()
    for _ in range(30):
        page.keyboard.press("Shift+ArrowUp")
    expect(page.locator("#points-trouble")).to_contain_text("Right and left are taken for each")
    expect(page.get_by_test_id("points-save")).to_be_disabled()
    page.get_by_test_id("points-reset").click()
    expect(page.locator("#points-trouble")).to_be_empty()
    page.get_by_test_id("points-save").click()
    for name, at in placed(server).items():
        assert at == pytest.approx(FOUND[name], abs=0.1), name


def test_where_no_face_is_found_the_picture_waits_for_its_points(
    opened: Opener, server: FakeServer, tmp_path: Path
) -> None:
    page = opened(width=390, height=844)
    bring(page, server, tmp_path, "face")
    expect(page.locator("#points-lead")).to_contain_text("No face was found")
    x, y = middle(page, "chin")
    touch(page, (x, y), (x + 10, y + 30))
    assert middle(page, "chin") == pytest.approx((x + 10, y + 30), abs=1.0)
    page.keyboard.press("Escape")
    assert until(lambda: server.asked_for("DELETE", "drawn.png"))
    expect(page.locator("[data-portrait]")).to_have_count(3)
    assert is_chosen(page, "portrait-p0-ada")


def test_a_portrait_that_was_left_as_it_was_can_be_adjusted_later(
    opened: Opener, server: FakeServer, tmp_path: Path
) -> None:
    page = opened()
    bring(page, server, tmp_path, "eyes")
    page.get_by_test_id("points-leave").click()
    tile = page.get_by_test_id("portrait-p3-drawn.png")
    expect(tile).to_have_attribute("aria-pressed", "true")
    page.get_by_test_id("portrait-points").click()
    page.get_by_role("button", name="Chin").focus()
    page.keyboard.press("Shift+ArrowDown")
    page.get_by_test_id("points-save").click()
    assert placed(server)["chin"][1] > FOUND["chin"][1]
    expect(page.get_by_test_id("portrait-save")).to_be_visible()
    page.get_by_test_id("portrait-p0-ada").click()
    expect(page.get_by_test_id("portrait-points")).to_be_hidden()
