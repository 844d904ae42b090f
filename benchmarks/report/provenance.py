"""What every record carries: command, commit, date, duration, machine, versions."""

from typing import Any

from benchmarks.machine import described
from benchmarks.report.record import command_line


def made_on(seconds: float) -> dict[str, Any]:
    """The part of a record that says what it was measured on, and how."""
    return {"command": command_line(), **described(seconds)}
