"""The portraits that browsers brought, or filmed: each its browser session's alone, in memory only.

They are forgotten when the browser deletes them, and a while after it was heard of last. Where
there are too many, whoever has most of them loses the oldest, and never somebody who has fewer.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from stream.server.busy import BusyError
from stream.server.portrait_list import Item

MOST = 32
"""Portraits in all, of up to 12 MB each."""
MOST_EACH = 12
FORGOTTEN_AFTER_S = 15 * 60.0
"""An open page asks for its portraits every few minutes."""
MOST_ARRIVING = 16
"""Files that are being received and opened, of up to 10 MB each."""
MOST_ARRIVING_EACH = 4
"""Of one browser session, or of all programs: whoever sends many keeps only themselves waiting."""


class Uploads:
    """Own portraits by browser session. Changed by one event loop.

    A program that keeps no cookie is no browser session: its portraits are in no list, and their
    ids, which nobody guesses, are all that finds them.
    """

    def __init__(self, now_s: Callable[[], float] = time.monotonic) -> None:
        self._now_s = now_s
        self._items: dict[str, tuple[Item, str | None]] = {}
        self._seen_s: dict[str | None, float] = {}
        self._arriving: Counter[str | None] = Counter()

    def of(self, browser: str | None) -> list[Item]:
        """The portraits that this browser brought, in its order."""
        self._see(browser)
        if browser is None:
            return []
        return [item for item, owner in self._items.values() if owner == browser]

    def find(self, portrait_id: str, browser: str | None) -> Item | None:
        """A portrait, for whoever brought it."""
        self._see(browser)
        item, owner = self._items.get(portrait_id, (None, None))
        if item is not None and owner is None:
            self._seen_s[None] = self._now_s()
        return item if owner in (None, browser) else None

    def add(self, item: Item, browser: str | None) -> None:
        """Keep one."""
        own = [each for each, (_, owner) in self._items.items() if owner == browser]
        if len(own) >= MOST_EACH:
            self._forget(own[0])
        elif len(self._items) >= MOST:
            self._forget(self._most_had())
        self._items[item.id] = (item, browser)
        self._seen_s[browser] = self._now_s()

    def replace(self, item: Item, browser: str | None) -> bool:
        """Keep another in place of the one with its id; False where this browser has none such."""
        if self.find(item.id, browser) is None:
            return False
        _, owner = self._items[item.id]
        self._items[item.id] = (item, owner)
        return True

    def remove(self, portrait_id: str, browser: str | None) -> bool:
        """Forget one; False where this browser has no such portrait."""
        if self.find(portrait_id, browser) is None:
            return False
        self._forget(portrait_id)
        return True

    def tidy(self) -> None:
        """Forget what belongs to browsers that have not been heard of for a while."""
        before_s = self._now_s() - FORGOTTEN_AFTER_S
        gone = {owner for owner, seen_s in self._seen_s.items() if seen_s < before_s}
        for portrait_id, (_, owner) in tuple(self._items.items()):
            if owner in gone:
                self._forget(portrait_id)

    @contextmanager
    def arriving(self, browser: str | None) -> Iterator[None]:
        """One file of this browser is received and opened for the length of the block."""
        if self._arriving.total() >= MOST_ARRIVING or self._arriving[browser] >= MOST_ARRIVING_EACH:
            raise BusyError("many portraits are being sent: try again in a moment")
        self._arriving[browser] += 1
        try:
            yield
        finally:
            self._arriving[browser] -= 1
            self._arriving += Counter()  # forgets who has none

    def _see(self, browser: str | None) -> None:
        if browser in self._seen_s and browser is not None:
            self._seen_s[browser] = self._now_s()

    def _most_had(self) -> str:
        """The oldest portrait of whoever has most, and of these was heard of least lately."""
        owners = [owner for _, owner in self._items.values()]
        most = max(owners, key=lambda owner: (owners.count(owner), -self._seen_s[owner]))
        return next(each for each, (_, owner) in self._items.items() if owner == most)

    def _forget(self, portrait_id: str) -> None:
        _, owner = self._items.pop(portrait_id)
        if all(other != owner for _, other in self._items.values()):
            del self._seen_s[owner]
