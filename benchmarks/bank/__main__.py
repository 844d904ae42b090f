"""Is a portrait with its person's own frames better than one picture alone? Figures and a verdict.

    python -m benchmarks.bank --clips DIR --models DIR [--size 384] [--every 6] [--only NAME ...]

Each clip's neutral frame follows the clip itself. Strict: enrolled from the first half, tested on
the second; covered: enrolled from every other block of 20 frames. Goals are those of the five clips
of `CLIPS`. With --only, figures of the clips that are named are printed and not kept.
"""

import argparse
import shlex
import sys
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from benchmarks.bank.measuring import (
    BANK,
    METRICS,
    PROTOCOLS,
    REFINED,
    ROWS,
    Plan,
    Scores,
    measured,
)
from benchmarks.machine import is_dirty, keep, markdown
from benchmarks.refiner.report import Verdict
from benchmarks.regions import REGIONS
from engine.errors import InputError, UnderstudyError

CLIPS = ("s", "d5", "driving_d10", "driving_d18", "driving_d19")

GOALS = {
    "strict": {"face": 6.2, "mouth": 11.0, "eyes": 12.3},
    "covered": {"face": 5.0, "mouth": 7.0, "eyes": 10.8},
}
"""Mean L1 of 255."""

MOST_LOST = 0.02
"""Of the refined default's L1: no clip may lose more than this in any region."""

Found = dict[str, dict[str, Scores]]
"""Clip -> row -> scores."""


def main(arguments: list[str] | None = None) -> int:
    """Measure, print and keep."""
    options = _parser().parse_args(arguments)
    try:
        found = _found(options)
    except UnderstudyError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    verdicts = [v for protocol, of_clips in found.items() for v in judge(protocol, of_clips)]
    text = "\n\n".join(
        [
            "\n".join(verdict.line() for verdict in verdicts),
            *(f"## {protocol}\n\n{_table(of_clips)}" for protocol, of_clips in found.items()),
        ]
    )
    if options.only:
        sys.stdout.write(f"{text}\n")
        return 0
    given = sys.argv[1:] if arguments is None else arguments
    command = shlex.join(["python", "-m", "benchmarks.bank", *given])
    keep("bank", command, {"verdicts": [v.line() for v in verdicts], "scores": found}, text)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.bank", description=__doc__.partition("\n")[0]
    )
    parser.add_argument("--clips", type=Path, required=True, help="folder of clips")
    parser.add_argument("--models", type=Path, help="folder of the measuring networks")
    parser.add_argument("--refiner", type=Path, help="bundle of the refiner, else the one shipped")
    parser.add_argument("--size", type=int, default=384, help="side of the pictures, pixels")
    parser.add_argument("--every", type=int, default=6, help="every n-th frame is compared")
    parser.add_argument("--jobs", type=int, default=1, help="clips that are measured at once")
    parser.add_argument("--only", nargs="+", help="clips, by their names")
    return parser


def _found(options: argparse.Namespace) -> dict[str, Found]:
    if not options.only and is_dirty():
        raise InputError("The tree has changes: commit them, so that figures have a commit.")
    if not options.clips.is_dir():
        raise InputError(f"{options.clips} is no folder: name one that holds clips.")
    paths = sorted(p for p in options.clips.iterdir() if p.suffix in {".mp4", ".mkv"})
    paths = [path for path in paths if path.stem in (options.only or CLIPS)]
    if not paths:
        raise InputError(f"{options.clips} holds none of these clips: name another folder.")
    plan = Plan(
        refiner=options.refiner, models=options.models, size=options.size, every=options.every
    )
    with ProcessPoolExecutor(options.jobs, mp_context=get_context("spawn")) as workers:
        of_paths = list(workers.map(partial(measured, plan), paths))
    return {
        protocol: {path.stem: found[protocol] for path, found in zip(paths, of_paths, strict=True)}
        for protocol in PROTOCOLS
    }


def judge(protocol: str, found: Found) -> list[Verdict]:
    """What is asked of the bank under one protocol."""
    goals = GOALS[protocol]
    reached = {region: _mean(found, BANK, "L1", region) for region in goals}
    lost = {
        (clip, region): rows[BANK]["L1"][region] / rows[REFINED]["L1"][region] - 1.0
        for clip, rows in found.items()
        for region in REGIONS
    }
    clip, region = max(lost, key=lambda key: lost[key])
    verdicts = [
        Verdict(
            question=f"{protocol}: the goals of L1 are reached",
            holds=all(reached[name] <= goal for name, goal in goals.items()),
            detail=", ".join(f"{name} {reached[name]:.2f} of {goals[name]}" for name in goals),
        ),
        Verdict(
            question=f"{protocol}: no clip loses more than {MOST_LOST:.0%} in any region",
            holds=lost[clip, region] <= MOST_LOST,
            detail=f"worst: {clip}, {region}, {lost[clip, region]:+.1%} against the default",
        ),
    ]
    for metric, part, sign in (("flicker", "mouth", 1.0), ("CSIM", "face", -1.0)):
        if all(metric in rows[BANK] for rows in found.values()):
            before, after = (_mean(found, row, metric, part) for row in (REFINED, BANK))
            words = "no more flicker than" if metric == "flicker" else "CSIM higher than"
            verdicts.append(
                Verdict(
                    question=f"{protocol}: {words} the default's",
                    holds=sign * after <= sign * before,
                    detail=f"mean {before:.3f} -> {after:.3f}",
                )
            )
    return verdicts


def _mean(found: Found, row: str, metric: str, region: str) -> float:
    """Over clips."""
    return float(np.mean([rows[row][metric][region] for rows in found.values()]))


def _table(found: Found) -> str:
    metrics = [m for m in METRICS if m in next(iter(found.values()))[BANK]]
    lines = []
    for row in ROWS:
        for clip in (*found, "mean"):
            of_clip = {clip: found[clip]} if clip in found else found
            cells = [
                " / ".join(
                    f"{_mean(of_clip, row, m, region):.{2 if m == 'L1' else 3}f}" for m in metrics
                )
                for region in REGIONS
            ]
            for metric, part in (("flicker", "mouth"), ("CSIM", "face")):
                there = all(metric in of_rows[row] for of_rows in of_clip.values())
                cells.append(f"{_mean(of_clip, row, metric, part):.3f}" if there else "")
            lines.append([row, clip, *cells])
    heads = [f"{region} {' / '.join(metrics)}" for region in REGIONS]
    return markdown(["", "clip", *heads, "mouth's flicker", "CSIM"], lines)


if __name__ == "__main__":
    raise SystemExit(main())
