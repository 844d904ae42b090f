"""Glass to glass: the code survives what codecs do, figures follow by hand, a slowed step shows."""

from fractions import Fraction
from typing import Any

import av
import cv2
import numpy as np
import pytest

from benchmarks.glass import figures, strip
from benchmarks.glass.measure import Measured, measure, passed, with_what_is_here
from benchmarks.glass.reported import reported
from benchmarks.glass.settings import GlassSettings, Setup
from benchmarks.impaired.matrix import options_of
from benchmarks.impaired.networks import NETWORKS
from benchmarks.report.report import CannotRunError
from engine.frame import Pixels
from tests.chromium import executable


def noise(size: int, seed: int = 0) -> Pixels:
    coarse = np.random.default_rng(seed).integers(0, 256, (8, 8, 3), np.uint8)
    return np.asarray(cv2.resize(coarse, (size, size), interpolation=cv2.INTER_CUBIC), np.uint8)


@pytest.mark.parametrize("size", [256, 512, 720])
def test_a_code_comes_through_an_encoder(size: int) -> None:
    encoder = av.CodecContext.create("libx264", "w")
    assert isinstance(encoder, av.VideoCodecContext)
    encoder.width = encoder.height = size
    encoder.pix_fmt, encoder.bit_rate = "yuv420p", 500_000
    encoder.framerate, encoder.time_base = Fraction(30), Fraction(1, 30)
    encoder.options = {"preset": "ultrafast", "tune": "zerolatency"}
    decoder = av.CodecContext.create("h264", "r")
    assert isinstance(decoder, av.VideoCodecContext)
    packets, codes = [], [0, 1, strip.SPAN - 1, 0x5A5A5A, 12_345_678]
    for number, code in enumerate(codes):
        picture = noise(size)
        strip.draw(picture, code)
        shown = av.VideoFrame.from_ndarray(picture, format="rgb24")
        shown.pts = number
        packets += encoder.encode(shown)
    frames = [frame for packet in [*packets, None] for frame in decoder.decode(packet)]
    pictures = [np.asarray(frame.to_ndarray(format="rgb24"), np.uint8) for frame in frames]
    assert [strip.read(picture) for picture in pictures] == codes


def test_a_wrong_cell_is_noticed_and_noise_is_no_code() -> None:
    picture = noise(256)
    strip.draw(picture, 987_654)
    for cell in range(strip.CELLS * strip.ROWS):
        row, column = divmod(cell, strip.CELLS)
        spoiled = picture.copy()
        place = spoiled[row * 16 : row * 16 + 16, column * 16 : column * 16 + 16]
        place[:] = 255 - place
        assert strip.read(spoiled) is None
    assert sum(strip.read(noise(256, seed)) is not None for seed in range(50)) <= 2


def test_ages_go_on_where_the_times_begin_anew() -> None:
    assert strip.since_ms(strip.SPAN - 10, 5) == 15
    assert strip.since_ms(100, 160.5) == 60.5
    assert strip.since_ms(100, 90) == -10


def block(kind: str, delays: list[float], every_ms: float = 100.0) -> dict[str, Any]:
    at = [every_ms * (number + 1) for number in range(len(delays))]
    return {
        "kind": kind, "latencies": delays, "at": at, "seconds": (at[-1] + every_ms) / 1e3,
        "misread": 1, "repeated": 0, "fps": 10.0, "drawnFps": 10.0, "drops": 2,
        "step_ms": [5.0], "up_ms": [3.0], "wallS": 100.0,
    }  # fmt: skip


