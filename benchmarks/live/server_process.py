"""Runs the real server in a process of its own, so that what is measured is the server's alone."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Literal

from benchmarks.live.processes import Held, held_by
from benchmarks.report.report import CannotRunError

STOP_S = 20.0


class ServerProcess:
    """A server that is up."""

    def __init__(self, process: "subprocess.Popen[str]", url: str) -> None:
        self.url = url
        self._process = process

    def held(self) -> Held:
        """Memory, threads, descriptors and time of the server."""
        return held_by(self._process.pid)

    def ask(self, question: Literal["held", "begin", "figures"] = "held") -> Any:  # noqa: ANN401
        """What the server says of itself: see `benchmarks.live.serving`; blocks meanwhile."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{question}\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise CannotRunError("the server has ended")
        return json.loads(line)


@contextmanager
def server_process(options: Mapping[str, object]) -> Iterator[ServerProcess]:
    """A server for the length of the block; `options` are those of `benchmarks.live.serving`.

    An option that is True stands alone; one that is None or False is left out.

    Raises:
        CannotRunError: it did not come up; it has said why on standard error.
    """
    command = [sys.executable, "-m", "benchmarks.live.serving"]
    for name, value in options.items():
        if value is True:
            command.append(f"--{name}")
        elif value is not None and value is not False:
            command += [f"--{name}", str(value)]
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
    )
    try:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        if not url:
            raise CannotRunError("the server did not start: see above")
        yield ServerProcess(process, url)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        assert process.stdout is not None
        process.stdout.close()
