"""The newest item wins, what is lost is counted, and nobody waits for ever."""

import time
from concurrent.futures import ThreadPoolExecutor
from threading import Event

from engine.slot import LatestSlot


def test_the_newest_item_replaces_an_unread_one_and_is_counted() -> None:
    slot: LatestSlot[int] = LatestSlot()
    for item in range(5):
        slot.put(item)
    assert (slot.take(), slot.take(), slot.dropped) == (4, None, 4)


def test_an_item_is_taken_once() -> None:
    slot: LatestSlot[str] = LatestSlot()
    slot.put("one")
    assert (slot.take(), slot.take()) == ("one", None)


def test_a_taker_that_waits_gets_the_item_that_comes() -> None:
    slot: LatestSlot[str] = LatestSlot()
    with ThreadPoolExecutor(1) as pool:
        taken = pool.submit(slot.take, 5.0)
        slot.put("late")
        assert taken.result(5.0) == "late"


def test_a_taker_that_waits_in_vain_gets_nothing() -> None:
    began = time.monotonic()
    assert LatestSlot[int]().take(0.02) is None
    assert time.monotonic() - began >= 0.02


def test_closing_wakes_who_waits_and_refuses_what_comes_later() -> None:
    slot: LatestSlot[str] = LatestSlot()
    with ThreadPoolExecutor(1) as pool:
        taken = pool.submit(slot.take, None)
        slot.close()
        assert taken.result(5.0) is None
    slot.put("too late")
    assert slot.take() is None
    assert slot.dropped == 0


def test_every_put_is_told() -> None:
    told = Event()
    slot: LatestSlot[int] = LatestSlot(told.set)
    slot.put(1)
    assert told.is_set()
