"""Batches of many sessions: fair, never late with an old frame, never larger than allowed."""

import pytest

from engine.dpe.gpu.batch import Batcher


def test_a_batch_is_what_waits_in_order_of_arrival_up_to_the_limit() -> None:
    batcher = Batcher[str](3)
    for session in (4, 1, 3, 2):
        batcher.put(session, f"frame of {session}")
    assert batcher.take() == [(4, "frame of 4"), (1, "frame of 1"), (3, "frame of 3")]
    assert batcher.take() == [(2, "frame of 2")]
    assert batcher.take() == []


def test_a_newer_frame_replaces_an_older_one() -> None:
    batcher = Batcher[int](2)
    for session, frame in ((1, 10), (2, 20), (3, 30), (1, 11)):
        batcher.put(session, frame)
    assert batcher.dropped == 1
    assert batcher.take() == [(1, 11), (2, 20)]


def test_in_overload_everybody_is_served_alike() -> None:
    batcher = Batcher[int](8)
    served = dict.fromkeys(range(20), 0)
    for frame in range(100):  # twenty frames come for every eight that are taken
        for session in served:
            batcher.put(session, frame)
        for session, taken in batcher.take():
            assert frame - taken == 0
            served[session] += 1
    assert max(served.values()) - min(served.values()) <= 1
    assert len(batcher) <= 20


def test_a_session_that_ended_is_not_served() -> None:
    batcher = Batcher[int](8)
    batcher.put(1, 1)
    batcher.forget(1)
    batcher.forget(2)
    assert batcher.take() == []
    with pytest.raises(ValueError, match="at least 1"):
        Batcher(0)
