"""A report on the terminal."""

from typing import Any

from rich.console import Console
from rich.table import Table as Shown

from benchmarks.machine import made_with
from benchmarks.report.report import Report


def show(report: Report, record: dict[str, Any], console: Console) -> None:
    """Print what was measured on, the tables, and what was skipped."""
    console.print(made_with(record), style="dim", markup=False, highlight=False)
    for table in report.tables:
        shown = Shown(title=table.title, title_justify="left", title_style="bold")
        for number, head in enumerate(table.head):
            shown.add_column(head, justify="left" if number == 0 else "right")
        for row in table.rows:
            shown.add_row(*row)
        console.print(shown)
        for note in table.notes:
            console.print(note, markup=False, highlight=False)
    for name, why in report.skipped.items():
        console.print(f"skipped: {name}: {why}", markup=False, highlight=False)
