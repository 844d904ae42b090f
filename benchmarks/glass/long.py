"""The long run: one kind, minute by minute; whether rate and delay stay what they are."""

from dataclasses import replace

import numpy as np

from benchmarks.glass import figures
from benchmarks.glass.measure import measure
from benchmarks.glass.reported import reported
from benchmarks.glass.settings import GlassSettings
from benchmarks.report.report import Figure, Report, Table
from benchmarks.report.uncertainty import LEAST_FOR_SLOPE, percentiles, slope

MINUTE_S = 60.0


def long_run(settings: GlassSettings, minutes: int) -> Report:
    """The report of so many minutes of the model."""
    settings = replace(settings, kinds=("model",), seconds=MINUTE_S, rounds=minutes, settle_s=0.0)
    measured = measure(settings)
    report = reported(measured)
    tables, found = [], []
    for setup, blocks in measured.blocks.items():
        of_minutes = [percentiles(block["latencies"]) for block in blocks]
        p50 = [each["p50"] for each in of_minutes]
        found += _drift(setup.key, p50)
        tables.append(
            Table(
                title=f"{setup}: minute by minute",
                head=("minute", "p50 ms", "p95", "max", "shown/s", "freezes"),
                rows=tuple(
                    (
                        str(number),
                        *(f"{each[name]:.1f}" for name in ("p50", "p95", "max")),
                        f"{block['fps']:.2f}",
                        str(figures.freezes([block])),
                    )
                    for number, (each, block) in enumerate(
                        zip(of_minutes, blocks, strict=True), start=1
                    )
                ),
                notes=(f"From the first minute to the last, p50 changed by {p50[-1] - p50[0]:+.1f} "
                       "ms.",),
            )
        )  # fmt: skip
    return replace(
        report, figures=(*report.figures, *found), tables=(*report.tables, *tables)
    )  # fmt: skip


def _drift(key: str, p50: list[float]) -> list[Figure]:
    """Milliseconds a minute, where there are minutes enough to tell."""
    if len(p50) < LEAST_FOR_SLOPE:
        return []
    per_minute, half_width = slope(list(np.arange(len(p50), dtype=float)), p50)
    interval = (per_minute - half_width, per_minute + half_width)
    return [
        Figure(
            name=f"glass.{key}.model.drift",
            value=per_minute,
            unit="ms/min",
            better="lower",
            interval=interval,
        )
    ]
