"""A report as JSON: docs/bench-format.md in code. Version 1."""

import shlex
import sys
from dataclasses import asdict
from typing import Any

from benchmarks.report.report import Figure, Report

SCHEMA = "understudy-bench"
VERSION = 1


def as_record(report: Report, made: dict[str, Any]) -> dict[str, Any]:
    """The report with what it was `made` on, by `provenance.made_on`; charts stay out."""
    return {
        "schema": SCHEMA,
        "version": VERSION,
        "kind": report.kind,
        "settings": dict(report.settings),
        **made,
        "figures": [_figure(each) for each in report.figures],
        "tables": [asdict(table) for table in report.tables],
        "skipped": dict(report.skipped),
    }


def _figure(figure: Figure) -> dict[str, Any]:
    written: dict[str, Any] = {
        "name": figure.name,
        "value": _short(figure.value),
        "unit": figure.unit,
        "better": figure.better,
        "interval": None if figure.interval is None else [_short(end) for end in figure.interval],
    }
    if figure.rounds:
        written["rounds"] = [_short(value) for value in figure.rounds]
    return written


def _short(value: float) -> float:
    """Six digits: more are noise."""
    return float(f"{value:.6g}")


def command_line() -> str:
    """The command of this process, as a user types it."""
    spec = getattr(sys.modules["__main__"], "__spec__", None)
    name = None if spec is None else spec.name.removesuffix(".__main__")
    begins = ["understudy"] if name in (None, "stream.cli") else ["python", "-m", name]
    return shlex.join([*begins, *sys.argv[1:]])
