"""A report as Markdown, which the results' folder shows."""

from typing import Any

from benchmarks.machine import made_with, markdown
from benchmarks.report.report import Report


def as_markdown(report: Report, record: dict[str, Any], name: str) -> str:
    """Command and machine first, then the tables, then what was skipped."""
    parts = [
        f"# {name}",
        f"`{record['command']}`",
        f"{made_with(record)}; {record['date'][:10]}; {record['seconds']:.0f} s; load average "
        f"{record['machine']['load_average']:g}",
    ]
    for table in report.tables:
        parts += [
            f"## {table.title}",
            markdown(list(table.head), [list(row) for row in table.rows]),
            *table.notes,
        ]
    if report.skipped:
        rows = [[part, why] for part, why in report.skipped.items()]
        parts += ["## Skipped", markdown(["what", "why"], rows)]
    return "\n\n".join(parts) + "\n"
