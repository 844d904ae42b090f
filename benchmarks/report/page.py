"""A report as one HTML file that needs nothing else: style, drawings and pictures are in it."""

from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any

from benchmarks.machine import made_with
from benchmarks.report.drawing import drawn
from benchmarks.report.report import Figure, Report, Table

STYLE = Path(__file__).with_name("page.css")


def page(report: Report, record: dict[str, Any]) -> str:
    """The file's text."""
    title = f"understudy bench {report.kind}"
    settings = _told(report.settings)
    dirty = '<p class="warning">Measured with changes that no commit has.</p>'
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE.read_text(encoding='utf-8')}</style></head>"
        f"<body><h1>{escape(title)}</h1>{dirty if record['dirty'] else ''}"
        f'<p class="scrolls"><code>{escape(record["command"])}</code></p>'
        f"<p>{escape(made_with(record))}; {record['date'][:16].replace('T', ' ')} UTC; "
        f"{record['seconds']:.0f} s; load average {record['machine']['load_average']:g}</p>"
        f"<p>{escape(settings)}</p>"
        f"{''.join(_table(table) for table in report.tables)}"
        f'<div class="charts">{"".join(drawn(chart) for chart in report.charts)}</div>'
        f"{_skipped(report)}{_figures(report)}</body></html>\n"
    )


def _told(settings: Mapping[str, object]) -> str:
    """Names and values; those of a part in brackets."""
    return ", ".join(
        f"{name} ({_told(value)})" if isinstance(value, Mapping) else f"{name} {value}"
        for name, value in settings.items()
    )


def _table(table: Table) -> str:
    notes = "".join(f"<p>{escape(note)}</p>" for note in table.notes)
    return (
        f"<section><h2>{escape(table.title)}</h2>{_cells(table.head, table.rows)}{notes}</section>"
    )


def _figures(report: Report) -> str:
    rows = tuple(
        (figure.name, f"{figure.value:.4g} {figure.unit}", _interval(figure))
        for figure in report.figures
    )
    cells = _cells(("figure", "value", "95 %"), rows)
    return f"<details><summary>All {len(rows)} figures</summary>{cells}</details>" if rows else ""


def _interval(figure: Figure) -> str:
    if figure.interval is None:
        return ""
    return f"{figure.interval[0]:.4g} to {figure.interval[1]:.4g}"


def _skipped(report: Report) -> str:
    rows = "".join(
        f"<li><b>{escape(name)}</b>: {escape(why)}</li>" for name, why in report.skipped.items()
    )
    return f"<section><h2>Skipped</h2><ul>{rows}</ul></section>" if rows else ""


def _cells(head: tuple[str, ...], rows: tuple[tuple[str, ...], ...]) -> str:
    first = "".join(f"<th>{escape(cell)}</th>" for cell in head)
    rest = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    return f'<div class="scrolls"><table><tr>{first}</tr>{rest}</table></div>'
