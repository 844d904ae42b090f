"""The filmed code survives cameras, films of known delay are read as such, and the page works."""

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest

from benchmarks.camera import filmed_code
from benchmarks.camera.film import read_film, read_frames
from benchmarks.camera.filmed_code import (
    TICK_MS,
    TICKS,
    CodeReader,
    Reading,
    draw,
    ticks_between,
)
from benchmarks.camera.reported import of_film, of_page
from benchmarks.camera.serving import PAGES, Brought, checked
from benchmarks.camera.settings import CameraSettings
from benchmarks.glass.chromium import browser
from engine.errors import InputError
from engine.frame import Pixels
from tests.chromium import executable

ROOT = Path(__file__).parents[1]
WIDE, HIGH = 640, 480
QUADS = (
    ((0.18, 0.20), (0.85, 0.26), (0.80, 0.80), (0.22, 0.74)),
    ((0.30, 0.30), (0.75, 0.22), (0.78, 0.62), (0.27, 0.58)),
    ((0.05, 0.10), (0.92, 0.05), (0.96, 0.72), (0.10, 0.85)),
)


def filmed(
    code: Pixels, quad: tuple[tuple[float, float], ...], random: np.random.Generator,
    ground: Pixels | None = None,
) -> Pixels:  # fmt: skip
    """A screen with this code as a camera sees it: perspective, blur, uneven light, noise."""
    rows, columns = code.shape[:2]
    corners = np.array([(0, 0), (columns, 0), (columns, rows), (0, rows)], np.float32)
    there = np.array([(x * WIDE, y * HIGH) for x, y in quad], np.float32)
    seen = np.full((HIGH, WIDE, 3), 80, np.uint8) if ground is None else ground.copy()
    place = cv2.getPerspectiveTransform(corners, there)
    cv2.warpPerspective(code, place, (WIDE, HIGH), dst=seen, borderMode=cv2.BORDER_TRANSPARENT)
    if ground is not None:
        return seen
    light = np.linspace(0.5, 0.85, WIDE)[None, :, None]
    blurred = cv2.GaussianBlur(seen, (0, 0), random.uniform(0.5, 1.6)) * light + 20
    noisy = blurred + random.normal(0, 6, seen.shape)
    return np.asarray(noisy.clip(0, 255), np.uint8)


@pytest.mark.parametrize("is_fixed", [True, False])
def test_a_filmed_code_is_read_also_while_it_changes(is_fixed: bool) -> None:
    """Any share of two neighbours may be in one exposure; nothing is ever read as a third tick."""
    random, reader = np.random.default_rng(1), CodeReader(is_fixed=is_fixed)
    read = 0
    for number in range(60):
        tick, kind = int(random.integers(TICKS)), int(random.integers(4))
        one, other = (draw(each % TICKS, kind, unit_px=30) for each in (tick, tick + 1))
        both = cv2.addWeighted(one, 1 - (share := random.random()), other, share, 0)
        found = reader.read(filmed(np.asarray(both, np.uint8), QUADS[number % 3], random))
        for reading in found:
            assert reading.kind == kind
            assert not reading.is_returned
            assert ticks_between(tick, reading.tick) in (0, 1)
        read += bool(found)
    assert read >= 54  # where a slow bit is half way, the code is refused and not guessed


def test_no_code_is_read_where_there_is_none_or_it_is_spoiled() -> None:
    random = np.random.default_rng(2)
    reader = CodeReader(is_fixed=False)
    noise = random.integers(0, 256, (HIGH, WIDE, 3), np.uint8)
    assert reader.read(noise) == []
    plain = draw(1234, 1, unit_px=24)
    (reading,) = reader.read(plain)
    assert (reading.tick, reading.kind) == (1234, 1)
    assert reading.width_px == pytest.approx(plain.shape[1], rel=0.02)
    for left, top, right, bottom in filmed_code.cells():
        spoiled = plain.copy()
        place = spoiled[round(top * 24) : round(bottom * 24), round(left * 24) : round(right * 24)]
        place[:] = 255 - place
        assert all(each.tick == 1234 for each in reader.read(spoiled))
    assert reader.read(np.ascontiguousarray(plain[:, ::-1])) == []  # a mirror


def test_ticks_are_counted_over_the_end() -> None:
    assert ticks_between(TICKS - 2, 3) == 5
    assert ticks_between(3, TICKS - 2) == -5


def test_the_page_draws_the_markers_of_opencv() -> None:
    text = (PAGES[0] / "code.js").read_text()
    rows = re.findall(r'"((?:[01]{6} ?){6})"', text)
    drawn = [np.array([[int(bit) for bit in row] for row in marker.split()]) for marker in rows]
    known = cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_4X4_50)
    assert len(drawn) == 8
    for number, marker in enumerate(drawn):
        expected = cv2.aruco.generateImageMarker(known, number, 6) // 255
        np.testing.assert_array_equal(marker, expected)


