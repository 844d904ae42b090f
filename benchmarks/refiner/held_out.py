"""Held-out synthetic heads: the right answer is known, pixel by pixel and factor by factor.

Each person is driven by the next one, seen through that one's camera; the truth is the person's own
exact render in that act. PSNR counts a head that lies a pixel aside as much as a wrong mouth: the
columns with another pose say as much of the tracker as of the picture.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from benchmarks.machine import markdown
from benchmarks.quality.cast import ACTS, FIRST_PERSON, Kind, Player, Seen, find_player
from benchmarks.quality.leaks import (
    Sample,
    leak_matrix,
    leaked,
    matrix_table,
    measured,
    units,
)
from benchmarks.quality.nearness import psnr
from benchmarks.refiner.pose_leak import LIMIT_DEG, angle_deg
from benchmarks.refiner.report import Section, Skipped, Verdict, find_missing
from benchmarks.refiner.subjects import REFINED, RIG, ROWS, Subjects
from engine.errors import MachineError
from engine.faces.face import Face, Tracker
from engine.faces.mesh_tracker import MeshTracker
from engine.frame import Pixels
from engine.rig.motion.factors import with_factor
from engine.rig.motion.motion import still_motion
from training.heads import facekit
from training.heads.renderer import Renderer
from training.refiner.filler import QUALITY

STILL, EXACT = "still picture", "exact renders"
KINDS: tuple[Kind, ...] = ("expression", "pose", "both")
AREAS = ("frame", "face box")

_CELL_PX = 128

MOST_LEAKED = 0.02
"""How much more may move that should not, against the rig, in the matrix's unit."""


@dataclass(frozen=True, slots=True)
class Found:
    """What was measured of all people; filled as they are driven."""

    psnr: dict[str, dict[str, list[float]]] = field(
        default_factory=lambda: {row: {} for row in (STILL, *ROWS)}
    )
    """Row -> "kind, area" -> dB of each picture."""
    samples: dict[str, list[Sample]] = field(
        default_factory=lambda: {row: [] for row in (EXACT, *ROWS)}
    )
    """Row -> what was moved and what was seen."""
    astray: dict[str, list[float]] = field(default_factory=lambda: {row: [] for row in ROWS})
    """Row -> degrees between the head as read from an output whose head was held still, and as read
    from the exact render in the same expression, at which the tracker leans the same way."""


def run(subjects: Subjects) -> Section | Skipped:
    """Render, drive, measure."""
    settings = subjects.settings
    missing = find_missing([("--facekit", settings.facekit)])
    if missing or settings.facekit is None:
        return Skipped(missing or "")
    try:
        renderer = Renderer(facekit.load(settings.facekit), QUALITY)
    except MachineError as error:
        return Skipped(str(error))
    tracker = MeshTracker()
    seeds = range(FIRST_PERSON, FIRST_PERSON + settings.heads)
    seen = [find_player(renderer, tracker, seed) for seed in seeds]
    players = [player for player in seen if player is not None]
    if len(players) < 2:
        return Skipped(f"of {settings.heads} held-out heads the tracker finds {len(players)}")
    found = Found()
    sheet = []
    for index, player in enumerate(players):
        driver = players[(index + 1) % len(players)]
        sheet.append(_drive(subjects, player, driver, tracker, found))
    if settings.sheets is not None:
        _keep(np.vstack(sheet), settings.sheets / "held_out.png")
    return _section(players, found)


def _drive(
    subjects: Subjects,
    player: Player,
    driver: Player,
    tracker: Tracker,
    found: Found,
) -> Pixels:
    """All acts of one person, driven by another; returns exact, rig and refined in three rows."""
    sitter = subjects.sitter(str(player.seed), player.rest.exact, player.rest.exact_face)
    reader = subjects.model.driver()
    reader.calibrate(driver.rest.taken, driver.rest.taken_face)
    columns = []
    for act, own, other in zip(ACTS, player.acts, driver.acts, strict=True):
        if own is None or other is None:
            continue
        motion = reader.read(other.taken, other.taken_face, 0)
        shown = sitter.shown(motion)
        for row, picture in {STILL: player.rest.exact, **shown}.items():
            for area, decibels in _psnr(picture, own).items():
                found.psnr[row].setdefault(f"{act.kind}, {area}", []).append(decibels)
        columns.append(np.vstack([_small(p) for p in (own.exact, *shown.values())]))
        if act.moves is not None:
            rest = player.rest.exact_face
            found.samples[EXACT].append((act.moves, measured(rest, own.exact_face)))
            for row, face in _faces(tracker, shown):
                found.samples[row].append((act.moves, measured(rest, face)))
        if act.kind == "expression":
            held = with_factor(motion, "pose", still_motion())
            for row, face in _faces(tracker, sitter.shown(held)):
                found.astray[row].append(angle_deg(own.exact_face, face))
    blank = np.full((3 * _CELL_PX, _CELL_PX, 3), 255, np.uint8)
    return np.hstack([*columns, *[blank] * (len(ACTS) - len(columns))])


