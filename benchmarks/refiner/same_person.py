"""The same-person test of the refiner: a clip's neutral frame must follow the clip itself."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.lpips import Lpips
from benchmarks.machine import markdown
from benchmarks.refiner.report import Section, Skipped, Verdict, find_missing
from benchmarks.refiner.subjects import REFINED, RIG, ROWS, Subjects
from benchmarks.regions import REGIONS, distance, regions
from benchmarks.same_person import Take
from engine.frame import Pixels

STILL = "still picture"

MOST_LOST = 0.02
"""Of the rig's error: on no clip may the refiner lose more than this in any region."""

GOALS = {"face": 6.5, "mouth": 8.0, "eyes": 8.0, "whole": 6.5}
"""L1 of 255 that the refined rows should reach on average."""

Errors = Mapping[str, Mapping[str, float]]
"""Clip -> region -> error, lower is better."""

Row = dict[str, dict[str, dict[str, float]]]
"""Metric -> clip -> region -> value."""

_AS_ERROR = {"L1": "L1", "SSIM": "1 - SSIM", "LPIPS": "LPIPS"}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Compared:
    """One frame: the truth, what each row made of it, and how far that is off."""

    index: int
    truth: Pixels
    outputs: dict[str, Pixels]
    values: dict[str, dict[str, dict[str, float]]]
    """Row -> metric -> region -> value."""

    @property
    def lost(self) -> float:
        """How much farther from the truth the refiner's mouth and eyes are than the rig's."""
        metric = "LPIPS" if "LPIPS" in self.values[RIG] else "L1"
        return sum(
            self.values[REFINED][metric][region] - self.values[RIG][metric][region]
            for region in ("mouth", "eyes")
        )


def run(subjects: Subjects) -> Section | Skipped:
    """All clips; LPIPS only where its weights are there."""
    settings = subjects.settings
    missing = find_missing([("--clips", settings.clips)])
    if missing:
        return Skipped(missing)
    lpips, no_lpips = _find_lpips(settings.models)
    rows: dict[str, Row] = {}
    worst: dict[str, int] = {}
    for take in subjects.takes:
        frames = []
        bad: Compared | None = None
        for frame in compared(subjects, take, lpips):
            frames.append(frame.values)
            bad = frame if bad is None or frame.lost > bad.lost else bad
        for row in frames[0]:
            for metric in frames[0][row]:
                means = {
                    region: float(np.mean([f[row][metric][region] for f in frames]))
                    for region in REGIONS
                }
                rows.setdefault(row, {}).setdefault(metric, {})[take.name] = means
        assert bad is not None
        worst[take.name] = bad.index
        if settings.sheets is not None:
            _keep_strip(bad, settings.sheets / f"worst_{take.name}.png")
    note = f"\n\nLPIPS is left out: {no_lpips}." if no_lpips else ""
    told = ", ".join(f"{clip} {index}" for clip, index in worst.items())
    note += f"\n\nFrames that the refiner makes worst, mouth and eyes: {told}."
    return Section(
        result={"rows": rows, "worst_frames": worst},
        table=_table(rows) + note,
        verdicts=tuple(_verdicts(rows)),
    )


def compared(subjects: Subjects, take: Take, lpips: Lpips | None) -> Iterator[Compared]:
    """Every n-th frame of a clip but the neutral one."""
    start = take.pictures[take.neutral], take.faces[take.neutral]
    sitter, driver = subjects.sitter(take.name, *start), subjects.model.driver()
    driver.calibrate(*start)
    for index in range(0, len(take.pictures), subjects.settings.every):
        if index == take.neutral:
            continue
        truth, face = take.pictures[index], take.faces[index]
        # Time 0: each frame is believed on its own, as in `benchmarks.same_person`.
        outputs = {STILL: start[0], **sitter.shown(driver.read(truth, face, 0))}
        masks = regions(face, truth.shape[:2])
        right = lpips.features(truth) if lpips else None
        values: dict[str, dict[str, dict[str, float]]] = {}
        for row, output in outputs.items():
            near = distance(output, truth, masks)
            values[row] = {
                "L1": {region: near[region][0] for region in REGIONS},
                "SSIM": {region: near[region][1] for region in REGIONS},
            }
            if lpips and right:
                apart = lpips.between(lpips.features(output), right, truth.shape[:2])
                values[row]["LPIPS"] = {r: float(apart[masks[r]].mean()) for r in REGIONS}
        yield Compared(index=index, truth=truth, outputs=outputs, values=values)


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


def _find_lpips(models: Path | None) -> tuple[Lpips | None, str | None]:
    """LPIPS, or why not."""
    if models is None:
        return None, "--models is not given"
    paths = models / "squeezenet1_1_torchvision_fp16.pth", models / "lpips_v0.1_squeeze.pth"
    missing = find_missing([("--models", path) for path in paths])
    return (None, missing) if missing else (Lpips(*paths), None)


def _keep_strip(frame: Compared, path: Path) -> None:
    """Truth, rig and refined beside each other."""
    path.parent.mkdir(parents=True, exist_ok=True)
    strip = np.hstack([frame.truth, *(frame.outputs[row] for row in ROWS)])
    Image.fromarray(strip).save(path)