def film(late_ticks: int, *, is_marked: bool, frames: int = 45) -> Iterator[tuple[Pixels, float]]:
    """A phone at 30 pictures a second, in a hand, before a code and one that comes late."""
    random = np.random.default_rng(3)
    for number in range(frames):
        tick = 2 * number + 4000  # over the end of the numbers
        sway = random.normal(0, 0.004, (4, 2))
        shown = draw(tick % TICKS, 0, unit_px=24)
        returned = draw((tick - late_ticks) % TICKS, 0, is_returned=is_marked, unit_px=24)
        small = ((0.56, 0.5), (0.97, 0.52), (0.95, 0.84), (0.57, 0.8))
        large = ((0.03, 0.06), (0.6, 0.1), (0.54, 0.46), (0.05, 0.44))
        ground = np.full((HIGH, WIDE, 3), 80, np.uint8)
        placed = tuple((x + dx, y + dy) for (x, y), (dx, dy) in zip(large, sway, strict=True))
        both = filmed(shown, placed, random, ground)
        both = filmed(returned, small, random, both)
        blurred = cv2.GaussianBlur(both, (0, 0), 0.7) * 0.75 + random.normal(0, 4, both.shape)
        yield np.asarray(blurred.clip(0, 255), np.uint8), number / 30


@pytest.mark.parametrize("is_marked", [True, False], ids=["own markers", "passed on"])
def test_a_film_of_known_delay_is_read_as_that(is_marked: bool) -> None:
    late = 9
    found = read_frames(film(late, is_marked=is_marked))
    assert len(found.delays_ms) >= 0.8 * found.frames
    assert found.frame_ms == pytest.approx(1000 / 30, rel=0.05)
    report = of_film("made.mp4", found)
    values = {figure.name: figure.value for figure in report.figures}
    assert abs(values["camera.film.p50"] - late * TICK_MS) <= values["camera.resolution"]


def test_a_film_file_is_read_and_one_without_codes_is_refused(tmp_path: Path) -> None:
    films = {
        "both.mp4": [picture for picture, _ in film(6, is_marked=True)],
        "none.mp4": [np.full((HIGH, WIDE, 3), 90, np.uint8)] * 12,
    }
    for name, pictures in films.items():
        with av.open(str(tmp_path / name), "w") as written:
            stream = written.add_stream("libx264", rate=30, options={"crf": "23"})
            stream.width, stream.height, stream.pix_fmt = WIDE, HIGH, "yuv420p"
            for picture in pictures:
                written.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
            written.mux(stream.encode(None))
    found = read_film(tmp_path / "both.mp4")
    assert abs(float(np.median(found.delays_ms)) - 6 * TICK_MS) <= found.frame_ms
    with pytest.raises(InputError, match=r"both codes can be read in 0 of 12 pictures: film"):
        read_film(tmp_path / "none.mp4")


def test_which_of_two_codes_returned_is_told_by_their_age() -> None:
    from benchmarks.camera.film import told_apart

    old, new = (Reading(tick=tick, kind=0, is_returned=False, width_px=100) for tick in (4090, 3))
    assert told_apart([old, new]) == told_apart([new, old]) == (new, old)
    assert told_apart([new]) == (new, None)


def told(**changed: object) -> dict[str, Any]:
    turn = {"latencies": [100.0, 120.0], "at": [30.0, 60.0], "unread": 1, "misread": 0,
            "repeated": 0, "seconds": 1.0}  # fmt: skip
    turns = [{**turn, "kind": "echo"}, {**turn, "kind": "model", **changed}]
    camera = {"width": 640, "height": 480, "frameRate": 30, "label": "Somebody's camera"}
    return {"turns": turns, "refreshMs": 16.7, "camera": camera}


def test_what_a_page_brings_becomes_a_report() -> None:
    brought = checked(told(latencies=[200.0, 220.0]), [2.0])
    assert "label" not in brought.camera
    values = {each.name: each.value for each in of_page(CameraSettings(), brought).figures}
    assert (values["camera.echo.p50"], values["camera.model.p50"]) == (110.0, 210.0)
    assert values["camera.resolution"] == pytest.approx(16.7)
    assert isinstance(brought, Brought)


@pytest.mark.parametrize(
    "changed", [{"kind": "other"}, {"latencies": [float("nan")]}, {"latencies": ["1"]}]
)
def test_what_is_no_figure_is_refused(changed: dict[str, Any]) -> None:
    with pytest.raises((ValueError, TypeError)):
        checked(told(**changed), [])


CLOCK = """() => {
  const real = performance.now.bind(performance);
  let shift = 0;
  performance.now = () => real() + shift;
  window.setClock = (ms) => { shift = ms - real(); };
}"""
BEGINS_MS = 20_000.0
EARLIER_TICKS, STEP_TICKS, STEPS_EVERY, FRAMES = 30, 90, 45, 24 * 30


