"""One producer, any number of consumers, each with a slot of its own that holds the newest item."""

from collections.abc import Callable
from typing import Generic, TypeVar

from engine.slot import LatestSlot

T = TypeVar("T")


class FanOut(Generic[T]):
    """Filled by one thread; consumers come and go in others."""

    def __init__(self) -> None:
        self._slots: tuple[LatestSlot[T], ...] = ()

    def put(self, item: T) -> None:
        """Give everybody the item. Never blocks."""
        for slot in self._slots:
            slot.put(item)

    def subscribe(self, on_put: Callable[[], None] | None = None) -> LatestSlot[T]:
        """A slot of one more consumer; `on_put` is called by the producer's thread."""
        slot: LatestSlot[T] = LatestSlot(on_put)
        self._slots = (*self._slots, slot)
        return slot

    def unsubscribe(self, slot: LatestSlot[T]) -> None:
        """Fill this slot no more, and close it."""
        self._slots = tuple(other for other in self._slots if other is not slot)
        slot.close()

    def close(self) -> None:
        """Nothing more will come: wake whoever waits."""
        for slot in self._slots:
            slot.close()
