"""Measures every drawn picture, and lays the figures out for people and for scripts."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from benchmarks.beside.trees import Drawn
from benchmarks.machine import markdown
from benchmarks.portrait_sheets.cast import Driver, Exact, Head
from benchmarks.portrait_sheets.measure import AREAS, Known, Meter, errors, seam
from engine.frame import Pixels

EXACT, STILL = "exact", "still"

_CSIM = (
    "CSIM to the portrait, mean of the drivers (least); `exact` is the same head rendered in "
    "that pose:"
)
_SEAM = (
    "Seam: what steps of colour across the face's outline gained on the portrait's own, in levels, "
    "mean of the drivers (most); a head that really turns has such steps, too (`exact`):"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """What was measured of one picture."""

    row: str
    """Who drew it: `here`, another tree's commit, EXACT, or STILL for the portrait itself."""
    portrait: str
    driver: str
    view: str
    l1: dict[str, float]
    """AREAS -> of 255; empty where no exact picture is known."""
    csim: float | None
    """To the portrait."""
    csim_exact: float | None
    """To the exact picture."""
    seam: float | None


def measured(
    meter: Meter,
    rows: Mapping[str, Drawn],
    heads: Mapping[str, Head],
    drivers: Sequence[Driver],
    views: Sequence[str],
) -> list[Cell]:
    """Of every picture that some trees drew; EXACT and STILL are added for rendered heads."""
    places = [(driver.name, view) for driver in drivers for view in views]
    cells = []
    for number, (row, portraits) in enumerate(rows.items()):
        for name, pictures in portraits.items():
            shown: dict[str, list[Pixels]] = {row: list(pictures[1:])}
            if name in heads and number == 0:
                shown[EXACT] = [heads[name].exact[place].picture for place in places]
                shown[STILL] = [pictures[0]] * len(places)
            portrait = meter.known(pictures[0])
            for who, drawn in shown.items():
                for place, picture in zip(places, drawn, strict=True):
                    exact = heads[name].exact[place] if name in heads else None
                    cells.append(_cell(meter, (who, name, *place), portrait, picture, exact))
    return cells


def _cell(
    meter: Meter,
    place: tuple[str, str, str, str],
    portrait: Known,
    picture: Pixels,
    exact: Exact | None,
) -> Cell:
    row, name, driver, view = place
    is_still = row == STILL
    face = None if is_still else meter.face(picture)
    true = None if exact is None or row == EXACT else meter.face(exact.picture)
    likeness = None
    if exact is not None and true is not None:
        likeness = meter.likeness(meter.known(exact.picture), picture, face or meter.face(picture))
    return Cell(
        row=row,
        portrait=name,
        driver=driver,
        view=view,
        l1={} if exact is None or true is None else errors(picture, exact, true),
        csim=None if is_still else meter.likeness(portrait, picture, face),
        csim_exact=likeness,
        seam=None if is_still else seam(portrait, picture, face),
    )


def as_json(cells: Sequence[Cell]) -> dict[str, object]:
    """Row -> portrait -> view -> measure -> mean of the drivers."""
    found: dict[str, dict[str, dict[str, dict[str, float]]]] = {}
    values: dict[tuple[str, str, str], dict[str, list[float]]] = {}
    for cell in cells:
        of = values.setdefault((cell.row, cell.portrait, cell.view), defaultdict(list))
        for name, value in _measures(cell).items():
            of[name].append(value)
    for (row, portrait, view), of in values.items():
        means = {name: round(float(np.mean(each)), 4) for name, each in of.items()}
        found.setdefault(row, {}).setdefault(portrait, {})[view] = means
    return dict(found)


def _measures(cell: Cell) -> dict[str, float]:
    found = {f"L1 {area}": value for area, value in cell.l1.items()}
    others = {"CSIM": cell.csim, "CSIM to exact": cell.csim_exact, "seam": cell.seam}
    return found | {name: value for name, value in others.items() if value is not None}


def tables(cells: Sequence[Cell], shown: Sequence[str]) -> str:
    """Markdown: the sheets, L1 of the rendered heads, then CSIM and seams of all."""
    links = ", ".join(f"[{name}](portrait_sheets/{file_of(name)})" for name in shown)
    has_csim = any(cell.csim is not None for cell in cells)
    parts = [
        f"Sheets: {links}. What is worst, and why: [worst](portrait_sheets/worst.md).",
        "Mean L1 of 255 to the exact picture, and likeness to it; all drivers, two rendered heads:",
        _l1(cells),
        _CSIM if has_csim else "CSIM was not measured: --models was not given.",
        *([_figure(cells, "csim")] if has_csim else []),
        _SEAM,
        _figure(cells, "seam"),
    ]
    return "\n\n".join(parts)


def file_of(portrait: str) -> str:
    """Name of a portrait's sheet."""
    return portrait.replace(", ", "_").replace(" ", "_") + ".jpg"


def _l1(cells: Sequence[Cell]) -> str:
    found: dict[tuple[str, str], list[Cell]] = defaultdict(list)
    for cell in cells:
        if cell.l1:
            found[cell.view, cell.row].append(cell)
    views = _views(cells)
    lines = []
    for (view, row), all_of in sorted(found.items(), key=lambda item: views.index(item[0][0])):
        near = [f"{np.mean([cell.l1[area] for cell in all_of]):.2f}" for area in AREAS]
        like = [cell.csim_exact for cell in all_of if cell.csim_exact is not None]
        lines.append([view, row, *near, f"{np.mean(like):.3f}" if like else ""])
    return markdown(["", "", *AREAS, "CSIM to it"], lines)


def _figure(cells: Sequence[Cell], measure: Literal["csim", "seam"]) -> str:
    """Lines: portrait, then who drew it; columns: views, then their mean."""
    views, worst = _views(cells), min if measure == "csim" else max
    digits = 3 if measure == "csim" else 1
    found: dict[tuple[str, str], list[tuple[str, float]]] = {}
    portraits = list(dict.fromkeys(cell.portrait for cell in cells))
    for portrait in (*portraits, "all"):
        for cell in cells:
            value = cell.csim if measure == "csim" else cell.seam
            if value is not None and portrait in {cell.portrait, "all"}:
                found.setdefault((portrait, cell.row), []).append((cell.view, value))
    lines = []
    for (portrait, row), values in found.items():
        by_view = [[value for at, value in values if at == view] for view in views]
        told = [f"{np.mean(of):.{digits}f} ({worst(of):.{digits}f})" for of in by_view]
        lines.append([portrait, row, *told, f"{np.mean([v for _, v in values]):.{digits}f}"])
    return markdown(["portrait", "", *views, "mean"], lines)


def _views(cells: Sequence[Cell]) -> list[str]:
    return list(dict.fromkeys(cell.view for cell in cells))
