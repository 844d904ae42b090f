"""`understudy bench quality`: everything about one model, as a report."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.quality.estimator import ESTIMATOR
from benchmarks.quality.figures import figures, rendered_figures
from benchmarks.quality.measuring import Found, measure
from benchmarks.quality.networks import Networks, find_networks
from benchmarks.quality.played import play
from benchmarks.quality.sheets import sheet
from benchmarks.quality.steadiness import still_flicker
from benchmarks.quality.takes import Drive, Protocol, Sitter, other_person, same_person
from benchmarks.report.charts import Chart, ImageSheet
from benchmarks.report.report import Figure, Report, Table
from engine.errors import InputError, MachineError
from engine.faces.mesh_tracker import MeshTracker
from engine.framing import fit_portrait
from engine.model import Model
from engine.pictures import open_picture
from stream.files.bundled import ASSETS

_CLIPS, _PICTURES = {".mp4", ".mkv", ".webm", ".mov"}, {".jpg", ".jpeg", ".png", ".webp"}

BUNDLED_CLIP, BUNDLED_PORTRAIT = ASSETS / "driving.mp4", ASSETS / "portrait.png"
FACEKIT = Path(__file__).parents[3] / "shared" / "facekit" / "facekit.npz"
"""Beside a checkout."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is measured, and on what."""

    clips: Path | None = None
    """A folder; None is the clip that ships."""
    portraits: Path | None = None
    """A folder; None is the portrait that ships."""
    models: Path | None = None
    facekit: Path | None = None
    protocol: Protocol = "ours"
    frames: int = 100
    """That drive, of each clip."""
    every: int = 3
    """Every n-th of those that are shown is compared as a picture."""
    stride: int = 1
    """Every n-th driving frame is shown, though the driver sees all; with more than 1, no lag."""
    size: int = 256
    """Side of the pictures, px."""
    enrolled: bool = False
    """Same identity: the portrait is enrolled by frames that don't drive."""
    heads: int = 4
    """Rendered people; 0 renders none."""
    settings: dict[str, object] = field(default_factory=dict)
    """What else the report says of the model."""


@dataclass(slots=True)
class _Made:
    """What the parts have found so far."""

    figures: list[Figure] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    charts: list[Chart] = field(default_factory=list)
    skipped: dict[str, str] = field(default_factory=dict)


def run(model: Model[Any], plan: Plan) -> Report:
    """Measure a loaded model.

    Raises:
        InputError: a folder has nothing to measure with.
    """
    networks = find_networks(plan.models)
    made = _Made(skipped=dict(networks.skipped))
    same = list(_all(model, _same_drives(plan), networks, plan, made, is_same=True))
    cross = list(_all(model, _cross_drives(plan), networks, plan, made, is_same=False))
    _tell(same, cross, plan, made)
    _render(model, plan, made)
    return Report(
        kind="quality",
        settings={
            **plan.settings,
            "protocol": plan.protocol,
            "estimator": ESTIMATOR,
            "size": plan.size,
            "frames": plan.frames,
            "every": plan.every,
            "stride": plan.stride,
            "enrolled": plan.enrolled,
            "clips": [found.name for found in same],
            "pairs": [found.name for found in cross],
        },
        figures=tuple(made.figures),
        tables=tuple(made.tables),
        charts=tuple(made.charts),
        skipped=made.skipped,
    )


def _all(
    model: Model[Any],
    drives: Iterator[Drive],
    networks: Networks,
    plan: Plan,
    made: _Made,
    *,
    is_same: bool,
) -> Iterator[Found]:
    """One drive after the other: only the pictures of one are held."""
    for drive in drives:
        played, shown = play(model, drive), drive.thinned()
        found = measure(shown, played, networks, every=plan.every, is_same=is_same)
        if "expression" in played:
            flicker = still_flicker(model, drive, "expression")
            if flicker is not None:
                found.rows["expression"]["still flicker"] = flicker
        made.charts.append(sheet(shown, played, found))
        yield found


