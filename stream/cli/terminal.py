"""What the command line shows while it works: a progress bar, notes, one line per error.

All of it goes to standard error; results go to standard output, so that scripts can read them.
Without a terminal there is no bar; NO_COLOR is kept by rich.
"""

import logging
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Event
from types import FrameType

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from export.build_bar import BuildBar
from stream.cli.notes import Notes


class FramesPerSecond(ProgressColumn):
    """How fast it goes."""

    def render(self, task: Task) -> Text:
        """For example ` 48.3 frames/s`; nothing for the steps of a build."""
        counts = task.speed is not None and not task.fields.get("is_build")
        return Text(f"{task.speed:5.1f} frames/s" if counts else "")


class ProgressBar:
    """Shows the part of the work that is going on, how fast, and the time left."""

    def __init__(self, console: Console) -> None:
        self.bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            FramesPerSecond(),
            TimeRemainingColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._task: TaskID | None = None

    def begin(self, task: str, total: int | None) -> None:
        """A part of the work begins; its bar replaces the last one."""
        if self._task is not None:
            self.bar.remove_task(self._task)
        self._task = self.bar.add_task(task, total=total)

    def advance(self) -> None:
        """One more frame is done."""
        if self._task is not None:
            self.bar.advance(self._task)


@dataclass(frozen=True, slots=True, kw_only=True)
class Terminal:
    """What a job needs of the terminal it runs in."""

    progress: ProgressBar
    builds: BuildBar
    """The same bar, for plans that a runtime builds first."""
    stop: Event
    """Set by the first Ctrl-C; a second one breaks off at once."""


@contextmanager
def working() -> Iterator[Terminal]:
    """Show progress and notes, and turn Ctrl-C into a request, for the length of the block."""
    console = Console(stderr=True)
    progress = ProgressBar(console)
    notes = Notes(console)
    logging.getLogger().addHandler(notes)
    try:
        with stop_on_signals() as stop, progress.bar:
            yield Terminal(progress=progress, builds=BuildBar(progress.bar), stop=stop)
    finally:
        logging.getLogger().removeHandler(notes)
        notes.close()


@contextmanager
def stop_on_signals() -> Iterator[Event]:
    """Set on the first Ctrl-C or request to terminate; a Ctrl-C after it raises KeyboardInterrupt.

    A request to terminate may come twice: to a whole process group, and passed on by `make`. It is
    the same request then, and must not break off what already ends well. A terminal that is closed
    asks, too, unless `nohup` had that ignored.
    """
    stop, is_asked = Event(), False

    def ask_to_stop(number: int, frame: FrameType | None) -> None:
        nonlocal is_asked
        if not is_asked:
            # First of all: a signal may come within `set`, whose lock is held then, and would wait
            # for it for ever.
            is_asked = True
            stop.set()
        elif number == signal.SIGINT:
            raise KeyboardInterrupt

    asked_by = [signal.SIGINT, signal.SIGTERM]
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        asked_by.append(signal.SIGHUP)
    before = [signal.signal(number, ask_to_stop) for number in asked_by]
    try:
        yield stop
    finally:
        for number, handler in zip(asked_by, before, strict=True):
            signal.signal(number, handler)
