"""The program's warnings on the terminal: one line each, with the reason, whoever caused them.

A stranger can choose what stands in a request, a file name or a packet, and how often it fails. So
control characters are written out, keys are cut short, and one place in the code has only so many
lines in a while.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from traceback import extract_tb

from rich.console import Console

from stream.server.tokens import without_keys

MOST_LINES = 5
WITHIN_S = 10.0
"""So many lines of one place in the code in so long; the others are counted."""
LONGEST = 600
"""Characters of a line; a request's address may have thousands."""


@dataclass(slots=True, kw_only=True)
class _Place:
    """What one place in the code has said lately."""

    since_s: float
    lines: int = 0
    left_out: int = 0


class Notes(logging.Handler):
    """Prints each warning of the program as one line."""

    def __init__(self, console: Console, now_s: Callable[[], float] = time.monotonic) -> None:
        super().__init__(logging.WARNING)
        self._console = console
        self._now_s = now_s
        self._places: dict[tuple[str, int], _Place] = {}

    def emit(self, record: logging.LogRecord) -> None:
        """Print one note, or count it where its place has said enough."""
        now_s = self._now_s()
        place = self._places.setdefault((record.pathname, record.lineno), _Place(since_s=now_s))
        if now_s - place.since_s >= WITHIN_S:
            place.since_s, place.lines = now_s, 0
        if place.lines >= MOST_LINES:
            place.left_out += 1
            return
        more = f" ({place.left_out} more like it before)" if place.left_out else ""
        place.lines, place.left_out = place.lines + 1, 0
        try:
            self._print(one_line(record) + more)
        except (OSError, ValueError):  # the terminal has gone; whoever logs must not end with it
            self.handleError(record)

    def close(self) -> None:
        """Say how much was left out at the end."""
        left_out = sum(place.left_out for place in self._places.values())
        self._places.clear()
        if left_out:
            self._print(f"{left_out} more notes like these were left out")
        super().close()

    def _print(self, line: str) -> None:
        self._console.print(
            f"note: {line}", markup=False, emoji=False, highlight=False, soft_wrap=True
        )


def one_line(record: logging.LogRecord) -> str:
    """What a record says, with its exception's reason and the line that raised it."""
    text = record.getMessage()
    error = record.exc_info[1] if record.exc_info else None
    if error is not None:
        text = f"{text}: {_reason(error)}"
    text = without_keys(text)
    line = "".join(sign if sign.isprintable() else _written_out(sign) for sign in text)
    return line if len(line) <= LONGEST else f"{line[:LONGEST]}…"


def _reason(error: BaseException) -> str:
    frames = extract_tb(error.__traceback__)
    where = f" ({Path(frames[-1].filename).name}:{frames[-1].lineno})" if frames else ""
    # The place first: a long message is cut at its end.
    return f"{type(error).__name__}{where}: {error}".removesuffix(": ")


def _written_out(sign: str) -> str:
    return sign.encode("unicode_escape").decode()
