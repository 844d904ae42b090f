"""One drive, all rows, all measures: what a table's line is made of."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.quality.following import followed, lag_frames, traces
from benchmarks.quality.lip_sync import heard_jaw, lip_sync
from benchmarks.quality.nearness import nearness
from benchmarks.quality.networks import Networks
from benchmarks.quality.people import ANGLES, People
from benchmarks.quality.played import STILL, Played
from benchmarks.quality.steadiness import steadiness
from benchmarks.quality.takes import Drive
from engine.faces.face import Face
from engine.rig.driver.reading import read_face

FILMED = "as filmed"
"""The row of the driver's own film."""

Values = dict[str, float]
"""Measure -> mean; a measure that could not be taken is missing."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Found:
    """Of one drive."""

    name: str
    rows: dict[str, Values]
    """Row -> measures."""
    errors: dict[str, Values]
    """Row -> standard error of what was taken frame by frame; see `error_of_mean`."""
    worst: dict[str, list[int]]
    """Row -> its frames farthest from what they should be, worst first."""


def measure(
    drive: Drive,
    played: Mapping[str, Played],
    networks: Networks,
    *,
    every: int,
    is_same: bool,
) -> Found:
    """Pictures are compared at every n-th frame, motion at all of them.

    `is_same`: the driver's frames are the truth of the mode "both".
    """
    people = People(networks.recogniser)
    rows: dict[str, Values] = {}
    errors: dict[str, Values] = {}
    worst: dict[str, list[int]] = {}
    for name, row in played.items():
        compared = {
            index: _at(index, row, drive, people, networks, is_same=is_same)
            for index in range(0, len(drive.frames), every)
        }
        values = means(compared.values())
        errors[name] = errors_of(compared.values())
        _lean(values, errors[name])
        values |= _motion(name, row, drive)
        if name == "expression":
            values |= steadiness(row, drive)
        elif name != STILL:
            values["dropped"] = 100.0 * float(np.mean([face is None for face in row.faces]))
        rows[name] = values
        worst[name] = sorted(compared, key=lambda k: -_badness(compared[k], is_same=is_same))
    filmed = _filmed(drive)
    if filmed:
        rows[FILMED] = filmed
    return Found(name=drive.name, rows=rows, errors=errors, worst=worst)


def _lean(values: Values, errors: Values) -> None:
    """The turn that is there on average, from the means of the signed angles, degrees."""
    for word in ("driver", "source"):
        names = [f"{angle}.{word}" for angle in ANGLES]
        if names[0] in values:
            mean = np.array([values[name] for name in names])
            spread = np.array([errors[name] for name in names])
            length = float(np.linalg.norm(mean))
            way = mean / length if length > 1e-9 else np.full(len(mean), len(mean) ** -0.5)
            values[f"lean.{word}"] = length
            errors[f"lean.{word}"] = float(np.linalg.norm(way * spread))


def means(values: Iterable[Mapping[str, float]]) -> Values:
    """Of each measure, over those that have it."""
    return {name: float(np.mean(found)) for name, found in _columns(values).items()}


def _columns(values: Iterable[Mapping[str, float]]) -> dict[str, list[float]]:
    lists: dict[str, list[float]] = {}
    for each in values:
        for name, value in each.items():
            lists.setdefault(name, []).append(value)
    return lists


def errors_of(values: Iterable[Mapping[str, float]]) -> Values:
    """Measure -> standard error of its mean over the frames that have it."""
    return {name: error_of_mean(found) for name, found in _columns(values).items()}


def error_of_mean(values: Sequence[float]) -> float:
    """Of values taken evenly along a film, whose content a second run meets again.

    By their successive differences (Wolter 2007, "Introduction to Variance Estimation", 8.2, v2):
    what changes slowly along the film is no error.
    """
    if len(values) < 2:
        return float("inf")
    steps = np.diff(values)
    return float(np.sqrt(np.square(steps).sum() / (2.0 * len(steps) * len(values))))


def _at(
    index: int, row: Played, drive: Drive, people: People, networks: Networks, *, is_same: bool
) -> Values:
    """One picture: against the truth where there is one, the source and the driver."""
    frame, picture, face = drive.frames[index], row.pictures[index], row.faces[index]
    found: Values = {}
    if is_same:
        found |= nearness(picture, frame.picture, frame.face, networks.lpips)
    if face is None:
        return found
    likeness = people.likeness(picture, face, drive.picture, drive.face)
    if likeness is not None:
        found["csim"] = likeness
    for word, other in (("driver", frame.face), ("source", drive.face)):
        for name, value in people.distances(face, other).items():
            found[f"{name}.{word}"] = value
    return found


def _motion(name: str, row: Played, drive: Drive) -> Values:
    """How it follows over time; the still picture has no lag and no lip sync."""
    kept = [k for k, face in enumerate(row.faces) if face is not None]
    if len(kept) < 3:
        return {}
    result = traces(_present(row.faces), drive.face)
    driver = traces([drive.frames[k].face for k in kept], drive.neutral.face)
    found = followed(result, driver)
    if len(kept) == len(row.faces):  # a lag is counted in frames, of which none may be missing
        lag = lag_frames(result, driver)
        if lag is not None and drive.stride == 1:
            found["lag"] = lag
    if name == "both":
        found |= _lips(drive, kept, _present(row.faces))
    return found


def _filmed(drive: Drive) -> Values:
    return _lips(drive, range(len(drive.frames)), [frame.face for frame in drive.frames])


def _lips(drive: Drive, kept: Sequence[int], faces: Sequence[Face]) -> Values:
    if drive.samples is None:
        return {}
    times = [drive.frames[k].captured_ns / 1e9 for k in kept]
    found = lip_sync(times, [read_face(face).lip_gap for face in faces], heard_jaw(drive.samples))
    if found is None:
        return {}
    return {"sync.offset": found.offset_ms, "sync.r": found.r, "sync.confidence": found.confidence}


def _present(faces: Sequence[Face | None]) -> list[Face]:
    return [face for face in faces if face is not None]


def _badness(values: Values, *, is_same: bool) -> float:
    """For sheets: the truth's distance where there is one, else what the driver's face is off."""
    if is_same:
        return values.get("lpips.face", values["l1.face"] / 255.0)
    return values.get("aed.driver", np.inf)