def made(kinds: list[str], delay: dict[str, float]) -> Measured:
    settings = GlassSettings(rounds=len(kinds) // 2)
    found = Measured(settings=settings, other_end="made")
    found.own[30] = block("own", [10.0, 12.0, 14.0])
    found.blocks[Setup(size=512, rate=30, codec="H264")] = [
        block(kind, [delay[kind] + number for number in range(5)]) for kind in kinds
    ]
    return found


def test_the_report_says_what_lies_beyond_the_echo() -> None:
    report = reported(made(["echo", "model"] * 3, {"echo": 20.0, "model": 60.0}))
    values = {figure.name: figure.value for figure in report.figures}
    assert values["glass.h264-512-30.echo.p50"] == 22.0
    assert values["glass.h264-512-30.model.beyond_echo"] == 40.0
    assert values["glass.h264-512-30.model.misread"] == 3
    assert values["glass.own-30.p50"] == 12.0
    assert values["glass.own-30.spread"] == pytest.approx(1.8)
    (table,) = report.tables
    assert [row[0] for row in table.rows] == ["own part", "echo", "model"]
    histogram, timeline = report.charts
    assert len(timeline.series["model"]) == 15  # type: ignore[union-attr]
    assert set(histogram.series) == {"own part", "echo", "model"}  # type: ignore[union-attr]


def test_a_gap_is_a_freeze_and_so_is_a_late_beginning() -> None:
    even = block("model", [1.0] * 4)
    assert figures.freezes([even]) == 0
    gap = even | {"at": [100.0, 200.0, 450.0, 500.0], "seconds": 0.6}
    assert figures.freezes([gap]) == 1
    late = even | {"at": [300.0, 400.0], "seconds": 0.5}
    assert figures.freezes([late]) == 1


def test_pictures_are_counted_in_the_block_during_which_they_passed() -> None:
    passages = {"at_s": [99.0, 100.1, 100.4, 101.0], "up_ms": [1.0, 2.0, 3.0, 4.0],
                "step_ms": [5.0, 6.0, 7.0, 8.0]}  # fmt: skip
    found = passed(passages, {"wallS": 100.0, "seconds": 0.5})
    assert found.pop("up_at") == pytest.approx([100.0, 400.0])
    assert found == {"up_ms": [2.0, 3.0], "step_ms": [6.0, 7.0]}


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"sizes": (300,)}, "size must be one of 256, 512, 720"),
        ({"codecs": ("AV1",)}, "codec must be one of"),
        ({"networks": ("blackout 2 s",)}, "network must be one of"),
        ({"seconds": 0.5}, "seconds must be 2 or more"),
        ({"rounds": 0}, "rounds must be 1 or more"),
    ],
)
def test_a_setting_that_cannot_be_is_named(given: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        GlassSettings(**given)


def test_every_network_is_told_to_the_twin_as_it_is() -> None:
    assert options_of(NETWORKS["loss 5 %"]) == ["--delay-ms", "20", "--loss", "0.05"]
    assert options_of(NETWORKS["clean"]) == ["--delay-ms", "0"]
    assert options_of(NETWORKS["blackout 2 s"])[-2:] == ["--blackout-s", "2"]
    assert "--reorders" in options_of(NETWORKS["jitter 30, reordered"])


@pytest.mark.slow
def test_a_slowed_step_shows_in_glass_minus_echo() -> None:
    """Whole: server, aiortc's peer, report; the ratio to the known slowing is all that is told."""
    slower_ms = 150.0
    settings = GlassSettings(
        sizes=(256,), refine="off", seconds=2.0, rounds=2, warm_up_s=0.5, settle_s=0.5, own_s=0.5,
        slower_ms=slower_ms, uses_browser=False,
    )  # fmt: skip
    measured = measure(settings)
    report = reported(measured)
    values = {figure.name: figure.value for figure in report.figures}
    key = "glass.h264-256-30"
    assert values[f"{key}.model.beyond_echo"] > 0.8 * slower_ms
    assert values[f"{key}.model.step.p50"] > 0.9 * slower_ms
    assert values[f"{key}.echo.step.p50"] < 0.5 * slower_ms
    assert values[f"{key}.echo.p50"] < values[f"{key}.model.p50"]
    assert values["glass.own-30.spread"] < values[f"{key}.echo.p50"]
    assert report.settings["other_end"] == "aiortc, no browser"


@pytest.mark.slow
def test_a_real_browser_measures_echo_and_model_over_one_connection() -> None:
    executable()
    pytest.importorskip("playwright.sync_api", reason="needs playwright")
    settings = GlassSettings(
        sizes=(256,), codecs=("VP8",), refine="off", seconds=2.0, rounds=1, warm_up_s=1.0,
        settle_s=1.0, own_s=1.0,
    )  # fmt: skip
    measured = measure(settings)
    assert measured.skipped == {}
    assert measured.other_end.startswith("Chromium ")
    (blocks,) = measured.blocks.values()
    assert [each["kind"] for each in blocks] == ["echo", "model"]
    assert {each["codec"] for each in blocks} == {"video/VP8"}
    for each in blocks:
        assert min(each["latencies"]) > 0
        # Read by two programs of one clock: nothing is at the server later than in the page.
        assert np.median(each["up_ms"]) < np.median(each["latencies"])
    values = {figure.name: figure.value for figure in reported(measured).figures}
    assert values["glass.vp8-256-30.echo.misread"] == 0
    assert values["glass.own-30.p50"] < values["glass.vp8-256-30.model.p50"]


def test_without_a_browser_two_peers_stand_in_and_that_is_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PATH", "")
    settings, why = with_what_is_here(GlassSettings())
    assert not settings.uses_browser
    assert why.startswith("there is no Chromium here: apt-get install chromium. Two aiortc peers")
    assert with_what_is_here(GlassSettings(uses_browser=False))[1] == ""


def test_a_network_that_cannot_be_made_here_is_named_with_the_reason(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("benchmarks.impaired.namespaces.can_tunnel", lambda: False)
    with pytest.raises(CannotRunError, match=r"loss 5 %: networks are made by root alone"):
        measure(GlassSettings(networks=("loss 5 %",), uses_browser=False))
