"""Items pass between threads whole, in order and bounded; errors come out where one waits."""

import threading
import time
from collections.abc import Iterator

import pytest

from stream.files.bounded_queue import Behind, ahead


def test_everything_arrives_in_order() -> None:
    assert list(ahead(iter(range(100)), depth=3)) == list(range(100))


def test_the_maker_runs_ahead_but_not_far() -> None:
    made: list[int] = []

    def items() -> Iterator[int]:
        for number in range(50):
            made.append(number)
            yield number

    taken = ahead(items(), depth=4)
    next(taken)
    time.sleep(0.3)
    assert 2 <= len(made) <= 6  # one taken, four waiting, one in hand
    taken.close()


def test_the_makers_error_comes_after_the_items_before_it() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise OSError("gone")

    taken = ahead(items())
    assert next(taken) == 1
    with pytest.raises(OSError, match="gone"):
        next(taken)


def test_closing_early_ends_the_thread() -> None:
    before = threading.active_count()
    taken = ahead(iter(range(1000)), depth=2)
    next(taken)
    taken.close()
    assert threading.active_count() == before


def test_the_taker_gets_everything_in_order() -> None:
    taken: list[int] = []
    with Behind(taken.append, depth=3) as behind:
        for number in range(100):
            behind.put(number)
    assert taken == list(range(100))


def test_putting_waits_for_a_slow_taker() -> None:
    taken: list[int] = []

    def take(number: int) -> None:
        time.sleep(0.02)
        taken.append(number)

    with Behind(take, depth=2) as behind:
        for number in range(10):
            behind.put(number)
            assert number - len(taken) <= 3  # two waiting, one in hand
    assert len(taken) == 10


def test_the_takers_error_is_raised_by_a_later_put() -> None:
    def take(number: int) -> None:
        raise OSError(f"no room for {number}")

    def give() -> None:
        with Behind(take, depth=1) as behind:
            for number in range(1000):
                behind.put(number)

    with pytest.raises(OSError, match="no room for 0"):
        give()


def test_the_takers_error_on_the_last_item_is_raised_at_the_end() -> None:
    def take(number: int) -> None:
        time.sleep(0.05)
        raise OSError("no room")

    with pytest.raises(OSError, match="no room"), Behind(take) as behind:
        behind.put(1)


def test_an_error_of_the_giver_drops_what_waits() -> None:
    taken: list[int] = []

    def take(number: int) -> None:
        time.sleep(0.05)
        taken.append(number)

    def give() -> None:
        with Behind(take, depth=8) as behind:
            for number in range(8):
                behind.put(number)
            raise KeyError

    with pytest.raises(KeyError):
        give()
    assert len(taken) < 8
