"""What the doctor looks at, so that a test can show it another machine."""

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal, TypeAlias

from stream.files.bundled import ASSETS

Status: TypeAlias = Literal["ok", "missing", "broken"]
"""missing: one way to use the program is closed, others are open. broken: it is there and fails,
or nothing works without it."""

MARKS: dict[Status, str] = {"ok": "ok     ", "missing": "missing", "broken": "BROKEN "}

RUN_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """The result of one check."""

    check: str
    status: Status
    says: str
    fix: str | None = None
    """What to do; commands stand on lines of their own."""


def find_version(package: str) -> str | None:
    """The installed version of a package."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def run(command: Sequence[str]) -> str | None:
    """What a program prints; None where it is missing, fails or hangs."""
    program = shutil.which(command[0])
    if program is None:
        return None
    try:
        done = subprocess.run(
            [program, *command[1:]], capture_output=True, text=True, check=True, timeout=RUN_S
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout


def may_use(path: Path) -> bool:
    """Whether this user may read and write a device."""
    return os.access(path, os.R_OK | os.W_OK)


def my_groups() -> tuple[int, ...]:
    """The groups this process is in; none on Windows."""
    return tuple(os.getgroups()) if hasattr(os, "getgroups") else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """A machine: this one, unless told otherwise."""

    root: Path = Path("/")
    """Under which /dev, /etc, /proc and /sys lie."""
    name: str = sys.platform
    """linux, darwin or win32."""
    python: tuple[int, int] = field(default_factory=lambda: sys.version_info[:2])
    user: str = field(default_factory=lambda: os.environ.get("USER", ""))
    groups: tuple[int, ...] = field(default_factory=my_groups)
    kernel: str = field(default_factory=platform.release)
    environment: dict[str, str] = field(default_factory=lambda: dict(os.environ))
    find_version: Callable[[str], str | None] = find_version
    run: Callable[[Sequence[str]], str | None] = run
    may_use: Callable[[Path], bool] = may_use
    portrait: Path = ASSETS / "portrait.png"

    def text(self, path: str) -> str | None:
        """The content of a file below the root, without the last line's end; None without it."""
        try:
            return (self.root / path.lstrip("/")).read_text().strip()
        except OSError:
            return None
