"""Bounded hand-over between threads, for files: every item passes, in order, and none piles up.

Live streams use `engine.slot` instead, where the newest item wins.
"""

import queue
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Event
from types import TracebackType
from typing import Generic, Self, TypeVar

T = TypeVar("T")

DEPTH = 8
"""Items that may wait: enough to even out key frames, 8 MB of pictures at 512 x 512."""
LOOK_UP_S = 0.1
"""How often a thread that waits looks whether the other side has ended."""


class _End:
    """Comes after the last item."""


def ahead(items: Iterable[T], depth: int = DEPTH) -> Generator[T]:
    """The same items, made by a thread that works ahead; its error is raised here, in its place."""
    waiting: queue.Queue[T | _End] = queue.Queue(depth)
    unwanted = Event()

    def make() -> None:
        try:
            for item in items:
                if not _put(waiting, item, unless=unwanted):
                    return
        finally:
            _put(waiting, _End(), unless=unwanted)

    with ThreadPoolExecutor(1, thread_name_prefix="ahead") as pool:
        maker = pool.submit(make)
        try:
            while not isinstance(item := waiting.get(), _End):
                yield item
        finally:
            unwanted.set()
        maker.result()


class Behind(Generic[T]):
    """Hands items to `take` in a thread of its own; its error is raised by `put` or at the end.

    Leaving the `with` block waits for the last item; leaving it with an error drops what waits.
    """

    def __init__(self, take: Callable[[T], None], depth: int = DEPTH) -> None:
        self._take = take
        self._waiting: queue.Queue[T | _End] = queue.Queue(depth)
        self._unwanted = Event()
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="behind")
        self._taker = self._pool.submit(self._work)

    def put(self, item: T) -> None:
        """Hand over one item; waits while too many are waiting already."""
        if not _put(self._waiting, item, unless=self._unwanted):
            self._taker.result()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is not None:
            self._unwanted.set()
        _put(self._waiting, _End(), unless=self._unwanted)
        self._pool.shutdown()
        if kind is None:
            self._taker.result()

    def _work(self) -> None:
        try:
            while not self._unwanted.is_set():
                with suppress(queue.Empty):
                    item = self._waiting.get(timeout=LOOK_UP_S)
                    if isinstance(item, _End):
                        return
                    self._take(item)
        finally:
            self._unwanted.set()


def _put(waiting: "queue.Queue[T | _End]", item: T | _End, *, unless: Event) -> bool:
    """Put in an item as soon as there is room; False where nobody wants it any more."""
    while not unless.is_set():
        with suppress(queue.Full):
            waiting.put(item, timeout=LOOK_UP_S)
            return True
    return False
