"""What a command does with its report: a table, files where asked, and one JSON line last."""

import json
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console

from benchmarks.machine import RESULTS, is_dirty
from benchmarks.report.as_markdown import as_markdown
from benchmarks.report.page import page
from benchmarks.report.provenance import made_on
from benchmarks.report.record import as_record
from benchmarks.report.report import Report
from benchmarks.report.terminal import show
from engine.errors import InputError
from engine.installing import CLONE


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """Where a report goes besides the terminal; made at the door, before anything is measured.

    Raises:
        InputError: results were asked for outside of a clone, or of a tree with changes.
    """

    html: Path | None = None
    json: Path | None = None
    results: str | None = None
    """Name of the files in `benchmarks/results`."""
    allow_dirty: bool = False
    began_s: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        if self.results is None:
            return
        if not (CLONE / ".git").exists():
            raise InputError("--results keeps figures in a clone, and this is none: use --html.")
        if is_dirty() and not self.allow_dirty:
            raise InputError(
                "--results keeps figures of a commit, and files differ from it (`git status`): "
                "commit first, or add --allow-dirty, which the record will say."
            )


def finish(report: Report, output: Output) -> dict[str, Any]:
    """Show the report, write what was asked for, print the JSON line; the record."""
    record = as_record(report, made_on(time.monotonic() - output.began_s))
    show(report, record, Console(width=None if sys.stdout.isatty() else 120))
    if output.html is not None:
        output.html.write_text(page(report, record), encoding="utf-8")
    if output.json is not None:
        output.json.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    if output.results is not None:
        keep(report, record, RESULTS, output.results)
    print(json.dumps(record), flush=True)
    return record


def keep(report: Report, record: dict[str, Any], folder: Path, name: str) -> None:
    """Write NAME.json, NAME.md and NAME.html."""
    folder.mkdir(parents=True, exist_ok=True)
    texts = {
        "json": json.dumps(record, indent=1) + "\n",
        "md": as_markdown(report, record, name),
        "html": page(report, record),
    }
    for ending, text in texts.items():
        (folder / f"{name}.{ending}").write_text(text, encoding="utf-8")
