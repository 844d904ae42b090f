"""Disentanglement on rendered heads, where the right answer is known pixel by pixel.

Each held-out person is driven by the next one, seen through that one's camera. Acts that move one
factor give the leak matrix; acts that move all are asked for in one mode, expression or pose, and
compared with the exact render of the person in that factor alone.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.quality.cast import ACTS, FIRST_PERSON, Act, Player, Seen, find_player
from benchmarks.quality.leaks import Sample, leak_matrix, measured, units
from benchmarks.quality.measuring import Values, means
from benchmarks.quality.nearness import psnr
from benchmarks.quality.people import People
from benchmarks.quality.played import STILL
from benchmarks.quality.rendered_found import EXACT, MODEL, Rendered
from engine.faces.face import Face, Tracker
from engine.faces.mesh_tracker import MeshTracker
from engine.frame import Pixels
from engine.model import Driver, Model, Portrait
from engine.motion import Edit, Mode
from training.heads import facekit
from training.heads.renderer import Renderer
from training.refiner.filler import QUALITY

ALONE: tuple[Mode, ...] = ("expression", "pose")


def _acts() -> tuple[Act, ...]:
    """All acts; after them each that moves everything once more, by its expression and its pose."""
    whole = [act for act in ACTS if act.moves is None]
    alone = [
        part
        for act in whole
        for part in (
            Act(moves=None, expression=act.expression),
            Act(moves=None, pose=act.pose),
        )
    ]
    return (*ACTS, *alone)


@dataclass(slots=True)
class _Gathered:
    near: dict[str, dict[str, list[Values]]] = field(default_factory=dict)
    samples: dict[str, list[Sample]] = field(default_factory=lambda: {EXACT: [], MODEL: []})
    sheet: list[tuple[str, Pixels]] = field(default_factory=list)


def rendered(model: Model[Any], facekit_file: Path, heads: int) -> Rendered | str:
    """Measure; the reason, where the tracker finds too few of the heads.

    Raises:
        MachineError: nothing can be rendered here.
        InputError: the file is not FaceKit's arrays.
    """
    renderer, tracker, acts = Renderer(facekit.load(facekit_file), QUALITY), MeshTracker(), _acts()
    seeds = range(FIRST_PERSON, FIRST_PERSON + heads)
    seen = [find_player(renderer, tracker, seed, acts) for seed in seeds]
    players = [player for player in seen if player is not None]
    if len(players) < 2:
        return f"of {heads} rendered heads the tracker finds {len(players)}"
    found = _Gathered()
    for index, player in enumerate(players):
        _drive(model, player, players[(index + 1) % len(players)], tracker, found)
    unit = units(found.samples[EXACT])
    return Rendered(
        heads=len(players),
        nearness={
            asked: {row: means(values) for row, values in rows.items()}
            for asked, rows in found.near.items()
        },
        leaks={row: leak_matrix(samples, unit) for row, samples in found.samples.items()},
        unit={str(factor): value for factor, value in unit.items()},
        sheet=found.sheet,
    )


def _drive(
    model: Model[Any], player: Player, other: Player, tracker: Tracker, found: _Gathered
) -> None:
    """All acts of one person, driven by another."""
    rest, people = player.rest, People(None)
    portrait = model.enroll(rest.exact, rest.exact_face)
    driver = model.driver()
    driver.calibrate(other.rest.taken, other.rest.taken_face)
    whole = 0
    for index, act in enumerate(ACTS):
        own, drives = player.acts[index], other.acts[index]
        alone = player.acts[len(ACTS) + 2 * whole :][:2] if act.moves is None else []
        whole += act.moves is None
        if own is None or drives is None:
            continue
        shown = _shown(portrait, driver, drives, "both")
        face = _face(tracker, shown)
        _near(found, people, act.kind, own, rest, shown, face)
        if act.moves is not None:
            found.samples[EXACT].append((act.moves, measured(rest.exact_face, own.exact_face)))
            if face is not None:
                found.samples[MODEL].append((act.moves, measured(rest.exact_face, face)))
        for mode, truth in zip(ALONE, alone, strict=False):
            if truth is not None and mode in portrait.modes:
                one = _shown(portrait, driver, drives, mode)
                _near(found, people, f"{mode} alone", truth, rest, one, _face(tracker, one))
                if whole <= 2 and len(found.sheet) < 12:
                    found.sheet += [
                        ("driver", drives.taken),
                        (f"exact, {mode} alone", truth.exact),
                        (f"model, {mode}", one),
                    ]


def _shown(portrait: Portrait[Any], driver: Driver[Any], drives: Seen, mode: Mode) -> Pixels:
    """Time 0: each picture is trusted on its own."""
    return portrait.render(driver.read(drives.taken, drives.taken_face, 0), Edit(mode=mode))


def _face(tracker: Tracker, picture: Pixels) -> Face | None:
    tracker.reset()
    return tracker.find(picture)


def _near(
    found: _Gathered,
    people: People,
    asked: str,
    truth: Seen,
    rest: Seen,
    shown: Pixels,
    face: Face | None,
) -> None:
    rows = found.near.setdefault(asked, {STILL: [], MODEL: []})
    for row, picture, seen in ((STILL, rest.exact, rest.exact_face), (MODEL, shown, face)):
        left, top, right, bottom = (max(round(edge), 0) for edge in truth.exact_face.box)
        part = slice(top, bottom), slice(left, right)
        values = {"psnr": psnr(picture[part], truth.exact[part])}
        if seen is not None:
            values |= people.distances(seen, truth.exact_face)
        rows[row].append(values)
