"""The reports of `understudy bench camera`: of the page, and of a film."""

import numpy as np

from benchmarks.camera.film import Filmed
from benchmarks.camera.filmed_code import TICK_MS
from benchmarks.camera.serving import Brought, Turn
from benchmarks.camera.settings import CameraSettings
from benchmarks.report.charts import Chart, Histogram, Timeline
from benchmarks.report.report import CannotRunError, Figure, Report, Table
from benchmarks.report.uncertainty import bootstrap_median, percentiles

NAMES = {"echo": "the camera's picture itself", "model": "the portrait"}


def of_page(settings: CameraSettings, brought: Brought) -> Report:
    """From light to light, as far as the page can see it."""
    kinds = {kind: [turn for turn in brought.turns if turn["kind"] == kind] for kind in NAMES}
    if not all(turn["latencies"] for turns in kinds.values() for turn in turns):
        raise CannotRunError(
            "in one of the turns no code was read: hold the camera still, and let it see the face "
            "beside the code, too"
        )
    camera = brought.camera
    surely_ms = max(brought.refresh_ms, TICK_MS)
    rows, figures = [], [
        Figure(name="camera.resolution", value=surely_ms, unit="ms", better=None),
    ]  # fmt: skip
    for kind, turns in kinds.items():
        found = percentiles(_delays(turns))
        medians = [float(np.median(turn["latencies"])) for turn in turns]
        figures += [
            Figure(
                name=f"camera.{kind}.{name}",
                value=value,
                unit="ms",
                better="lower",
                interval=bootstrap_median(medians) if name == "p50" and len(turns) > 1 else None,
                rounds=tuple(medians) if name == "p50" else (),
            )
            for name, value in found.items()
        ]
        lost = sum(turn["unread"] for turn in turns)
        misread = sum(turn["misread"] for turn in turns)
        rows.append(
            (
                NAMES[kind],
                *(f"{value:.0f}" for value in found.values()),
                str(len(_delays(turns))),
                str(lost),
                str(misread),
            )
        )
    look = percentiles(brought.read_ms) if brought.read_ms else {"p50": 0.0}
    notes = (
        f"From the screen's code through the camera ({camera['width']} x {camera['height']}, "
        f"{camera['frameRate']} a second as the browser states it) and the server to this page. "
        f"One reading is worth +- {surely_ms:.1f} ms: the screen changes every "
        f"{brought.refresh_ms:.1f} ms, the code every {TICK_MS:.1f}. Not in it: the screen's own "
        "delay in showing what returned, which is the same as in showing the code.",
        f"The server looks for the code in every picture: p50 {look['p50']:.1f} ms of every row. "
        "`not read`: pictures without a code that can be read, mostly while it changed.",
    )
    return Report(
        kind="camera",
        settings={**settings.as_json(), "refresh_ms": brought.refresh_ms, "camera": camera},
        figures=tuple(figures),
        tables=(
            Table(
                title="Light to light: your camera, this server, this screen",
                head=("", "p50 ms", "p95", "p99", "max", "read", "not read", "misread"),
                rows=tuple(rows),
                notes=notes,
            ),
        ),
        charts=_charts(kinds),
    )


def of_film(name: str, filmed: Filmed) -> Report:
    """What a film of both screens says."""
    found = percentiles(filmed.delays_ms)
    surely_ms = max(filmed.frame_ms, TICK_MS)
    return Report(
        kind="camera",
        settings={"film": name},
        figures=(
            *(
                Figure(name=f"camera.film.{name}", value=value, unit="ms", better="lower")
                for name, value in found.items()
            ),
            Figure(name="camera.resolution", value=surely_ms, unit="ms", better=None),
        ),
        tables=(
            Table(
                title="Light to light, by a film of both screens",
                head=("", "p50 ms", "p95", "p99", "max", "pictures", "of"),
                rows=(
                    (
                        "what returned, when it was first seen",
                        *(f"{value:.0f}" for value in found.values()),
                        str(len(filmed.delays_ms)),
                        str(filmed.frames),
                    ),
                ),
                notes=(
                    f"One reading is worth +- {surely_ms:.1f} ms: one picture of the film is "
                    f"{filmed.frame_ms:.1f} ms by its codes, one tick of the code {TICK_MS:.1f}. A "
                    "returned picture is seen up to one picture of the film after it was shown, "
                    "half of one in the mean, and that is in every figure. Not read: "
                    f"{filmed.without_shown} codes that were shown, {filmed.without_returned} "
                    "that returned.",
                ),
            ),
        ),
        charts=(
            Histogram(title="Delay in the film", unit="ms", series={"film": filmed.delays_ms}),
            Timeline(
                title="Delay over the film",
                unit="ms",
                series={"film": list(zip(filmed.at_s, filmed.delays_ms, strict=True))},
            ),
        ),
    )


def _delays(turns: list[Turn]) -> list[float]:
    return [delay for turn in turns for delay in turn["latencies"]]


def _charts(kinds: dict[str, list[Turn]]) -> tuple[Chart, ...]:
    series, began_s = dict[str, list[tuple[float, float]]](), 0.0
    for turns in zip(*kinds.values(), strict=True):
        for turn in turns:
            points = series.setdefault(NAMES[turn["kind"]], [])
            points += [
                (began_s + at / 1e3, delay)
                for at, delay in zip(turn["at"], turn["latencies"], strict=True)
            ]
            began_s += turn["seconds"]
    return (
        Histogram(
            title="Delay of the pictures",
            unit="ms",
            series={NAMES[kind]: _delays(turns) for kind, turns in kinds.items()},
        ),
        Timeline(title="Delay over the run", unit="ms", series=series),
    )
