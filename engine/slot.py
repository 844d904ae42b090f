"""One slot between two threads: the newest item wins, an unread one is dropped and counted.

A live stream wants the newest frame, not every frame. A queue would turn one slow step into lag
that never goes away; this turns it into one lost frame.
"""

from collections.abc import Callable
from threading import Condition
from typing import Generic, TypeVar

T = TypeVar("T")


class LatestSlot(Generic[T]):
    """Holds at most one item. Any thread may put, one thread takes."""

    def __init__(self, on_put: Callable[[], None] | None = None) -> None:
        """Make an empty slot; `on_put` is called after each put, in the thread that put.

        It is for takers that cannot wait in a thread, such as an event loop
        (`lambda: loop.call_soon_threadsafe(event.set)`); it must return at once.
        """
        self.dropped = 0
        """Items that were replaced before anybody took them."""
        self._on_put = on_put
        self._changed = Condition()
        self._item: T | None = None
        self._is_closed = False

    @property
    def is_closed(self) -> bool:
        """Whether nothing more can come."""
        return self._is_closed

    def put(self, item: T) -> None:
        """Leave an item. Never blocks; into a closed slot it does nothing."""
        with self._changed:
            if self._is_closed:
                return
            if self._item is not None:
                self.dropped += 1
            self._item = item
            self._changed.notify()
        if self._on_put is not None:
            self._on_put()

    def take(self, timeout_s: float | None = 0.0) -> T | None:
        """The newest item, which then is gone; None where none came in time.

        Waits up to `timeout_s`, for ever where that is None, and not at all once it is closed.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._item is not None or self._is_closed, timeout_s)
            item, self._item = self._item, None
            return item

    def close(self) -> None:
        """Drop what is left, and wake whoever waits."""
        with self._changed:
            self._is_closed = True
            self._item = None
            self._changed.notify_all()
