"""Clip frames beside what each row makes of them, and how far that is from the truth."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from benchmarks.lpips import Lpips
from benchmarks.refiner.subjects import REFINED, RIG, ROWS, Subjects
from benchmarks.regions import REGIONS, distance, regions
from benchmarks.same_person import Take
from engine.errors import InputError
from engine.frame import Pixels

STILL = "still picture"

Values = dict[str, dict[str, dict[str, float]]]
"""Row -> metric -> region -> value."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Compared:
    """One frame: the truth, what each row made of it, and how far that is off."""

    index: int
    truth: Pixels
    outputs: dict[str, Pixels]
    values: Values

    @property
    def off(self) -> dict[str, float]:
        """Row -> how far mouth and eyes are from the truth."""
        metric = "LPIPS" if "LPIPS" in self.values[RIG] else "L1"
        return {
            row: sum(self.values[row][metric][part] for part in ("mouth", "eyes")) for row in ROWS
        }

    @property
    def lost(self) -> float:
        """How much farther the refiner's are than the rig's."""
        return self.off[REFINED] - self.off[RIG]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Measured:
    """A whole clip."""

    means: Values
    lost: Compared
    """The frame that the refiner makes worst."""
    farthest: Compared
    """The refined frame that is worst."""


def compared(subjects: Subjects, take: Take, lpips: Lpips | None) -> Iterator[Compared]:
    """Every n-th frame of a clip but the neutral one."""
    start = take.pictures[take.neutral], take.faces[take.neutral]
    sitter, driver = subjects.sitter(take.name, *start), subjects.model.driver()
    driver.calibrate(*start)
    for index in range(0, len(take.pictures), subjects.settings.every):
        if index == take.neutral:
            continue
        truth, face = take.pictures[index], take.faces[index]
        # Time 0: each frame is trusted on its own, as in `benchmarks.same_person`.
        outputs = {STILL: start[0], **sitter.shown(driver.read(truth, face, 0))}
        masks = regions(face, truth.shape[:2])
        right = lpips.features(truth) if lpips else None
        values: Values = {}
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


def measure(frames: Iterator[Compared]) -> Measured:
    """A clip's means and its bad frames.

    Raises:
        InputError: there is no frame.
    """
    lost = next(frames, None)
    if lost is None:
        raise InputError("a clip has no frame to compare: give a smaller --every.")
    farthest, values = lost, [lost.values]
    for frame in frames:  # the pictures of two frames only are held
        values.append(frame.values)
        lost = max(lost, frame, key=lambda one: one.lost)
        farthest = max(farthest, frame, key=lambda one: one.off[REFINED])
    means = {
        row: {
            metric: {r: float(np.mean([v[row][metric][r] for v in values])) for r in REGIONS}
            for metric in metrics
        }
        for row, metrics in lost.values.items()
    }
    return Measured(means=means, lost=lost, farthest=farthest)
