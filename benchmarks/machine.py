"""What a figure was measured on, and where it is kept: with machine, versions and command."""

import json
import os
import platform
import subprocess
import sys
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from engine.installing import CLONE, DISTRIBUTION

RESULTS = Path(__file__).parent / "results"

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
    """Whether a file that git knows differs from the commit."""
    return bool(_git("status", "--porcelain", "--untracked-files=no"))


def keep(name: str, command: str, result: Mapping[str, Any], table: str) -> Path:
    """Write `results/NAME.json` and `results/NAME.md` beside it; print the table, then the JSON."""
    RESULTS.mkdir(exist_ok=True)
    record = {"command": command, **described(), **result}
    path = RESULTS / f"{name}.json"
    path.write_text(json.dumps(record, indent=1) + "\n")
    (RESULTS / f"{name}.md").write_text(
        f"# {name}\n\n`{command}`\n\n{made_with(record)}\n\n{table}\n"
    )
    sys.stdout.write(f"{table}\n{json.dumps(record)}\n")
    return path


def described() -> dict[str, Any]:
    """Machine, versions and commit: what every result carries."""
    return {
        "commit": commit(),
        "dirty": is_dirty(),
        "machine": machine(),
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
