"""Flicker: before a driver who sits still, the output must stand as still as the rig's.

Two still drivers: one frame of each clip (the one farthest from neutral, where the refiner draws
most) taken again and again by a camera with noise, and the quietest second of all clips. The
tracker and the driver follow them as they do live.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.contact_sheet import pick_frames
from benchmarks.machine import markdown
from benchmarks.quality.steadiness import CAMERA, NOISY_FRAMES, flicker
from benchmarks.refiner.report import Section, Skipped, Verdict, find_missing
from benchmarks.refiner.subjects import REFINED, RIG, ROWS, Sitter, Subjects
from benchmarks.same_person import Take
from engine.faces.face import Face
from engine.faces.mesh_tracker import MeshTracker
from engine.frame import Pixels
from engine.rig.motion.motion import RigMotion
from training.heads.webcam import photographed

RATE = 30
"""Frames per second; no clip at hand is slower than 24."""

MOST_ADDED = 0.02
"""Of the rig's own: what the refiner may add."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quiet:
    """A driver who sits still."""

    name: str
    motions: list[RigMotion]


def run(subjects: Subjects) -> Section | Skipped:
    """All portraits before all still drivers."""
    settings = subjects.settings
    missing = find_missing([("--clips", settings.clips), ("--portraits", settings.portraits)])
    if missing:
        return Skipped(missing)
    quiet = [_noisy(subjects, take) for take in subjects.takes]
    quiet.append(_quietest(subjects, subjects.takes))
    found = {
        driver.name: {sitter.name: _shown(sitter, driver) for sitter in subjects.sitters}
        for driver in quiet
    }
    return Section(result={"flicker": found}, table=_table(found), verdicts=(judge(found),))


def judge(found: dict[str, dict[str, dict[str, float]]]) -> Verdict:
    """`found`: driver -> portrait -> row -> flicker; no driver's mean may rise."""
    rig, refined = ({name: _mean([f], row) for name, f in found.items()} for row in (RIG, REFINED))
    added = {name: refined[name] / max(rig[name], 1e-6) - 1.0 for name in found}
    worst = max(added, key=lambda name: added[name])
    return Verdict(
        question="no flicker is added before a still driver",
        holds=added[worst] <= MOST_ADDED,
        detail=f"worst: {worst}, mean {rig[worst]:.3f} -> {refined[worst]:.3f} of 255, "
        f"{added[worst]:+.1%}",
    )


def _shown(sitter: Sitter, driver: Quiet) -> dict[str, float]:
    shown = [sitter.shown(motion) for motion in driver.motions]
    return {row: flicker((s[row] for s in shown), sitter.face.box) for row in ROWS}


def _noisy(subjects: Subjects, take: Take) -> Quiet:
    """One frame again and again; the neutral frame has noise, too."""
    frame = take.pictures[pick_frames(take.faces, take.neutral, 1)[0]]
    start = photographed(take.pictures[take.neutral], CAMERA, 999)
    pictures = [photographed(frame, CAMERA, seed) for seed in range(NOISY_FRAMES)]
    return Quiet(name=f"{take.name}, one frame", motions=followed(subjects, start, pictures))


def _quietest(subjects: Subjects, takes: Sequence[Take]) -> Quiet:
    """The second of all clips in which the landmarks move least, over the face's height."""
    _, take, begin = min(
        (
            (unrest(take.faces[begin : begin + RATE]), take, begin)
            for take in takes
            for begin in range(0, max(len(take.faces) - RATE, 1), 5)
        ),
        key=lambda found: found[0],
    )
    pictures = take.pictures[begin : begin + RATE]
    motions = followed(subjects, take.pictures[take.neutral], pictures)
    return Quiet(
        name=f"{take.name}, frames {begin} to {begin + len(pictures) - 1}", motions=motions
    )


def unrest(faces: Sequence[Face]) -> float:
    """How far the landmarks go from frame to frame, over the face's height."""
    points = np.stack([face.landmarks[:, :2] for face in faces])
    _, top, _, bottom = faces[0].box
    return float(np.linalg.norm(np.diff(points, axis=0), axis=-1).mean() / (bottom - top))


def followed(subjects: Subjects, start: Pixels, pictures: Sequence[Pixels]) -> list[RigMotion]:
    """The motions that the live step would read; a frame without a face is left out."""
    tracker, driver = MeshTracker(), subjects.model.driver()
    neutral = tracker.find(start)
    if neutral is None:
        return []
    driver.calibrate(start, neutral)
    tracker.reset()
    found = []
    for index, picture in enumerate(pictures):
        face = tracker.find(picture)
        if face is not None:
            found.append(driver.read(picture, face, (index + 1) * 1_000_000_000 // RATE))
    return found


def _mean(of_drivers: Iterable[dict[str, dict[str, float]]], row: str) -> float:
    return float(np.mean([rows[row] for found in of_drivers for rows in found.values()]))


def _table(found: dict[str, dict[str, dict[str, float]]]) -> str:
    lines = []
    for driver, portraits in found.items():
        rig, refined = (_mean([portraits], row) for row in (RIG, REFINED))
        worst = max(portraits, key=lambda name: portraits[name][REFINED] - portraits[name][RIG])
        most = portraits[worst][REFINED] / max(portraits[worst][RIG], 1e-6) - 1.0
        lines.append([driver, f"{rig:.3f}", f"{refined:.3f}", f"{worst} {most:+.0%}"])
    means = [f"{_mean(found.values(), row):.3f}" for row in (RIG, REFINED)]
    lines.append(["mean", *means, ""])
    return markdown(["driver", *ROWS, "worst portrait"], lines)
