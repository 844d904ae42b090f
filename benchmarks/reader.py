"""How well ARKit coefficients are read of rendered people whom no reader was learned from.

python -m benchmarks.reader --samples samples/

The samples are those of `understudy train reader --samples samples/`, with the same numbers of
people. `analytic` is the ridge regression on the rig's shapes that read before, `steadied` the same
without the head's movement; `linear` is a ridge regression on the directions that `network`, the
reader that ships, begins with. `--times` adds what a frame takes, for a machine that is quiet.
"""

import argparse
import shlex
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.machine import keep, markdown
from engine.rig.motion.arkit_reader import load_reader
from engine.rig.motion.factors import arkit_from_motions
from engine.stats import percentiles_ms
from training.reader import run as reading
from training.reader.features import Rows
from training.reader.measure import GROUPS, gain_effects, leaks, scores

FRAMES = 300


def measure(run: reading.Run, *, timed: bool) -> dict[str, Any]:
    """Scores, leaks and effects of gains, by way of reading; and what a frame takes if `timed`."""
    measured = reading.rows(run.folder, run.measured_on)
    read = reading.readings(run, load_reader(), measured)
    return {
        "people": int(measured.person.max()) + 1,
        "faces": int((measured.probe < 0).sum()),
        "scores": {
            way: {name: asdict(score) for name, score in scores(values, measured).items()}
            for way, values in read.items()
        },
        "leaks": {
            way: {name: asdict(leak) for name, leak in leaks(values, measured).items()}
            for way, values in read.items()
        },
        "gains": {
            way: {name: asdict(effect) for name, effect in gain_effects(values, measured).items()}
            for way, values in read.items()
        },
        "ms": _times(measured) if timed else {},
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, and keep the figures in `results/`."""
    parser = argparse.ArgumentParser(description="Measure the reader of ARKit coefficients.")
    parser.add_argument("--samples", type=Path, required=True, help="folder of samples")
    parser.add_argument("--people", type=int, default=216, help="people that were learned from")
    parser.add_argument("--held-out", type=int, default=30, help="people to measure on")
    parser.add_argument("--times", action="store_true", help="measure times, too")
    given = sys.argv[1:] if arguments is None else list(arguments)
    options = parser.parse_args(given)
    run = reading.Run(
        facekit=Path("facekit.npz"),
        folder=options.samples,
        people=options.people,
        held_out=options.held_out,
    )
    result = measure(run, timed=options.times)
    command = f"python -m benchmarks.reader {shlex.join(given)}"
    keep("reader", command, result, _tables(result))
    return 0


def _times(measured: Rows) -> dict[str, dict[str, float]]:
    """Percentiles of one frame's reading; the first call, which loads, is not counted."""
    reader = load_reader()
    times: dict[str, list[int]] = {"analytic": [], "network": []}
    for frame in range(min(FRAMES, len(measured.offsets))):
        offsets = measured.offsets[frame : frame + 1].astype(float)
        aperture = measured.aperture[frame : frame + 1].astype(float)
        for name, way in (("analytic", arkit_from_motions), ("network", reader.read)):
            start = time.perf_counter_ns()
            way(offsets, aperture)
            times[name].append(time.perf_counter_ns() - start)
    return {name: percentiles_ms(taken[1:]) for name, taken in times.items()}


def _tables(result: dict[str, Any]) -> str:
    faces = f"{result['faces']} faces of {result['people']} people in many poses"
    parts = [
        f"{faces}. Correlation, mean error, and what is read where the truth is 0. The first "
        f"{len(GROUPS)} rows are the means of a factor's names.",
        _table(result["scores"], _score),
        "Single movements, nearly straight: what is read of what moves, over the truth; the mean "
        "of all that does not move; and the largest of that.",
        _table(result["leaks"], _leak),
        "ARKit gains on those movements: the part left where what moves has gain 0 (0 would be "
        "ideal), and the movement that gain 2 on all else adds, in cm (0 would be ideal).",
        _table(result["gains"], lambda gain: f"{gain['left']:.2f}, {gain['beside_cm']:.3f}"),
    ]
    if result["ms"]:
        rows = [[way, f"{ms['p50']:.2f}", f"{ms['p95']:.2f}"] for way, ms in result["ms"].items()]
        parts.append(markdown(["ms per frame", "p50", "p95"], rows))
    return "\n\n".join(parts)


def _table(by_way: dict[str, dict[str, Any]], told: Callable[[dict[str, Any]], str]) -> str:
    names = next(iter(by_way.values()))
    rows = [[name, *(told(way[name]) for way in by_way.values())] for name in names]
    return markdown(["", *by_way], rows)


def _score(score: dict[str, Any]) -> str:
    return f"{score['correlation']:.2f}, {score['error']:.3f}, {score['at_rest']:.3f}"


def _leak(leak: dict[str, Any]) -> str:
    return f"{leak['read']:.2f}, {leak['beside']:.3f}, {leak['worst']} {leak['worst_value']:.2f}"


if __name__ == "__main__":
    sys.exit(main())
