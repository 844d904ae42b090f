"""Single keys typed in the terminal, without Enter. Where there is no terminal, none come."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol, TextIO


class Keys(Protocol):
    """Where keys come from."""

    def poll(self, timeout_s: float) -> str | None:
        """The next key; None where none is pressed in time."""
        ...


class NoKeys:
    """No terminal: only waits."""

    def poll(self, timeout_s: float) -> str | None:
        """Nothing, after the time."""
        time.sleep(timeout_s)
        return None


@contextmanager
def typed_keys(terminal: TextIO | None = None) -> Iterator[Keys]:
    """The terminal's keys for the length of the block; afterwards it is as it was."""
    terminal = terminal or sys.stdin
    if not terminal.isatty():
        yield NoKeys()
    elif sys.platform == "win32":
        yield _WindowsKeys()
    elif not _is_in_foreground(terminal):
        yield NoKeys()
    else:
        with _without_enter(terminal):
            yield _PosixKeys(terminal)


if sys.platform == "win32":

    class _WindowsKeys:
        """Asks the console."""

        def poll(self, timeout_s: float) -> str | None:
            import msvcrt

            until = time.monotonic() + timeout_s
            while not msvcrt.kbhit():
                if time.monotonic() >= until:
                    return None
                time.sleep(0.01)
            return msvcrt.getwch()

else:
    import os
    import select
    import termios
    import tty

    class _PosixKeys:
        """Waits for a byte of the terminal."""

        def __init__(self, terminal: TextIO) -> None:
            self._handle = terminal.fileno()

        def poll(self, timeout_s: float) -> str | None:
            readable, _, _ = select.select([self._handle], [], [], timeout_s)
            if not readable:
                return None
            typed = os.read(self._handle, 1)
            if not typed:  # hung up: readable for ever, with nothing to read
                time.sleep(timeout_s)
            return typed.decode("ascii", "ignore") or None

    def _is_in_foreground(terminal: TextIO) -> bool:
        """A job in the background would be stopped for touching its terminal."""
        try:
            return os.tcgetpgrp(terminal.fileno()) == os.getpgrp()
        except OSError:
            return False

    @contextmanager
    def _without_enter(terminal: TextIO) -> Iterator[None]:
        before = termios.tcgetattr(terminal)
        tty.setcbreak(terminal)  # Ctrl-C still interrupts
        try:
            yield
        finally:
            termios.tcsetattr(terminal, termios.TCSADRAIN, before)
