"""What another process holds and has used, from /proc (Linux)."""

import os
from dataclasses import dataclass
from pathlib import Path

from benchmarks.report.report import CannotRunError

_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """At one moment."""

    own_mb: float
    """Anonymous memory in RAM: all but the files that are mapped."""
    peak_mb: float
    """Most memory in RAM so far, files included."""
    threads: int
    descriptors: int
    cpu_s: float
    """Of user and system time, all threads."""


def held_by(pid: int | str = "self") -> Held:
    """What a process of this user holds.

    Raises:
        CannotRunError: this system has no /proc.
    """
    place = Path("/proc") / str(pid)
    if not place.is_dir():
        raise CannotRunError("needs /proc of Linux, to look into a process")
    status = dict(
        line.split(":", 1) for line in (place / "status").read_text().splitlines() if ":" in line
    )
    times = (place / "stat").read_text().rpartition(")")[2].split()
    return Held(
        own_mb=_mb(status["RssAnon"]),
        peak_mb=_mb(status["VmHWM"]),
        threads=int(status["Threads"]),
        descriptors=len(os.listdir(place / "fd")),  # noqa: PTH208 (as short as can be)
        cpu_s=(int(times[11]) + int(times[12])) / _TICKS,
    )


def _mb(told: str) -> float:
    return int(told.split()[0]) * 1024 / 1e6
