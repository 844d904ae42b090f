"""Notes on the terminal: the reason, one line, no key, no control character, never a flood."""

import io
import logging
from collections.abc import Iterator

import pytest
from rich.console import Console

from stream.cli.notes import LONGEST, MOST_LINES, WITHIN_S, Notes
from stream.server.tokens import keep_secret, new_key

logger = logging.getLogger("tests.notes")


class Terminal:
    """What stands on a terminal, and its clock."""

    def __init__(self) -> None:
        self.written = io.StringIO()
        self.now_s = 0.0
        console = Console(file=self.written, width=60)
        self.notes = Notes(console, lambda: self.now_s)

    @property
    def lines(self) -> list[str]:
        return self.written.getvalue().split("\n")[:-1]


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    made = Terminal()
    logger.addHandler(made.notes)
    logger.propagate = False
    yield made
    logger.removeHandler(made.notes)
    logger.propagate = True


def failing(error: Exception) -> None:
    try:
        raise error
    except type(error):
        logger.exception("a step failed")


def test_a_note_names_the_exception_its_place_and_its_reason(terminal: Terminal) -> None:
    failing(ZeroDivisionError("the model failed"))
    (line,) = terminal.lines
    assert line.startswith("note: a step failed: ZeroDivisionError (test_stream_cli_notes.py:")
    assert line.endswith("): the model failed")


def test_an_exception_without_words_is_named(terminal: Terminal) -> None:
    failing(StopIteration())
    assert terminal.lines[0].endswith(")")
    assert "StopIteration" in terminal.lines[0]


@pytest.mark.parametrize(
    "sign", ["\n", "\r", "\x1b", "\x07", "\x00", "\x85", "\u2028", "\u202e", "\udcff", "\x9b"]
)
def test_a_control_character_is_written_out(terminal: Terminal, sign: str) -> None:
    logger.warning("%s is no address", f"/a{sign}note: all is well")
    failing(ValueError(f"got {sign}"))
    assert len(terminal.lines) == 2
    assert sign not in "".join(terminal.lines)
    assert all("\\" in line for line in terminal.lines)


def test_no_key_is_shown_whole(terminal: Terminal) -> None:
    session, token = new_key(), "a-token-that-the-user-chose"
    keep_secret(token)
    logger.warning("/whep/%s failed for %s", session, token)
    failing(FileNotFoundError(2, "No such file", f"/tmp/{session}.mp4"))
    text = terminal.written.getvalue()
    assert session not in text
    assert token not in text
    assert session[:4] in text


def test_the_token_is_shown_no_more_however_many_keys_came_after_it(terminal: Terminal) -> None:
    token = "a-token-that-many-keys-follow"
    keep_secret(token, lasts=True)
    for _ in range(10_001):
        new_key()
    logger.warning("a request for %s failed", token)
    assert token not in terminal.written.getvalue()


def test_a_flood_of_one_place_is_counted_instead_of_shown(terminal: Terminal) -> None:
    for number in range(1000):
        logger.warning("packet %d cannot be decoded", number)
    logger.warning("something else")
    assert len(terminal.lines) == MOST_LINES + 1
    assert terminal.lines[-1] == "note: something else"


def test_what_was_left_out_is_told(terminal: Terminal) -> None:
    def complain() -> None:
        logger.warning("garbage")

    for _ in range(MOST_LINES + 7):
        complain()
    terminal.now_s += WITHIN_S
    complain()
    assert terminal.lines[-1] == "note: garbage (7 more like it before)"
    for _ in range(MOST_LINES + 1):
        complain()
    terminal.notes.close()
    assert terminal.lines[-1] == "note: 2 more notes like these were left out"


def test_a_line_has_an_end(terminal: Terminal) -> None:
    logger.warning("/%s", "A" * 100_000)
    assert len(terminal.lines[0]) < LONGEST + 20
