"""SECURITY.md names tests for each line, and all of them are there."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
FILE, NAME = re.compile(r"`(test_\w+\.py)`"), re.compile(r"`(test_\w+)`")


def lines() -> list[str]:
    """The rows of the table of promises."""
    text = (ROOT / "SECURITY.md").read_text("utf-8")
    _, _, promised = text.partition("## What is promised")
    table, _, _ = promised.partition("\n## ")
    rows = [line for line in table.splitlines() if line.startswith("|")]
    return rows[2:]


def test_each_line_of_the_checklist_has_tests_that_are_there() -> None:
    rows = lines()
    assert len(rows) >= 17
    for row in rows:
        found = FILE.split(row)[1:]
        assert found, row
        for file, rest in zip(found[::2], found[1::2], strict=True):
            text = (ROOT / "tests" / file).read_text("utf-8")
            for name in NAME.findall(rest):
                assert f"def {name}(" in text, f"{file} has no {name}"


def test_no_row_of_the_list_was_left_out() -> None:
    numbers = {int(row.split("|")[1]) for row in lines() if row.split("|")[1].strip()}
    assert numbers == {*range(1, 13), 15, 17}
