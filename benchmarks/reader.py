"""How well ARKit coefficients are read of rendered people whom no reader was learned from.

python -m benchmarks.reader --samples samples/

The samples are those of `understudy train reader --samples samples/`, with the same numbers of
people. `analytic` is the ridge regression on the rig's shapes that read before; `linear` is a ridge
regression on the same directions as `network`, the reader that ships.
"""

import argparse
import shlex
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.machine import keep, markdown
from engine.rig.factors import arkit_from_motions
from engine.rig.reader import load_reader
from engine.stats import percentiles_ms
from training.reader import run as reading
from training.reader.features import Rows
from training.reader.measure import GROUPS, gain_effects, leaks, scores

FRAMES = 300


def measure(run: reading.Run) -> dict[str, Any]:
    """Scores, leaks and effects of gains, by way of reading; and what a frame takes."""
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
        "ms": _times(measured),
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, and keep the figures in `results/`."""
    parser = argparse.ArgumentParser(description="Measure the reader of ARKit coefficients.")
    parser.add_argument("--samples", type=Path, required=True, help="folder of samples")
    parser.add_argument("--people", type=int, default=180, help="people that were learned from")
    parser.add_argument("--held-out", type=int, default=30, help="people to measure on")
    given = sys.argv[1:] if arguments is None else list(arguments)
    options = parser.parse_args(given)
    run = reading.Run(
        facekit=Path("facekit.npz"),
        folder=options.samples,
        people=options.people,
        held_out=options.held_out,
    )
    result = measure(run)
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
    ways = list(result["scores"])
    return "\n\n".join(
        [
            f"{result['faces']} faces of {result['people']} people in many poses. Correlation, "
            "mean error, and what is read where the truth is 0; by factor, the mean of its names.",
            markdown(
                ["", *(f"{way}: r, error, at 0" for way in ways)],
                [
                    [f"**{name}**" if name in GROUPS else name]
                    + [_score(result["scores"][way][name]) for way in ways]
                    for name in result["scores"][ways[0]]
                ],
            ),
            "Single movements, nearly straight: what is read of what moves, over the truth; the "
            "mean of all that does not move; and the largest of that.",
            markdown(
                ["", *(f"{way}: read, beside, worst" for way in ways)],
                [
                    [name, *(_leak(result["leaks"][way][name]) for way in ways)]
                    for name in result["leaks"][ways[0]]
                ],
            ),
            "ARKit gains on those movements: the part left where what moves has gain 0 (0 would be "
            "ideal), and the movement that gain 2 on all else adds, in cm (0 would be ideal).",
            markdown(
                ["", *(f"{way}: left, beside" for way in ways)],
                [
                    [name]
                    + [
                        f"{result['gains'][way][name]['left']:.2f}, "
                        f"{result['gains'][way][name]['beside_cm']:.3f}"
                        for way in ways
                    ]
                    for name in result["gains"][ways[0]]
                ],
            ),
            markdown(
                ["ms per frame", "p50", "p95"],
                [
                    [name, f"{taken['p50']:.2f}", f"{taken['p95']:.2f}"]
                    for name, taken in result["ms"].items()
                ],
            ),
        ]
    )


def _score(score: dict[str, float]) -> str:
    return f"{score['correlation']:.2f}, {score['error']:.3f}, {score['at_rest']:.3f}"


def _leak(leak: dict[str, Any]) -> str:
    return f"{leak['read']:.2f}, {leak['beside']:.3f}, {leak['worst']} {leak['worst_value']:.2f}"


if __name__ == "__main__":
    sys.exit(main())
