"""Finished recordings whose session has ended: kept for a while, for whoever comes to fetch them.

A connection that breaks ends its session; what was recorded must not go with it.
"""

import time
from collections.abc import Callable
from pathlib import Path

KEPT_S = 15 * 60.0
MOST_KEPT = 8


class Recordings:
    """Files by session id; the oldest leaves where there are too many, each after a while."""

    def __init__(self, now_s: Callable[[], float] = time.monotonic) -> None:
        self._now_s = now_s
        self._kept: dict[str, tuple[Path, float]] = {}

    def keep(self, session_id: str, path: Path) -> None:
        """Take over a file."""
        self._kept[session_id] = (path, self._now_s() + KEPT_S)
        self.tidy()

    def find(self, session_id: str) -> Path | None:
        """The recording of a session that has ended."""
        self.tidy()
        kept = self._kept.get(session_id)
        return None if kept is None else kept[0]

    def tidy(self) -> None:
        """Delete what is too old, or too much."""
        now_s = self._now_s()
        excess = len(self._kept) - MOST_KEPT
        for count, (session_id, (path, until_s)) in enumerate(tuple(self._kept.items())):
            if until_s <= now_s or count < excess:
                del self._kept[session_id]
                path.unlink(missing_ok=True)
