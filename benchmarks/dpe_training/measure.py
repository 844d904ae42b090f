"""PSNR and LPIPS in the face box of the exact picture, and what moved that should not."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from benchmarks.dpe_training.cases import Case
from benchmarks.dpe_training.subjects import Subject, enlarged, found_in
from benchmarks.lpips import Lpips
from benchmarks.machine import markdown
from benchmarks.quality.nearness import psnr
from engine.faces.canonical import head_pose
from engine.faces.face import Face, Tracker
from engine.frame import Pixels
from engine.geometry import vector_from_rotation
from engine.motion import MODES, Mode
from engine.rig.driver.reading import read_face

EXACT = "exact"
SEEN = ("turn", "lips", "lids")
"""Degrees of yaw; lip gap over the mouth's width; mean opening of the eyes over their width."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """Of one subject; lists have one entry for each case that could be measured."""

    psnr_db: dict[Mode, list[float]] = field(default_factory=lambda: {mode: [] for mode in MODES})
    lpips: dict[Mode, list[float]] = field(default_factory=lambda: {mode: [] for mode in MODES})
    turn_deg: list[float] = field(default_factory=list)
    """Between the head after an edit of the expression alone, and in the exact picture of that."""
    moves: dict[Mode, dict[str, list[tuple[float, float]]]] = field(
        default_factory=lambda: {mode: defaultdict(list) for mode in MODES}
    )
    """Mode -> what is seen -> (how far the driver is from the source, how far the output is)."""
    refused: dict[Mode, int] = field(default_factory=lambda: dict.fromkeys(MODES, 0))
    """Cases that the subject did not draw."""


def measure(
    subjects: Sequence[Subject],
    cases: Sequence[Case],
    tracker: Tracker,
    lpips: Lpips | None,
    tell: Callable[[int], None] = lambda done: None,
) -> dict[str, Measured]:
    """By the subjects' names; `exact` has the exact pictures' own moves and the tracker's error."""
    found = {name: Measured() for name in (EXACT, *(subject.name for subject in subjects))}
    for done, case in enumerate(cases, start=1):
        faces = [found_in(tracker, enlarged(picture)) for picture in (case.source, case.driving)]
        for mode in MODES:
            exact = case.exact[mode]
            _moved(found[EXACT], mode, faces, found_in(tracker, enlarged(exact)))
            for subject in subjects:
                drawn = subject.drawn(case.source, case.driving, mode)
                if drawn is None:
                    found[subject.name].refused[mode] += 1
                    continue
                _near(found[subject.name], mode, case, drawn, lpips)
                face = found_in(tracker, enlarged(drawn))
                _moved(found[subject.name], mode, faces, face)
                if mode == "expression":
                    _turned(found[subject.name], face, found_in(tracker, enlarged(exact)))
        tell(done)
    return found


def _near(measured: Measured, mode: Mode, case: Case, drawn: Pixels, lpips: Lpips | None) -> None:
    left, top, right, bottom = case.boxes[mode]
    box = slice(top, bottom), slice(left, right)
    measured.psnr_db[mode].append(psnr(drawn[box], case.exact[mode][box]))
    if lpips is not None:
        pair = [lpips.features(picture) for picture in (drawn, case.exact[mode])]
        size = drawn.shape[0], drawn.shape[1]
        measured.lpips[mode].append(float(lpips.between(pair[0], pair[1], size)[box].mean()))


def _moved(
    measured: Measured, mode: Mode, faces: Sequence[Face | None], after: Face | None
) -> None:
    source, driving = faces
    if source is None or driving is None or after is None:
        return
    before, wanted, there = (_seen(face) for face in (source, driving, after))
    for name in SEEN:
        measured.moves[mode][name].append((wanted[name] - before[name], there[name] - before[name]))


def _seen(face: Face) -> dict[str, float]:
    reading = read_face(face)
    turn = vector_from_rotation(head_pose(face).placement.rotation)
    return {
        "turn": float(np.degrees(turn[1])),
        "lips": reading.lip_gap,
        "lids": float(reading.openings.mean()),
    }


def _turned(measured: Measured, after: Face | None, exact: Face | None) -> None:
    if after is not None and exact is not None:
        first, second = (head_pose(face).placement.rotation for face in (exact, after))
        turn = vector_from_rotation(second @ first.T)
        measured.turn_deg.append(float(np.degrees(np.linalg.norm(turn))))


def response(pairs: Sequence[tuple[float, float]]) -> float:
    """How much of what the driver does the output does: the slope, 0 nothing and 1 all."""
    if not pairs:
        return float("nan")
    asked, done = np.array(pairs).T
    return float((asked * done).sum() / max(float((asked**2).sum()), 1e-9))


def tables(found: Mapping[str, Measured]) -> str:
    """Markdown, for people."""
    near = [
        [name, *(_mean(of.psnr_db[mode]) for mode in MODES),
         *(_mean(of.lpips[mode], 3) for mode in MODES), _mean(of.turn_deg, 1),
         "/".join(str(of.refused[mode]) for mode in MODES)]
        for name, of in found.items() if name != EXACT
    ]  # fmt: skip
    leaks = [
        [f"{name}, {mode}", *(f"{response(of.moves[mode][seen]):.2f}" for seen in SEEN)]
        for name, of in found.items()
        for mode in MODES
    ]
    heads = [f"PSNR {mode}" for mode in MODES] + [f"LPIPS {mode}" for mode in MODES]
    return "\n\n".join(
        [
            markdown(["face box", *heads, "head turned by expression, °", "not drawn"], near),
            "Leaks: how much of the driver's change the output shows, by the tracker at 256 px. "
            "What should not move should be 0; `exact` is what the exact pictures show.",
            markdown(["what was taken over", *SEEN], leaks),
        ]
    )


def as_json(found: Mapping[str, Measured]) -> dict[str, object]:
    """Means, and how many they are of."""
    return {
        name: {
            "psnr_db": {mode: _number(of.psnr_db[mode]) for mode in MODES},
            "lpips": {mode: _number(of.lpips[mode]) for mode in MODES},
            "turn_deg": _number(of.turn_deg),
            "turn_squared_deg2": _number([turn**2 for turn in of.turn_deg]),
            "turned_of": len(of.turn_deg),
            "responses": {
                mode: {
                    seen: response(pairs) if (pairs := of.moves[mode][seen]) else None
                    for seen in SEEN
                }
                for mode in MODES
            },
            "not_drawn": of.refused,
        }
        for name, of in found.items()
    }


def _mean(values: Sequence[float], digits: int = 2) -> str:
    return f"{np.mean(values):.{digits}f}" if values else "-"


def _number(values: Sequence[float]) -> float | None:
    return float(np.mean(values)) if values else None
