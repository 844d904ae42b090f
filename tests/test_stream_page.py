"""The web page in a real browser, against a server that only pretends."""

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytest.importorskip("aiortc", reason="aiortc is not installed")

from playwright.sync_api import Browser, ConsoleMessage, Page, Playwright, expect  # noqa: E402

from tests.page.fake_server import FakeServer, fake_server, until  # noqa: E402

CHROMIUM = (
    shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
)
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium: apt-get install chromium"),
]

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
    for name in ("Freeze the head", "Look into the camera", "The output, for everyone"):
        page.get_by_role("switch", name=name).click()
    page.get_by_role("button", name="Pause the picture").click()
    page.get_by_test_id("recalibrate").click()
    assert until(lambda: changes(server).get("paused"))
    assert changes(server) == {
        "mode": "expression",
        "gains": {"lips": 1.2},
        "freeze_pose": True,
        "gaze_to_camera": True,
        "mirror_output": True,
        "paused": True,
    }
    assert until(lambda: server.asked_for("POST", "/recalibrate") == [None])
    expect(page.locator("#flag")).to_have_text("Paused")


def test_a_setting_the_server_refuses_is_taken_back(opened: Opener, server: FakeServer) -> None:
    page = opened()
    start(page)
    server.behaviour.refused_setting = "freeze_pose"
    page.get_by_role("switch", name="Freeze the head").click()
    expect(page.locator(".toast")).to_contain_text("This model can hold no pose: use another one.")
    expect(page.get_by_role("switch", name="Freeze the head")).not_to_be_checked()


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


def test_keys_do_what_the_help_lists(opened: Opener, server: FakeServer) -> None:
    page = opened()
    page.keyboard.press("?")
    assert page.locator("#help-keys kbd").all_inner_texts() == [*"SCEPHGVXMRFIU", "1-9"]
    page.keyboard.press("Escape")
    page.keyboard.press("s")
    expect(page.locator("#status")).to_have_attribute("data-phase", "live", timeout=15_000)
    for key in "ephgx2":
        page.keyboard.press(key)
    assert until(lambda: changes(server).get("portrait"))
    assert changes(server) == {
        "gains": {},
        "mode": "expression",
        "paused": True,
        "freeze_pose": True,
        "gaze_to_camera": True,
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


def test_figures_that_stop_are_taken_for_a_broken_connection(
    opened: Opener, server: FakeServer
) -> None:
    page = opened()
    start(page)
    assert plays(page)
    server.behaviour.is_silent = True
    assert until(lambda: len(server.asked_for("POST", "/api/sessions")) == 2)
    assert server.asked_for("DELETE", "/s1") == [None]


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


def test_no_face_in_view_is_shown_and_spoken(opened: Opener, server: FakeServer) -> None:
    page = opened()
    start(page)
    server.behaviour.is_face_in_view = False
    expect(page.locator("#flag")).to_have_text("No face in view")
    expect(page.locator("#live-region")).to_contain_text("facing the camera")
    server.behaviour.is_face_in_view = True
    expect(page.locator("#flag")).to_be_hidden()


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
          .filter(([, width, height, named]) => width < 44 || height < 44 || !named)"""
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


def test_waits_between_attempts_grow_to_a_limit(opened: Opener) -> None:
    page = opened()
    waits = page.evaluate(
        """async () => {
          const { delayMs } = await import("/assets/retries.js");
          return [0, 1, 2, 3, 9].map((attempt) => delayMs(attempt, 1));
        }"""
    )
    assert waits == [500, 1000, 2000, 4000, 10_000]
    spread = "async () => (await import('/assets/retries.js')).delayMs(0, 0)"
    assert page.evaluate(spread) == 375


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
