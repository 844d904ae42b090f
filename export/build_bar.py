"""A progress bar for plans that are built."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn


class BuildBar:
    """Shows the build that is going on in a bar; each one vanishes with its last step."""

    def __init__(self, bar: Progress) -> None:
        self._bar = bar
        self._task: TaskID | None = None
        self._left = 0

    def begin(self, task: str, total: int | None) -> None:
        """A build begins; its bar replaces that of one that failed."""
        self._end()
        self._left = total or 0
        self._task = self._bar.add_task(task, total=total, is_build=True)

    def advance(self) -> None:
        """One more step is done."""
        self._left -= 1
        if self._task is not None:
            self._bar.advance(self._task)
        if self._left == 0:
            self._end()

    def _end(self) -> None:
        if self._task is not None:
            self._bar.remove_task(self._task)
        self._task = None


@contextmanager
def build_bar() -> Iterator[BuildBar]:
    """On standard error, for the length of the block; nothing where that is no terminal."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn())
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        yield BuildBar(bar)
