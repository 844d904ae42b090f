"""Identity: the portrait must stay the person it shows, whoever drives it.

Every portrait is driven by the frames of every clip that differ most from the neutral one; CSIM is
taken between the portrait and each output. A picture in which no face is found any more counts 0.
"""

from dataclasses import dataclass
from itertools import combinations

import numpy as np

from benchmarks.contact_sheet import pick_frames
from benchmarks.machine import markdown
from benchmarks.mobilefacenet import Recogniser, csim
from benchmarks.refiner.report import Section, Skipped, Verdict, find_missing
from benchmarks.refiner.subjects import REFINED, RIG, ROWS, Subjects
from benchmarks.same_person import Take
from engine.faces.mesh_tracker import MeshTracker
from engine.frame import Pixels
from engine.rig.motion.motion import RigMotion

FRAMES_A_CLIP = 4

NO_WORSE = 0.005
"""CSIM: half a pixel in where the face is found changes it by 0.001 to 0.014."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Drive:
    """What a driving frame asks for."""

    clip: str
    index: int
    motion: RigMotion


def run(subjects: Subjects) -> Section | Skipped:
    """All portraits by all clips."""
    settings = subjects.settings
    weights = settings.models / "mobilefacenet.pt" if settings.models else None
    missing = find_missing(
        [
            ("--clips", settings.clips),
            ("--portraits", settings.portraits),
            ("--models", weights),
        ]
    )
    if missing or weights is None:
        return Skipped(missing or "")
    recogniser, tracker = Recogniser(weights), MeshTracker()
    drives = [drive for take in subjects.takes for drive in spread(subjects, take)]
    found: dict[str, dict[str, list[float]]] = {}
    for sitter in subjects.sitters:
        own = recogniser.identity(sitter.picture, sitter.face)

        def likeness(picture: Pixels) -> float:
            tracker.reset()
            face = tracker.find(picture)
            return csim(own, recogniser.identity(picture, face)) if face else 0.0  # noqa: B023

        rows = found.setdefault(sitter.name, {row: [] for row in ROWS})
        for drive in drives:
            for row, picture in sitter.shown(drive.motion).items():
                rows[row].append(likeness(picture))
    scale = _scale(subjects, recogniser)
    return Section(
        result={
            "drives": [f"{drive.clip} {drive.index}" for drive in drives],
            "csim": found,
            "scale": scale,
        },
        table=_table(found, [f"{d.clip} {d.index}" for d in drives], scale),
        verdicts=(judge(found),),
    )


def spread(subjects: Subjects, take: Take) -> list[Drive]:
    """The frames of a clip farthest from its neutral one and from each other."""
    driver = subjects.model.driver()
    driver.calibrate(take.pictures[take.neutral], take.faces[take.neutral])
    return [
        Drive(
            clip=take.name,
            index=index,
            motion=driver.read(take.pictures[index], take.faces[index], 0),
        )
        for index in pick_frames(take.faces, take.neutral, FRAMES_A_CLIP)
    ]


def judge(found: dict[str, dict[str, list[float]]]) -> Verdict:
    """`found`: portrait -> row -> CSIM of each picture."""
    rig, refined = (
        float(np.mean([rows[row] for rows in found.values()])) for row in (RIG, REFINED)
    )
    return Verdict(
        question="identity is no worse than the rig's",
        holds=refined >= rig - NO_WORSE,
        detail=f"mean CSIM {rig:.3f} -> {refined:.3f}",
    )


def _scale(subjects: Subjects, recogniser: Recogniser) -> dict[str, float]:
    """What CSIM says of one person in a clip's two frames, and of two clips' persons."""
    same, neutral = [], []
    for take in subjects.takes:
        own = recogniser.identity(take.pictures[take.neutral], take.faces[take.neutral])
        neutral.append(own)
        for index in pick_frames(take.faces, take.neutral, FRAMES_A_CLIP):
            other = recogniser.identity(take.pictures[index], take.faces[index])
            same.append(csim(own, other))
    # The median: two clips may show one person.
    strangers = [csim(first, second) for first, second in combinations(neutral, 2)]
    return {
        "same clip": float(np.mean(same)),
        "other clips": float(np.median(strangers)) if strangers else 0.0,
    }


def _table(
    found: dict[str, dict[str, list[float]]], drives: list[str], scale: dict[str, float]
) -> str:
    lines = []
    for name, rows in found.items():
        worst = int(np.argmin(rows[REFINED]))
        cells = [f"{np.mean(rows[row]):.3f} ({np.min(rows[row]):.3f})" for row in ROWS]
        lines.append([name, *cells, drives[worst]])
    cells = [f"{np.mean([rows[row] for rows in found.values()]):.3f}" for row in ROWS]
    lines.append(["mean", *cells, ""])
    return (
        markdown(["portrait", *(f"{row}, mean (least)" for row in ROWS), "least at"], lines)
        + f"\n\nFor scale: the same person in two frames of a clip {scale['same clip']:.2f}, "
        f"the persons of two clips {scale['other clips']:.2f}."
    )
