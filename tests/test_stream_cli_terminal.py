"""What signals mean to a command that works."""

import signal
from threading import Event

import pytest

from stream.cli.terminal import stop_on_signals


@pytest.mark.parametrize("first", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_request_to_terminate_that_comes_twice_is_one_request(first: signal.Signals) -> None:
    with stop_on_signals() as stop:
        for number in (first, signal.SIGTERM, signal.SIGTERM):
            signal.raise_signal(number)
        assert stop.is_set()


def test_a_signal_within_the_first_ones_handler_does_not_wait_for_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """`Event.set` holds a lock; a handler that is interrupted in it and sets again never ends."""
    asked = 0

    class Interrupted(Event):
        def set(self) -> None:
            nonlocal asked
            asked += 1
            assert asked == 1, "would wait for the lock that it holds"
            signal.raise_signal(signal.SIGTERM)
            super().set()

    monkeypatch.setattr("stream.cli.terminal.Event", Interrupted)
    with stop_on_signals() as stop:
        signal.raise_signal(signal.SIGTERM)
        assert stop.is_set()


def test_ctrl_c_after_a_request_breaks_off() -> None:
    with stop_on_signals() as stop:
        signal.raise_signal(signal.SIGTERM)
        assert stop.is_set()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
