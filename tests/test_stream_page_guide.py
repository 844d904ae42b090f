"""The guide of an enrolment on the page, against a server that says how it goes."""

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytest.importorskip("aiortc", reason="aiortc is not installed")

from playwright.sync_api import Page, expect

from stream.session import prompts
from tests.page.browser import CHROMIUM, Opener, plays, start
from tests.page.fake_server import PROMPTS, FakeServer, enrolment, until
from tests.page.fixtures import browser, opened, playwright, server

__all__ = ["browser", "opened", "playwright", "server"]
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium: apt-get install chromium"),
]
ENROLMENT = "/api/sessions/s1/enrolment"


def asked(server: FakeServer) -> list[tuple[str, str, Any]]:
    return [each for each in server.asked if "enrolment" in each[1]]


def step(page: Page, name: str) -> None:
    expect(page.locator(f"#guide [data-step={name}]")).to_be_visible(timeout=15_000)
    assert page.locator("#guide [data-step]:visible").count() == 1


def begin(page: Page) -> None:
    page.get_by_test_id("guide-open").click()
    page.get_by_test_id("guide-begin").click()
    step(page, "film")


def goes(server: FakeServer, how: dict[str, Any]) -> None:
    """Let the figures say so from now on."""
    server.sessions["s1"].enrolment = how


def has_patched(server: FakeServer, times: int) -> bool:
    return len(server.asked_for("PATCH", "/sessions/s1")) == times


def test_the_prompts_of_the_page_are_the_servers(opened: Opener) -> None:
    assert prompts.PROMPTS == PROMPTS
    rows = (
        opened()
        .locator("#guide-prompts button")
        .evaluate_all("rows => rows.map((row) => row.dataset.prompt)")
    )
    assert tuple(rows) == PROMPTS


def test_it_asks_first_and_takes_no_for_an_answer(opened: Opener, server: FakeServer) -> None:
    page = opened()
    page.get_by_test_id("guide-open").focus()
    page.keyboard.press("Enter")
    step(page, "ask")
    expect(page.locator("#guide")).to_contain_text("somebody here who agrees?")
    expect(page.locator("#guide-title")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#guide")).to_be_hidden()
    expect(page.get_by_test_id("guide-open")).to_be_focused()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="No", exact=True).click()
    expect(page.locator("#guide")).to_be_hidden()
    assert not server.sessions
    assert not asked(server)


def test_it_starts_the_camera_leads_ticks_and_says_what_is_wrong(
    opened: Opener, server: FakeServer
) -> None:
    page = opened()
    begin(page)
    assert asked(server) == [("POST", ENROLMENT, {"consent": True})]
    spoken = page.locator("#live-region")
    expect(page.locator("#guide-prompt")).to_have_text("Look straight ahead")
    expect(page.get_by_test_id("guide-finish")).to_be_disabled()
    goes(server, enrolment("smile", "straight", nearness=0.55))
    expect(page.locator("#guide-prompt")).to_have_text("Smile with your teeth")
    expect(spoken).to_contain_text("Done. Smile with your teeth.")
    expect(page.locator("#guide-meter")).to_have_attribute("aria-valuenow", "55")
    expect(page.get_by_test_id("guide-straight")).to_contain_text("done")
    expect(page.get_by_test_id("guide-straight")).to_be_disabled()
    expect(page.get_by_test_id("guide-smile")).to_have_attribute("aria-current", "step")
    page.get_by_test_id("guide-skip").click()
    assert until(lambda: asked(server)[-1] == ("PATCH", ENROLMENT, {"skip": "smile"}))
    expect(page.get_by_test_id("guide-smile")).to_contain_text("skipped")
    goes(server, enrolment("ee", "straight", skipped=["smile"], trouble="badly lit: face a lamp"))
    expect(page.locator("#guide-trouble")).to_have_text("Badly lit: face a lamp.")
    expect(spoken).to_have_text("Badly lit: face a lamp.")
    goes(server, enrolment("ee", "straight", skipped=["smile"]))
    expect(page.locator("#guide-trouble")).to_be_empty()
    page.get_by_test_id("guide-smile").click()
    assert until(lambda: asked(server)[-1] == ("PATCH", ENROLMENT, {"prompt": "smile"}))


def test_the_portrait_is_chosen_and_saved_under_its_name(
    opened: Opener, server: FakeServer, tmp_path: Path
) -> None:
    page = opened()
    start(page)
    for number, name in enumerate(("Me", "Me 2")):
        begin(page)
        goes(server, enrolment(None, "straight", "smile", skipped=["ee"]))
        expect(page.locator("#guide-prompt")).to_have_text("That is all")
        page.get_by_test_id("guide-finish").click()
        step(page, "done")
        assert asked(server)[-1] == ("POST", f"{ENROLMENT}/portrait", {"name": name})
        chosen = page.locator("[data-portrait][aria-pressed=true]")
        expect(chosen).to_contain_text(name)
        assert until(partial(has_patched, server, number + 1))
        expect(page.locator("#guide-missing")).to_contain_text("“aah”, “ooh”, pursed lips")
        with page.expect_download() as saving:
            page.get_by_test_id("guide-save").click()
        assert saving.value.suggested_filename == f"{name}.portrait"
        saving.value.save_as(tmp_path / "saved")
        assert (tmp_path / "saved").read_bytes() == b"a portrait file"
        page.locator("#guide-done").click()
    # Later it can be saved from the strip, and a bundled one cannot.
    with page.expect_download() as saving:
        page.get_by_test_id("portrait-save").click()
    assert saving.value.suggested_filename == "Me 2.portrait"
    page.get_by_test_id("portrait-p0-ada").click()
    expect(page.get_by_test_id("portrait-save")).to_be_hidden()


