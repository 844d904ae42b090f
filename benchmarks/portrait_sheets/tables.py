"""Measures every drawn picture, and lays the figures out for people and for scripts."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.beside.trees import Drawn
from benchmarks.machine import markdown
from benchmarks.portrait_sheets.cast import Driver, Exact, Head
from benchmarks.portrait_sheets.measure import AREAS, Known, Meter, errors, seam
from engine.frame import Pixels

EXACT, STILL = "exact", "still"

_CSIM = (
    "CSIM to the portrait, mean of three drivers (least); `exact` is the same head rendered in "
    "that pose:"
)
_SEAM = (
    "Seam: what steps of colour across the face's outline gained on the portrait's own, in levels, "
    "mean of three drivers (most); a head that really turns has such steps, too (`exact`):"
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
    return Cell(
        row=row,
        portrait=name,
        driver=driver,
        view=view,
        l1={} if exact is None or true is None else errors(picture, exact, true),
        csim=None if is_still else meter.likeness(portrait, picture, face),
        seam=None if is_still else seam(portrait, picture, face),
    )


def as_json(cells: Sequence[Cell]) -> dict[str, object]:
    """Row -> portrait -> driver -> view -> measure -> value."""
    found: dict[str, dict[str, dict[str, dict[str, dict[str, float]]]]] = {}
    for cell in cells:
        values = {f"L1 {area}": round(value, 3) for area, value in cell.l1.items()}
        for name, value in (("CSIM", cell.csim), ("seam", cell.seam)):
            if value is not None:
                values[name] = round(value, 4)
        by_view = found.setdefault(cell.row, {}).setdefault(cell.portrait, {})
        by_view.setdefault(cell.driver, {})[cell.view] = values
    return dict(found)


def tables(cells: Sequence[Cell], shown: Sequence[str]) -> str:
    """Markdown: the sheets, L1 of the rendered heads, then CSIM and seams of all."""
    links = ", ".join(f"[{name}](portrait_sheets/{file_of(name)})" for name in shown)
    has_csim = any(cell.csim is not None for cell in cells)
    parts = [
        f"Sheets: {links}. What is worst, and why: [worst](portrait_sheets/worst.md).",
        "Mean L1 of 255 to the exact picture; three drivers, two rendered heads:",
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
    found: dict[tuple[str, str], list[dict[str, float]]] = defaultdict(list)
    for cell in cells:
        if cell.l1:
            found[cell.view, cell.row].append(cell.l1)
    lines = [
        [view, row, *(f"{np.mean([each[area] for each in all_of]):.2f}" for area in AREAS)]
        for (view, row), all_of in sorted(found.items(), key=lambda item: _order(cells, item[0][0]))
    ]
    return markdown(["", "", *AREAS], lines)


def _figure(cells: Sequence[Cell], measure: str) -> str:
    """Lines: portrait and row; columns: views, then their mean."""
    views = list(dict.fromkeys(cell.view for cell in cells))
    values: dict[tuple[str, str], dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for cell in cells:
        value = cell.csim if measure == "csim" else cell.seam
        if value is not None:
            values[cell.portrait, cell.row][cell.view].append(value)
    worst = min if measure == "csim" else max
    digits = 3 if measure == "csim" else 1
    lines = []
    for (portrait, row), by_view in values.items():
        every = [value for found in by_view.values() for value in found]
        told = [by_view[view] for view in views] + [every]
        lines.append(
            [portrait, row]
            + [f"{np.mean(f):.{digits}f} ({worst(f):.{digits}f})" if f else "" for f in told]
        )
    for row in dict.fromkeys(row for _, row in values):
        every = [v for (_, r), by in values.items() if r == row for f in by.values() for v in f]
        lines.append(["all", row, *[""] * len(views), f"{np.mean(every):.{digits}f}"])
    return markdown(["portrait", "", *views, "all"], lines)


def _order(cells: Sequence[Cell], view: str) -> int:
    return list(dict.fromkeys(cell.view for cell in cells)).index(view)
