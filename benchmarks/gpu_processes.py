"""Processes that run sections of the GPU report, and that are ended when they take too long.

No torch in here: what starts and ends them must outlive whatever torch or CUDA does.
"""

import json
import os
import select
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
LAST_WORDS_S = 1.0
"""For a traceback of where it hangs."""
TOLD = 3000
"""Characters of a log that are kept with a failure."""


class Worker:
    """One `benchmarks.gpu_worker`."""

    def __init__(self, module: str, options: list[str], log: Path) -> None:
        """Start it; `hear` says when it is ready."""
        self._log = log
        self._answers, theirs = os.pipe()
        with log.open("ab") as out:
            self._process = subprocess.Popen(
                [sys.executable, "-m", module, "--answers", str(theirs), *options],
                stdin=subprocess.PIPE,
                stdout=out,
                stderr=subprocess.STDOUT,
                pass_fds=(theirs,),
                cwd=ROOT,
                start_new_session=True,
            )
        os.close(theirs)
        self._read = b""

    def run(self, name: str, limit_s: float) -> dict[str, Any]:
        """A section's answer; where there is none, why, and the process is gone."""
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):
            self._process.stdin.write(name.encode() + b"\n")
            self._process.stdin.flush()
        return self.hear(limit_s)

    def hear(self, limit_s: float) -> dict[str, Any]:
        """The next answer."""
        began, logged = time.monotonic(), size_of(self._log)
        while b"\n" not in self._read:
            left = began + limit_s - time.monotonic()
            ready = left > 0 and select.select([self._answers], [], [], left)[0]
            more = os.read(self._answers, 1 << 16) if ready else b""
            if not more:
                what = "its process ended" if ready else f"it ran past its limit of {limit_s:.0f} s"
                self.end(asks_where=not ready)
                return {
                    "failed": what,
                    "traceback": written(self._log, logged)[-TOLD:],
                    "spoiled": True,
                }
            self._read += more
        line, self._read = self._read.split(b"\n", 1)
        answer: dict[str, Any] = json.loads(line)
        return answer

    def end(self, *, asks_where: bool = False) -> None:
        """End it, whatever it is doing; where asked, it first writes to the log where it is."""
        if asks_where and self._process.poll() is None:
            self._process.send_signal(signal.SIGUSR1)
            time.sleep(LAST_WORDS_S)
        end_group(self._process)
        with suppress(OSError):
            os.close(self._answers)


def command(arguments: list[str], log: Path, limit_s: float) -> tuple[int | None, str]:
    """Run a command; its exit code (None: it was ended at its limit), and its output."""
    logged = size_of(log)
    changed = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONUNBUFFERED": "1"}
    with log.open("ab") as out:
        process = subprocess.Popen(
            arguments,
            stdout=out,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            env=os.environ | changed,
            cwd=ROOT,
            start_new_session=True,
        )
    try:
        code: int | None = process.wait(limit_s)
    except subprocess.TimeoutExpired:
        code = None
    finally:
        end_group(process)
    return code, written(log, logged)


def end_group(process: subprocess.Popen[bytes]) -> None:
    """End a process and all that it started; one that the driver holds is left behind."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    with suppress(subprocess.TimeoutExpired):
        process.wait(3)
    if process.stdin is not None:
        with suppress(OSError):
            process.stdin.close()


def size_of(log: Path) -> int:
    """So far."""
    return log.stat().st_size if log.exists() else 0


def written(log: Path, since: int) -> str:
    """What was written since."""
    with log.open("rb") as file:
        file.seek(since)
        return file.read().decode(errors="replace")