def webcam_film(folder: Path) -> Path:
    """What Chromium's webcam plays at 30 fps: a filmed code, now 0.5 s old, now 2 s, in turn."""
    random, path = np.random.default_rng(4), folder / "camera.mjpeg"
    specks = [random.normal(20, 6, (HIGH, WIDE, 3)).astype(np.float32) for _ in range(4)]
    rows, columns = draw(0, 0, unit_px=24).shape[:2]
    corners = np.array([(0, 0), (columns, 0), (columns, rows), (0, rows)], np.float32)
    there = np.array([(x * WIDE, y * HIGH) for x, y in QUADS[0]], np.float32)
    place = cv2.getPerspectiveTransform(corners, there)
    with path.open("wb") as file:
        for number in range(FRAMES):
            late = EARLIER_TICKS + STEP_TICKS * (number // STEPS_EVERY % 2)
            tick = (round(BEGINS_MS / TICK_MS) + 2 * number - late) % TICKS
            seen = cv2.warpPerspective(draw(tick, 0, unit_px=24), place, (WIDE, HIGH))
            dim = cv2.GaussianBlur(seen, (0, 0), 1.0) * np.float32(0.7) + specks[number % 4]
            small = cv2.resize(dim, (WIDE // 2, HIGH // 2), interpolation=cv2.INTER_AREA)
            file.write(cv2.imencode(".jpg", small.clip(0, 255).astype(np.uint8))[1].tobytes())
    return path


class Command:
    """The real command, and the page that it serves in a real browser."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.kept = folder / "camera.json"
        command = [sys.executable, "-m", "stream.cli", "bench", "camera", "--size", "256"]
        command += ["--refine", "off", "--json", str(self.kept), *options]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
        assert self.process.stdout is not None
        self.process.stdout.readline()
        self.address = self.process.stdout.readline().strip()

    def figures(self) -> dict[str, Any]:
        """Of its record, by name, once it has ended."""
        self.process.communicate(timeout=60)
        return {each["name"]: each for each in json.loads(self.kept.read_text())["figures"]}


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Callable[..., Command]]:
    pytest.importorskip("playwright.sync_api", reason="needs playwright")
    executable()
    running: list[Command] = []

    def start(*options: str) -> Command:
        running.append(Command(tmp_path, *options))
        return running[-1]

    yield start
    for command in running:
        command.process.kill()
        command.process.communicate()


def measured_in(page: Any, meanwhile: Callable[[], None]) -> None:  # noqa: ANN401 (playwright's)
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.wait_for_function("() => window.ready === true")
    page.click("#start")
    meanwhile()
    page.wait_for_function("() => document.body.dataset.stage === 'after'", timeout=120_000)
    assert errors == []


@pytest.mark.slow
def test_the_page_finds_the_known_delay_of_a_made_camera(
    started: Callable[..., Command],
) -> None:
    """The camera is made in the page and films what it shows, 2 s late from the third turn on."""
    late_ms, command = 2000, started("--seconds", "2", "--rounds", "2")
    with browser() as chromium:
        page = chromium.new_page()
        page.add_init_script(path=ROOT / "tests" / "page" / "made_camera.js")
        page.goto(command.address)

        def delay() -> None:
            turn = "() => document.querySelector('#detail').textContent.startsWith('Turn 3 of 4')"
            page.wait_for_function(turn, timeout=120_000)
            page.evaluate(f"() => {{ window.filmedLateMs = {late_ms}; }}")

        measured_in(page, delay)
    figures = command.figures()
    before, after = figures["camera.model.p50"]["rounds"]
    # Beside others' work the rest of the way takes now more, now less.
    assert 0.5 < (after - before) / late_ms < 1.5
    assert figures["camera.resolution"]["value"] >= TICK_MS


@pytest.mark.slow
def test_chromiums_own_webcam_is_read_and_the_steps_of_its_delay_are_found(
    started: Callable[..., Command], tmp_path: Path
) -> None:
    """Through getUserMedia. The film's ticks are the page's, whose clock is set when it begins.

    On a busy machine the webcam plays slower than it should, so the delay grows on the way; when
    the film turns from late to early, it falls at once by the known step all the same.
    """
    command = started("--seconds", "3", "--rounds", "1")
    webcam = f"--use-file-for-fake-video-capture={webcam_film(tmp_path)}"
    allowed = ("--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream")
    brought: list[dict[str, Any]] = []
    with browser(arguments=(*allowed, webcam)) as chromium:
        page = chromium.new_page()
        page.add_init_script(f"({CLOCK})()")
        page.on(
            "request",
            lambda request: (
                brought.append(request.post_data_json)
                if request.url.endswith("/api/measured")
                else None
            ),
        )
        page.goto(command.address)
        page.wait_for_function("() => window.ready === true")
        page.evaluate(f"() => window.setClock({BEGINS_MS})")
        measured_in(page, lambda: None)
    assert command.figures()["camera.echo.p50"]["value"] > EARLIER_TICKS * TICK_MS / 2
    (told,) = brought
    falls = [-np.diff(turn["latencies"]).min() for turn in told["turns"]]
    assert 0.7 < max(falls) / (STEP_TICKS * TICK_MS) < 1.3
