"""How packages come into the program's environment: every advice to install one is worded here.

The program is installed from a clone. No package index has it under a name of ours: `understudy` is
a stranger's there, and `understudy-live` is nobody's yet, so anybody's tomorrow.
"""

import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, TypeAlias

from engine.errors import MachineError

DISTRIBUTION = "understudy-live"
"""What the installation is called; command and title are `understudy`."""

Extra: TypeAlias = Literal[
    "onnx",
    "camera",
    "mediapipe",
    "export",
    "cuda",
    "tensorrt",
    "tensorrt-rtx",
    "train",
    "tensorboard",
]
"""Those of pyproject.toml that a user may lack."""

CLONE = Path(__file__).parent.parent
PIP = r".venv\Scripts\pip" if sys.platform == "win32" else ".venv/bin/pip"


def install(*arguments: str) -> str:
    """The command that installs something, to be typed as it stands."""
    return _in_clone(f"{PIP} install {shlex.join(arguments)}")


def install_extra(extra: Extra) -> str:
    """The command that adds an optional part of the program."""
    return install("-e", f".[{extra}]")


@contextmanager
def needing(extra: Extra) -> Iterator[None]:
    """Turn a package that is missing into the advice to add the optional part it belongs to."""
    try:
        yield
    except ModuleNotFoundError as error:
        advice = f"{error.name} is not installed. Run `{install_extra(extra)}`."
        raise MachineError(advice) from None


def reinstall() -> str:
    """The command that mends the base install: packages are missing, or another's lie over them."""
    return install("--force-reinstall", "--constraint", "constraints.txt", "-e", ".")


def restore() -> str:
    """The command that brings the shipped models and pictures back, and nothing else."""
    return _in_clone("git checkout -- engine/assets stream/assets")


def _in_clone(command: str) -> str:
    """The same, from wherever the program was started."""
    if Path.cwd() == CLONE or not (CLONE / "pyproject.toml").is_file():
        return command
    return f"cd {shlex.quote(str(CLONE))} && {command}"