def _faces(tracker: Tracker, pictures: dict[str, Pixels]) -> Iterator[tuple[str, Face]]:
    """Row and face, but for pictures without one."""
    for row, picture in pictures.items():
        tracker.reset()
        face = tracker.find(picture)
        if face is not None:
            yield row, face


def _psnr(picture: Pixels, truth: Seen) -> dict[str, float]:
    left, top, right, bottom = (max(round(edge), 0) for edge in truth.exact_face.box)
    part = slice(top, bottom), slice(left, right)
    near = psnr(picture, truth.exact), psnr(picture[part], truth.exact[part])
    return dict(zip(AREAS, near, strict=True))


def _section(players: list[Player], found: Found) -> Section:
    unit = units(found.samples[EXACT])
    matrices = {row: leak_matrix(samples, unit) for row, samples in found.samples.items()}
    means = {
        row: {name: float(np.mean(values)) for name, values in of.items()}
        for row, of in found.psnr.items()
    }
    columns = [f"{kind}, {area}" for kind in KINDS for area in AREAS]
    rows = [[row, *(f"{of[name]:.2f}" for name in columns)] for row, of in means.items()]
    tables = [markdown(["PSNR, dB", *columns], rows)]
    tables += [matrix_table(row, matrix) for row, matrix in matrices.items()]
    told = ", ".join(f"{factor} {value:.3g}" for factor, value in unit.items())
    tables.append(f"{len(players)} heads; one unit of each column: {told}.")
    return Section(
        result={
            "heads": [player.seed for player in players],
            "psnr_db": means,
            "units": unit,
            "leaks": {row: matrix.tolist() for row, matrix in matrices.items()},
            "head_astray_deg": found.astray,
        },
        table="\n\n".join(tables),
        verdicts=(
            _nearer(means),
            _leaks_less({row: leaked(matrix) for row, matrix in matrices.items()}),
            _stays(found.astray),
        ),
    )


def _nearer(means: dict[str, dict[str, float]]) -> Verdict:
    near = [f"{kind}, face box" for kind in KINDS]
    return Verdict(
        question="held-out heads: nearer to the exact render than the rig",
        holds=all(means[REFINED][name] > means[RIG][name] for name in near),
        detail="; ".join(f"{n} {means[RIG][n]:.2f} -> {means[REFINED][n]:.2f} dB" for n in near),
        decides=False,
    )


def _leaks_less(leaks: dict[str, float]) -> Verdict:
    return Verdict(
        question="held-out heads: no more leaks between factors than with the rig",
        holds=leaks[REFINED] <= leaks[RIG] + MOST_LEAKED,
        detail=", ".join(f"{row} {value:.3f}" for row, value in leaks.items()),
        decides=False,
    )


def _stays(astray: dict[str, list[float]]) -> Verdict:
    p50, p95 = ({r: float(np.percentile(a, q)) for r, a in astray.items()} for q in (50, 95))
    return Verdict(
        question="held-out heads: an expression turns the head no farther from the exact render's "
        "than with the rig",
        holds=p95[REFINED] <= p95[RIG] + LIMIT_DEG and p50[REFINED] <= p50[RIG] + LIMIT_DEG,
        detail=", ".join(f"{r} median {p50[r]:.2f} p95 {p95[r]:.2f} degrees" for r in ROWS),
    )


def _small(picture: Pixels) -> Pixels:
    return np.asarray(
        cv2.resize(picture, (_CELL_PX, _CELL_PX), interpolation=cv2.INTER_AREA), np.uint8
    )


def _keep(sheet: Pixels, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(sheet).save(path)
