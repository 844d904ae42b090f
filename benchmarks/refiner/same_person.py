"""The same-person test of the refiner: a clip's neutral frame must follow the clip itself."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.machine import markdown
from benchmarks.quality.networks import find_networks
from benchmarks.refiner.comparing import Measured, compared, measure
from benchmarks.refiner.report import Section, Skipped, Verdict, find_missing
from benchmarks.refiner.subjects import REFINED, RIG, ROWS, Subjects
from benchmarks.regions import REGIONS

MOST_LOST = 0.02
"""Of the rig's error: on no clip may the refiner lose more than this in any region."""

GOALS = {"face": 6.5, "mouth": 8.0, "eyes": 8.0, "whole": 6.5}
"""L1 of 255 that the refined rows should reach on average."""

Errors = Mapping[str, Mapping[str, float]]
"""Clip -> region -> error, lower is better."""

Row = dict[str, dict[str, dict[str, float]]]
"""Metric -> clip -> region -> value."""

_AS_ERROR = {"L1": "L1", "SSIM": "1 - SSIM", "LPIPS": "LPIPS"}


def run(subjects: Subjects) -> Section | Skipped:
    """All clips; LPIPS only where its weights are there."""
    settings = subjects.settings
    missing = find_missing([("--clips", settings.clips)])
    if missing:
        return Skipped(missing)
    networks = find_networks(settings.models)
    lpips, no_lpips = networks.lpips, networks.skipped.get("LPIPS")
    rows: dict[str, Row] = {}
    worst: dict[str, dict[str, int]] = {}
    for take in subjects.takes:
        found = measure(compared(subjects, take, lpips))
        for row, metrics in found.means.items():
            for metric, means in metrics.items():
                rows.setdefault(row, {}).setdefault(metric, {})[take.name] = means
        worst[take.name] = {"lost": found.lost.index, "farthest": found.farthest.index}
        if settings.sheets is not None:
            _keep_strip(found, settings.sheets / f"worst_{take.name}.png")
    note = f"\n\nLPIPS is left out: {no_lpips}." if no_lpips else ""
    for kind, words in {"lost": "loses most", "farthest": "is farthest off"}.items():
        told = ", ".join(f"{clip} {frames[kind]}" for clip, frames in worst.items())
        note += f"\n\nFrames where the refiner {words}, mouth and eyes: {told}."
    return Section(
        result={"rows": rows, "worst_frames": worst},
        table=_table(rows) + note,
        verdicts=tuple(_verdicts(rows)),
    )


def judge(metric: str, rig: Errors, refined: Errors) -> tuple[Verdict, Verdict]:
    """Better in every region on average; and on no clip worse by more than MOST_LOST."""
    means = {
        region: (_mean(rig, region), _mean(refined, region)) for region in next(iter(rig.values()))
    }
    lost = {
        (clip, region): refined[clip][region] / rig[clip][region] - 1.0
        for clip in rig
        for region in means
    }
    clip, region = max(lost, key=lambda key: lost[key])
    return (
        Verdict(
            question=f"{metric}: better than the rig in every region on average",
            holds=all(after < before for before, after in means.values()),
            detail=", ".join(
                f"{name} {before:.3g} -> {after:.3g}" for name, (before, after) in means.items()
            ),
        ),
        Verdict(
            question=f"{metric}: on no clip worse by more than {MOST_LOST:.0%} in any region",
            holds=lost[clip, region] <= MOST_LOST,
            detail=f"worst: {clip}, {region}, {lost[clip, region]:+.1%}",
        ),
    )


def _verdicts(rows: dict[str, Row]) -> Iterator[Verdict]:
    for metric in rows[RIG]:
        rig, refined = (_errors(metric, rows[row][metric]) for row in (RIG, REFINED))
        yield from judge(_AS_ERROR[metric], rig, refined)
    means = {region: _mean(rows[REFINED]["L1"], region) for region in REGIONS}
    yield Verdict(
        question="the goals of L1 are reached",
        holds=all(means[region] <= goal for region, goal in GOALS.items()),
        detail=", ".join(f"{r} {means[r]:.2f} of {goal:g}" for r, goal in GOALS.items()),
        decides=False,
    )


def _errors(metric: str, of_clips: Errors) -> Errors:
    """SSIM is a likeness: what is missing to 1 is the error."""
    if metric != "SSIM":
        return of_clips
    return {clip: {r: 1.0 - v for r, v in found.items()} for clip, found in of_clips.items()}


def _mean(of_clips: Errors, region: str) -> float:
    return float(np.mean([found[region] for found in of_clips.values()]))


def _table(rows: dict[str, Row]) -> str:
    metrics = list(rows[RIG])
    lines = []
    for row, found in rows.items():
        clips = list(found["L1"])
        for clip in [*clips, "mean"]:
            cells = []
            for region in REGIONS:
                values = [
                    _mean(found[m], region) if clip == "mean" else found[m][clip][region]
                    for m in metrics
                ]
                cells.append(
                    " / ".join(f"{v:.{2 if k == 0 else 3}f}" for k, v in enumerate(values))
                )
            lines.append([row, clip, *cells])
    return markdown(["", "clip", *(f"{r} {' / '.join(metrics)}" for r in REGIONS)], lines)


def _keep_strip(found: Measured, path: Path) -> None:
    """Truth, rig and refined beside each other; first where it loses most, then where it is off."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [
        np.hstack([frame.truth, *(frame.outputs[row] for row in ROWS)])
        for frame in (found.lost, found.farthest)
    ]
    Image.fromarray(np.vstack(rows)).save(path)
