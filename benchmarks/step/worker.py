"""One set-up in a process of its own, which steps when it is told to."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any

from benchmarks.live.processes import Held, held_by
from benchmarks.report.report import CannotRunError
from benchmarks.step.settings import StepSettings
from engine.errors import InputError

Durations = dict[str, int]
"""Stage -> ns, of one step."""


class Worker:
    """A process that has shown its first picture."""

    def __init__(self, pid: int, link: "Connection[Any, Any]", start_s: float) -> None:
        self.start_s = start_s
        """From the start of the process to its first picture."""
        self._pid = pid
        self._link = link

    def steps(self, count: int) -> list[Durations]:
        """So many steps, one right after the other."""
        self._link.send(count)
        return _answer(self._link)  # type: ignore[no-any-return]

    def held(self) -> Held:
        """What the process holds."""
        return held_by(self._pid)


@contextmanager
def worker(settings: StepSettings) -> Iterator[Worker]:
    """Start one, for the length of the block.

    Raises:
        InputError: the set-up cannot be used.
    """
    context = get_context("spawn")
    link, theirs = context.Pipe()
    process = context.Process(target=_work, args=(settings, theirs), daemon=True)
    began_s = time.monotonic()
    process.start()
    theirs.close()
    try:
        shown_s = float(_answer(link))
        assert process.pid is not None
        yield Worker(process.pid, link, shown_s - began_s)
    finally:
        link.close()
        process.join(10.0)
        if process.is_alive():
            process.kill()
            process.join()


def _answer(link: "Connection[Any, Any]") -> Any:  # noqa: ANN401 (whatever was asked for)
    try:
        found = link.recv()
    except EOFError:
        raise CannotRunError("the process of the step has ended: see above") from None
    if isinstance(found, Exception):
        raise found
    return found


def _work(settings: StepSettings, link: "Connection[Any, Any]") -> None:
    """In the process: the first picture at once, then whatever is asked for."""
    if settings.threads:
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: settings.threads])
    from benchmarks.step.live_step import live_step
    from engine.errors import UnderstudyError

    try:
        with live_step(settings) as live:
            live.step()
            link.send(time.monotonic())
            while True:
                count = link.recv()
                taken = [live.step() for _ in range(count)]
                if not live.sees_face:
                    raise InputError("the clip shows no face: --clip must show one throughout.")
                link.send(taken)
    except UnderstudyError as error:
        link.send(error)
    except (EOFError, KeyboardInterrupt):
        return
