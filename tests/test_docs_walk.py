"""docs/walk.md leads through files that exist, and says where new things go."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
WALK = (ROOT / "docs" / "walk.md").read_text()
NOT_YET = WALK.index("Rooms that are not there yet")
NAMED = sorted(set(re.findall(r"`((?:engine|stream)/[^`]*)`", WALK[:NOT_YET])))


@pytest.mark.parametrize("name", [name for name in NAMED if "NAME" not in name])
def test_what_the_walk_names_exists(name: str) -> None:
    assert (ROOT / name).exists()


def test_the_walk_is_ten_files_in_their_order_and_its_picture_shows_them() -> None:
    steps = re.findall(r"^(\d+)\. `[\w/]+/(\w+)\.py`", WALK, re.MULTILINE)
    assert [int(number) for number, _ in steps] == list(range(1, 11))
    assert (ROOT / "docs" / "walk.svg").is_file()


def test_rooms_that_are_called_missing_are_missing() -> None:
    rooms = re.findall(r"`((?:engine|stream)/[\w/]+/)`", WALK[NOT_YET:])
    assert rooms
    assert [room for room in rooms if (ROOT / room).exists()] == []
