"""What a figure was measured on, and where it is kept: with machine, versions and command."""

import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from benchmarks.report.record import as_record
from benchmarks.report.report import Figure, Report
from engine.installing import CLONE, DISTRIBUTION

RESULTS = Path(__file__).parent / "results"
_BEGAN_S = time.monotonic()
_KEPT = (":(exclude)benchmarks/results", ":(exclude)docs/figures", ":(exclude)docs/figures.md")
"""What measuring itself writes: several commands keep theirs one after the other."""

_PACKAGES = (
    *("numpy", "opencv-python-headless", "openvino", "torch", "onnxruntime", "av", "aiortc"),
    *("cuda-bindings", "nvidia-cuda-nvrtc", "triton"),
)


def machine() -> dict[str, Any]:
    """Processor, cores given to this process, memory, system."""
    return {
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gb": round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 1e9, 1),
        "system": f"{platform.system()} {platform.machine()}",
    }


def versions() -> dict[str, str]:
    """Of this program, Python, and the packages that do the arithmetic."""
    found = {name: found for name in _PACKAGES if (found := _version(name))}
    return {
        "understudy": _version(DISTRIBUTION) or "run from its folder",
        "python": platform.python_version(),
        **found,
    }


def commit() -> str:
    """The short name of the checked-out commit; unknown where there is no git."""
    return _git("describe", "--always", "--exclude", "*") or "unknown"


def is_dirty() -> bool:
    """Whether a file that git knows differs from the commit; results that are kept do not count."""
    return bool(_git("status", "--porcelain", "--untracked-files=no", "--", ".", *_KEPT))


def keep(name: str, command: str, result: Mapping[str, Any], table: str) -> Path:
    """Write `results/NAME.json` and `results/NAME.md` beside it; print the table, then the JSON.

    The JSON is a record as `understudy bench` writes, with each number of the result as a figure
    that says nothing of its noise, and the result itself as `details`.
    """
    RESULTS.mkdir(exist_ok=True)
    made = {"command": command, **described(time.monotonic() - _BEGAN_S)}
    report = Report(kind=name, settings={}, figures=tuple(_figures(result)))
    record = as_record(report, made) | {"details": result}
    path = RESULTS / f"{name}.json"
    path.write_text(json.dumps(record, indent=1) + "\n")
    (RESULTS / f"{name}.md").write_text(
        f"# {name}\n\n`{command}`\n\n{made_with(record)}\n\n{table}\n"
    )
    sys.stdout.write(f"{table}\n{json.dumps(record)}\n")
    return path


def _figures(result: Mapping[str, Any], above: str = "") -> Iterator[Figure]:
    """Each number of nested mappings by its dotted name."""
    for name, value in result.items():
        if isinstance(value, Mapping):
            yield from _figures(value, f"{above}{name}.")
        elif isinstance(value, int | float) and not isinstance(value, bool):
            yield Figure(name=f"{above}{name}", value=float(value), unit="", better=None)


def described(seconds: float) -> dict[str, Any]:
    """When, where and of what something was measured that took so long."""
    return {
        "commit": commit(),
        "dirty": is_dirty(),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "seconds": round(seconds, 1),
        "machine": machine() | {"load_average": round(os.getloadavg()[0], 2)},
        "versions": versions(),
    }


def made_with(record: Mapping[str, Any]) -> str:
    """The same in a line, for people."""
    made_on = record["machine"]
    return (
        f"{made_on['processor']}, {made_on['cores']} cores, {made_on['memory_gb']:g} GB, "
        f"{made_on['system']}, Python {record['versions']['python']}; "
        f"commit {record['commit']}{', with changes' if record['dirty'] else ''}"
    )


def markdown(head: list[str], rows: list[list[str]]) -> str:
    """A table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.is_file():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or "unknown"


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _git(*asked: str) -> str:
    if not (CLONE / ".git").exists():  # installed: a repository around that is somebody else's
        return ""
    try:
        done = subprocess.run(
            ["git", *asked],
            capture_output=True,
            text=True,
            check=False,
            cwd=CLONE,
        )
    except FileNotFoundError:  # a borrowed machine may have no git
        return ""
    return done.stdout.strip()
