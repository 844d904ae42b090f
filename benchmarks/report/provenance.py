"""What every record carries: machine, command, commit, versions, date, duration."""

import os
from datetime import UTC, datetime
from typing import Any

from benchmarks.machine import commit, is_dirty, machine, versions
from benchmarks.report.record import command_line


def made_on(seconds: float) -> dict[str, Any]:
    """The part of a record that says what it was measured on, and how."""
    return {
        "command": command_line(),
        "commit": commit(),
        "dirty": is_dirty(),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "seconds": round(seconds, 1),
        "machine": machine() | {"load_average": round(os.getloadavg()[0], 2)},
        "versions": versions(),
    }