def test_an_impatient_user_is_filmed_once_or_not_at_all(opened: Opener, server: FakeServer) -> None:
    page = opened()
    page.get_by_test_id("guide-open").click()
    page.get_by_test_id("guide-begin").dblclick()
    step(page, "film")
    assert len(server.asked_for("POST", "/enrolment")) == 1
    page.keyboard.press("Escape")
    page.get_by_test_id("start").click()
    expect(page.locator("#status")).to_have_attribute("data-phase", "idle")
    page.get_by_test_id("guide-open").click()
    page.get_by_test_id("guide-begin").click()  # opens the camera, and meanwhile:
    page.get_by_role("button", name="No", exact=True).click()
    expect(page.locator("#status")).to_have_attribute("data-phase", "live", timeout=15_000)
    page.wait_for_timeout(300)
    assert all(each.enrolment is None for each in server.sessions.values())
    expect(page.locator("#guide")).to_be_hidden()


def test_a_filmed_portrait_outlives_a_server_that_forgets_it(
    opened: Opener, server: FakeServer
) -> None:
    page = opened()
    begin(page)
    goes(server, enrolment(None, *PROMPTS))
    step(page, "done")
    (made,) = server.filmed
    del server.pictures[made]
    server.kill_sessions()
    assert until(lambda: server.files == [("Me.portrait", b"a portrait file")])
    expect(page.locator("[data-portrait][aria-pressed=true]")).to_contain_text("Me")


def test_a_saved_portrait_file_can_be_added_again(
    opened: Opener, server: FakeServer, tmp_path: Path
) -> None:
    page = opened()
    (tmp_path / "Ann.portrait").write_bytes(b"a portrait file")
    page.get_by_test_id("portrait-file").set_input_files(tmp_path / "Ann.portrait")
    assert until(lambda: server.files == [("Ann.portrait", b"a portrait file")])
    expect(page.locator("[data-portrait][aria-pressed=true]")).to_contain_text("Ann")


def test_when_all_is_ticked_it_finishes_by_itself(opened: Opener, server: FakeServer) -> None:
    page = opened()
    begin(page)
    goes(server, enrolment(None, *PROMPTS))
    step(page, "done")
    expect(page.locator("#guide-missing")).to_have_text("Everything was filmed.")
    made = server.asked_for("POST", "/enrolment/portrait")
    assert len(made) == 1


def test_closing_forgets_what_was_filmed(opened: Opener, server: FakeServer) -> None:
    page = opened()
    begin(page)
    page.keyboard.press("Escape")
    assert until(lambda: asked(server)[-1] == ("DELETE", ENROLMENT, None))
    expect(page.locator("#guide")).to_be_hidden()
    begin(page)  # and again
    assert len(server.asked_for("POST", "/enrolment")) == 2


@pytest.mark.parametrize(
    ("ends", "why"),
    [
        (lambda page, server: goes(server, enrolment("smile", over=True)), "It took too long."),
        (lambda page, server: page.get_by_test_id("start").click(), "The camera was stopped."),
        (lambda page, server: server.kill_sessions(), "The session ended meanwhile."),
    ],
)
def test_what_ends_it_early_is_said_and_it_can_begin_again(
    opened: Opener, server: FakeServer, ends: Callable[[Page, FakeServer], None], why: str
) -> None:
    page = opened()
    begin(page)
    expect(page.get_by_test_id("guide-straight")).to_have_attribute("aria-current", "step")
    page.wait_for_timeout(400)  # figures that say that it goes on
    ends(page, server)
    step(page, "fail")
    expect(page.locator("#guide-why")).to_have_text(why)
    expect(page.locator("#status")).to_have_attribute(
        "data-phase", "idle" if "stopped" in why else "live", timeout=15_000
    )
    page.get_by_role("button", name="Begin again").click()
    step(page, "film")


def test_a_refusal_of_the_server_is_shown(opened: Opener, server: FakeServer) -> None:
    server.behaviour.enrolment_problem = "too little was filmed for a portrait: begin again"
    page = opened()
    begin(page)
    goes(server, enrolment("ee", "straight", "smile"))
    page.get_by_test_id("guide-finish").click()
    step(page, "fail")
    expect(page.locator("#guide-why")).to_have_text(
        "Too little was filmed for a portrait: begin again."
    )


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (390, 844)])
def test_the_stage_does_not_move_and_all_targets_can_be_hit(
    opened: Opener, server: FakeServer, width: int, height: int
) -> None:
    page = opened(width=width, height=height)
    start(page)
    assert plays(page)  # until then the portrait's own ratio counts
    before = page.locator("#frame").bounding_box()
    begin(page)
    for how in (
        enrolment("smile", "straight"),
        enrolment("left", "straight", "smile", trouble="too small: come nearer, until it is large"),
        enrolment(None, "straight", "smile", skipped=["ee"]),
    ):
        goes(server, how)
        expect(page.locator("#guide-prompts [data-state=done]")).to_have_count(len(how["done"]))
        assert page.locator("#frame").bounding_box() == before
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        boxes = page.locator("#guide button:visible").evaluate_all(
            "all => all.map((b) => [b.textContent || b.ariaLabel, b.getBoundingClientRect()])"
        )
        for name, box in boxes:
            assert name.strip(), json.dumps(box)
            assert box["height"] >= 44, name
            assert box["left"] >= 0, name
            assert box["right"] <= width, name
    page.get_by_test_id("guide-finish").click()
    step(page, "done")
    assert page.locator("#frame").bounding_box() == before