def _same_drives(plan: Plan) -> Iterator[Drive]:
    for path in clips(plan.clips):
        yield same_person(
            path,
            plan.size,
            protocol=plan.protocol,
            most=plan.frames,
            stride=plan.stride,
            enrolled=plan.enrolled,
        )


def _cross_drives(plan: Plan) -> Iterator[Drive]:
    """As many pairs as there are of what there is more of."""
    sitters, paths = _sitters(plan), clips(plan.clips)
    for number in range(max(len(sitters), len(paths))):
        sitter, path = sitters[number % len(sitters)], paths[number % len(paths)]
        yield other_person(sitter, path, plan.size, most=plan.frames, stride=plan.stride)


def _tell(same: Sequence[Found], cross: Sequence[Found], plan: Plan, made: _Made) -> None:
    from benchmarks.quality import tables

    for part, found in (("same", same), ("cross", cross)):
        made.figures += figures(part, found)
    made.tables += tables.same_tables(same, plan.protocol)
    made.tables += tables.person_tables(same, cross, plan.protocol)
    made.tables += [
        tables.following_table("same identity", same),
        tables.following_table("cross identity", cross),
    ]
    for name, table in (
        ("lip sync", tables.sync_table([*same, *cross])),
        ("steadiness", tables.steadiness_table([*same, *cross])),
    ):
        if table is not None:
            made.tables.append(table)
        else:
            made.skipped[name] = _WHY[name]


_WHY = {
    "lip sync": "no clip has a sound in which two seconds of lips can be heard",
    "steadiness": "the model has no mode expression",
}


def _render(model: Model[Any], plan: Plan, made: _Made) -> None:
    """Rendered heads, where they can be rendered."""
    part = "rendered heads"
    if plan.heads == 0:
        made.skipped[part] = "not asked for"
        return
    if plan.facekit is None:
        made.skipped[part] = "--facekit is not given: training/README.md says how to get the arrays"
        return
    try:
        from benchmarks.quality.rendered import rendered

        found = rendered(model, plan.facekit, plan.heads)
    except (MachineError, ModuleNotFoundError) as error:
        made.skipped[part] = str(error)
        return
    if isinstance(found, str):
        made.skipped[part] = found
        return
    from benchmarks.quality.tables import rendered_tables

    made.figures += rendered_figures(found)
    made.tables += rendered_tables(found)
    title = "Rendered heads: one factor asked for of a driver who moves everything"
    made.charts.append(ImageSheet(title=title, pictures=found.sheet, columns=6))


def clips(folder: Path | None) -> list[Path]:
    """Those in a folder, or the one that ships."""
    return _files(folder, _CLIPS, "clip") if folder else [BUNDLED_CLIP]


def _sitters(plan: Plan) -> list[Sitter]:
    paths = _files(plan.portraits, _PICTURES, "portrait") if plan.portraits else [BUNDLED_PORTRAIT]
    found = [sitter for path in paths if (sitter := find_sitter(path, plan.size)) is not None]
    if not found:
        raise InputError(
            f"{plan.portraits} holds no picture with a face: name a folder of portraits."
        )
    return found


def find_sitter(path: Path, size: int) -> Sitter | None:
    """A portrait at the output's size; None where it shows no face."""
    picture = open_picture(path)
    face = MeshTracker().find(picture)
    if face is None:
        return None
    picture, face = fit_portrait(picture, face, frame="face", size=size)
    return Sitter(name=path.stem, picture=picture, face=face)


def _files(folder: Path, endings: set[str], kind: str) -> list[Path]:
    if not folder.is_dir():
        raise InputError(f"there is no folder {folder}: name one with {kind}s.")
    found = [path for path in sorted(folder.iterdir()) if path.suffix.lower() in endings]
    if not found:
        raise InputError(f"{folder} holds no {kind}: name a folder with {kind}s.")
    return found
