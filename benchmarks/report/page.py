"""A report as one HTML file that needs nothing else."""

from html import escape
from typing import Any

from benchmarks.machine import made_with
from benchmarks.report.report import Report, Table


def page(report: Report, record: dict[str, Any]) -> str:
    """The file's text."""
    tables = "".join(_table(table) for table in report.tables)
    return (
        f"<!doctype html><meta charset=utf-8><title>{escape(report.kind)}</title>"
        f"<p>{escape(made_with(record))}</p>{tables}"
    )


def _table(table: Table) -> str:
    head = "".join(f"<th>{escape(cell)}</th>" for cell in table.head)
    rows = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in table.rows
    )
    return f"<h2>{escape(table.title)}</h2><table><tr>{head}</tr>{rows}</table>"
