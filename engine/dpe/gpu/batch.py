"""Which sessions' frames make up the next batch: whatever waits, the longest unserved first.

Greedy: a batch leaves as soon as the GPU can take one, with what is there. To wait for more would
cost each frame the wait and gain nothing but idle time (measured in a simulation; docs/gpu.md). In
overload a session's older frame is replaced by its newer one, so nothing queues. Numbers only: it
owns no thread, no clock and no GPU.
"""

from typing import Generic, TypeVar

FrameT = TypeVar("FrameT")


class Batcher(Generic[FrameT]):
    """One frame per session at most; belongs to one thread, or is guarded by its owner."""

    def __init__(self, largest: int) -> None:
        """`largest` is the most frames of a batch."""
        if largest < 1:
            raise ValueError(f"largest must be at least 1, got {largest}")
        self.largest = largest
        self.dropped = 0
        """Frames that were replaced by a newer one of their session."""
        self._waiting: dict[int, FrameT] = {}  # a dict keeps the order of insertion
        self._served_at: dict[int, int] = {}
        self._served = 0

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, session: int, frame: FrameT) -> None:
        """Let a session's frame wait; one that waited already is dropped."""
        self.dropped += session in self._waiting
        self._waiting[session] = frame

    def forget(self, session: int) -> None:
        """Drop what is known of a session that has ended."""
        self._waiting.pop(session, None)
        self._served_at.pop(session, None)

    def take(self) -> list[tuple[int, FrameT]]:
        """The next batch: session and frame of up to `largest`; empty where none waits.

        In turn, not by arrival: sessions whose cameras tick together would else always wait in the
        same order, and some would be served half as often as others.
        """
        line = sorted(self._waiting, key=lambda session: self._served_at.get(session, 0))
        batch = line[: self.largest]
        for session in batch:
            self._served += 1
            self._served_at[session] = self._served
        return [(session, self._waiting.pop(session)) for session in batch]
