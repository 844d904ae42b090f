"""docs/papers.md sends readers to files and tests that exist; the README's head shows its clip."""

import ast
import importlib
import re
from pathlib import Path

import pytest
from PIL import Image

ROOT = Path(__file__).parents[1]
PAPERS = (ROOT / "docs" / "papers.md").read_text()
FILES = ("engine", "export", "stream", "training", "benchmarks", "tests")

NAMED = sorted(set(re.findall(rf"`((?:{'|'.join(FILES)})/[^`\s]+)`", PAPERS)))
"""Files, and tests as pytest writes them."""
LINKED = sorted(set(re.findall(r"\]\(([^)#:]+)\)", PAPERS)))


def _tests_of(path: Path) -> set[str]:
    return {
        node.name for node in ast.parse(path.read_text()).body if isinstance(node, ast.FunctionDef)
    }


@pytest.mark.parametrize("name", NAMED)
def test_what_is_named_exists(name: str) -> None:
    file, _, test = name.partition("::")
    assert (ROOT / file).is_file()
    assert not test or test in _tests_of(ROOT / file)


def test_what_is_linked_exists() -> None:
    assert LINKED
    assert [link for link in LINKED if not (ROOT / "docs" / link).is_file()] == []


def test_every_row_says_where_it_is_or_that_it_is_not_yet() -> None:
    networks, training, commands, release, _ = PAPERS.split("\n## ")[1:]
    for section in (networks, training, commands, release):
        rows = [line for line in section.splitlines() if line.startswith("| ")]
        assert rows
        for row in rows[1:]:
            answer = row.split("|")[2]
            assert "not yet" in answer or "`" in answer or "--" in answer, row


def test_the_readme_begins_with_ten_seconds_of_small_moving_heads() -> None:
    head = "\n".join((ROOT / "README.md").read_text().splitlines()[:25])
    [name] = re.findall(r"\]\((docs/[^)]+\.webp)\)", head)
    assert (ROOT / name).stat().st_size < 2_000_000
    with Image.open(ROOT / name) as clip:
        lasted_ms = 0
        for index in range(getattr(clip, "n_frames", 1)):
            clip.seek(index)
            clip.load()
            lasted_ms += clip.info["duration"]
        assert 320 <= clip.height <= 400
    assert 9_500 < lasted_ms < 10_500


@pytest.mark.parametrize(
    "door", sorted(set(re.findall(r"`((?:engine|stream)(?:\.\w+)+)`", PAPERS)))
)
def test_a_door_that_is_named_opens(door: str) -> None:
    module, _, name = door.rpartition(".")
    assert hasattr(importlib.import_module(module), name)
