"""Pose leak: an expression must not turn the head.

Each portrait is shown at rest and with each expression, with the head held straight and held
turned. Two readings of each output against the one at rest:

- the tracker's: the angle between the head poses. It leans with many expressions itself, also on
  exact renders of heads that did not move, so it is reported and decides nothing;
- the rim's: how much the picture changed around the face (hair, ears, silhouette), where no
  expression shows, over what half a degree of a turn changes there. Below 1 the head has stayed.
"""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from benchmarks.machine import markdown
from benchmarks.quality.rim import rim_mask
from benchmarks.refiner.edits import EXPRESSIONS, turned
from benchmarks.refiner.report import Section, Skipped, Verdict, find_missing
from benchmarks.refiner.subjects import REFINED, RIG, ROWS, Sitter, Subjects
from benchmarks.regions import Mask
from engine.faces.canonical import head_pose
from engine.faces.face import Face, Tracker
from engine.faces.mesh_tracker import MeshTracker
from engine.frame import Pixels
from engine.geometry import Array, rotation_from_vector, vector_from_rotation
from engine.rig.motion.motion import RigMotion, still_motion

LIMIT_DEG = 0.5

HEADS: dict[str, RigMotion] = {"straight": still_motion(), "yaw 15": turned(yaw=15.0)}
"""Where the head is held."""

ADDED = "refiner against rig"

Leaks = dict[str, dict[str, dict[str, float]]]
"""Portrait and head -> row -> expression -> value."""


def angle_deg(first: Face, second: Face) -> float:
    """How far the head is turned from one face to the other."""
    before, after = (head_pose(face).placement.rotation for face in (first, second))
    return float(np.degrees(np.linalg.norm(vector_from_rotation(after @ before.T))))


def rim_share(rest: Pixels, output: Pixels, turns: Iterable[Pixels], rim: Mask) -> float:
    """How much the rim changed from rest to output, over the mean of what the turns change."""

    def change(picture: Pixels) -> float:
        return float(np.abs(picture[rim].astype(np.float32) - rest[rim]).mean())

    return change(output) / max(float(np.mean([change(turn) for turn in turns])), 1e-6)


def run(subjects: Subjects) -> Section | Skipped:
    """All portraits, all expressions."""
    missing = find_missing([("--portraits", subjects.settings.portraits)])
    if missing:
        return Skipped(missing)
    tracker = MeshTracker()
    angles: Leaks = {}
    rims: Leaks = {}
    for sitter in subjects.sitters:
        for head, pose in HEADS.items():
            found = leaks(sitter, pose, tracker)
            angles[f"{sitter.name}, {head}"], rims[f"{sitter.name}, {head}"] = found
    return Section(
        result={"tracker_deg": angles, "rim_half_degrees": rims},
        table=_table("tracker, degrees", angles) + "\n\n" + _table("rim, half degrees", rims),
        verdicts=(_stays(rims), _read(angles)),
    )


def leaks(
    sitter: Sitter, pose: RigMotion, tracker: Tracker
) -> tuple[dict[str, dict[str, float]], dict[str, dict[str, float]]]:
    """Row -> expression -> the tracker's degrees (no face: left out), and the rim's share."""
    angles: dict[str, dict[str, float]] = {row: {} for row in (*ROWS, ADDED)}
    rims: dict[str, dict[str, float]] = {row: {} for row in ROWS}
    at_rest = sitter.shown(pose)
    turns = [sitter.shown(replace(pose, rotation=vector)) for vector in _nearby(pose.rotation)]
    tracker.reset()
    place = tracker.find(at_rest[RIG])
    rim = None if place is None else rim_mask(place, sitter.picture.shape[:2])
    for name, expression in EXPRESSIONS.items():
        posed = replace(
            expression, rotation=pose.rotation, shift=pose.shift, log_scale=pose.log_scale
        )
        outputs = sitter.shown(posed)
        faces: dict[str, Face] = {}
        for row in ROWS:
            if rim is not None:
                around = [turn[row] for turn in turns]
                rims[row][name] = rim_share(at_rest[row], outputs[row], around, rim)
            # The face at rest first: then both lie in the same crop of the tracker.
            tracker.reset()
            rest, face = tracker.find(at_rest[row]), tracker.find(outputs[row])
            if rest is not None and face is not None:
                faces[row] = face
                angles[row][name] = angle_deg(rest, face)
        if len(faces) == len(ROWS):
            angles[ADDED][name] = angle_deg(faces[RIG], faces[REFINED])
    return angles, rims


def _nearby(rotation: Array) -> list[Array]:
    """The rotation, and half a degree more about each axis."""
    own = rotation_from_vector(rotation)
    step = np.radians(LIMIT_DEG) * np.eye(3)
    return [vector_from_rotation(rotation_from_vector(axis) @ own) for axis in step]


def _all(found: Leaks, row: str) -> list[float]:
    return [value for rows in found.values() for value in rows[row].values()]


def _stays(rims: Leaks) -> Verdict:
    most = {row: max(_all(rims, row)) for row in ROWS}
    p95 = {row: float(np.percentile(_all(rims, row), 95)) for row in ROWS}
    told = ", ".join(
        f"{row} p95 {p95[row] * LIMIT_DEG:.2f} max {most[row] * LIMIT_DEG:.2f}" for row in ROWS
    )
    return Verdict(
        question=f"by its rim, expressions leave the head within {LIMIT_DEG:g} degrees",
        holds=most[REFINED] <= 1.0,
        detail=told,
    )


def _read(angles: Leaks) -> Verdict:
    p95 = {row: float(np.percentile(_all(angles, row), 95)) for row in (*ROWS, ADDED)}
    most = {row: max(_all(angles, row)) for row in (*ROWS, ADDED)}
    return Verdict(
        question=f"the tracker reads no turn beyond {LIMIT_DEG:g} degrees",
        holds=most[REFINED] <= LIMIT_DEG,
        detail=", ".join(f"{row} p95 {p95[row]:.2f} max {most[row]:.2f}" for row in (*ROWS, ADDED)),
        decides=False,
    )


def _table(title: str, found: Leaks) -> str:
    def cell(values: list[float]) -> str:
        if not values:
            return "no face"
        return f"{np.median(values):.2f} / {np.percentile(values, 95):.2f} / {max(values):.2f}"

    def of(row: str, name: str) -> list[float]:
        return [rows[row][name] for rows in found.values() if name in rows[row]]

    columns = list(next(iter(found.values())))
    lines = [[name, *(cell(of(row, name)) for row in columns)] for name in EXPRESSIONS]
    lines.append(["all", *(cell(_all(found, row)) for row in columns)])
    return markdown([f"{title}: median / p95 / max", *columns], lines)
