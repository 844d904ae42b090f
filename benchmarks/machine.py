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

RESULTS = Path(__file__).parent / "results"

_PACKAGES = (
    *("numpy", "opencv-python-headless", "openvino", "torch", "onnxruntime"),
    *("cuda-bindings", "nvidia-cuda-nvrtc", "triton"),
)


def machine() -> dict[str, Any]:
    """Processor, cores given to this process, system, versions and commit."""
    return {
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)),
        "system": f"{platform.system()} {platform.machine()}, Python {platform.python_version()}",
        "packages": {name: found for name in _PACKAGES if (found := _version(name))},
        "commit": _commit(),
    }


def keep(name: str, command: str, result: Mapping[str, Any], table: str) -> Path:
    """Write `results/NAME.json` and `results/NAME.md` beside it; print the table, then the JSON."""
    RESULTS.mkdir(exist_ok=True)
    record = {"command": command, "machine": machine(), **result}
    path = RESULTS / f"{name}.json"
    path.write_text(json.dumps(record, indent=1) + "\n")
    made_on = record["machine"]
    (RESULTS / f"{name}.md").write_text(
        f"# {name}\n\n`{command}`\n\n{made_on['processor']}, {made_on['cores']} cores, "
        f"{made_on['system']}; commit {made_on['commit']}\n\n{table}\n"
    )
    sys.stdout.write(f"{table}\n{json.dumps(record)}\n")
    return path


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


def _commit() -> str:
    try:
        done = subprocess.run(
            ["git", "describe", "--always", "--dirty"],
            capture_output=True,
            text=True,
            check=False,
            cwd=Path(__file__).parent,
        )
    except FileNotFoundError:  # a borrowed machine may have no git
        return "unknown"
    return done.stdout.strip() or "unknown"
