"""Recordings on the server's disk, until whoever made them has saved them.

A page that is reloaded, a connection that breaks and a server that ends must not take a recording
along. So the disk is the only list of them: each run has a folder, whose lock tells a run that goes
on from one that is over, and the next server takes over what the last one left. A file is found by
the id of its session, which its name does not give away.
"""

import hashlib
import logging
import os
import re
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from pathlib import Path
from tempfile import mkdtemp

from filelock import lock_descriptor

from engine.errors import OutputError
from stream.files.growing_file import MARK, is_playable

logger = logging.getLogger(__name__)

KEPT_S = 24 * 3600.0
"""Of a server that runs: time enough to come back for it. The next start begins to count anew."""
SAVED_KEPT_S = 15 * 60.0
"""After it was fetched whole, should the browser have lost it."""
MOST_KEPT = 32
LOCK = ".lock"
SAVED = ".saved"
NAMED = re.compile(r"understudy .* ([0-9a-f]{16})-(\d+)\.mp4")


@dataclass(slots=True)
class Kept:
    """A finished recording."""

    path: Path
    until_s: float
    is_saved: bool = False
    """Whether it was fetched whole."""


class Recordings:
    """Finished recordings by session and number, counted from 1."""

    def __init__(self, now_s: Callable[[], float] = time.monotonic) -> None:
        self.folder: Path | None = None
        """Of this run, for new ones; None as long as `open` did not make it."""
        self._now_s = now_s
        self._kept: dict[tuple[str, int], Kept] = {}
        self._locks: dict[Path, int] = {}  # folder -> its open lock

    def open(self, parent: Path) -> None:
        """Make this run's folder there, and take over what earlier runs left.

        Raises:
            OSError: recordings cannot be kept there.
        """
        parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        for folder in sorted(path for path in parent.iterdir() if (path / LOCK).is_file()):
            if self._lock(folder):
                self._take_over(folder)
        left = self.not_saved()
        if left:
            logger.warning(
                "%d recording(s) of an earlier run were not saved: the page that made them offers "
                "them again, and they are in %s",
                len(left),
                _folders(left),
            )
        started = datetime.now().astimezone()
        folder = Path(mkdtemp(prefix=f"{started:%Y-%m-%d %H-%M-%S} ", dir=parent))
        self._lock(folder)
        self.folder = folder

    def place(self, session_id: str, number: int) -> Path:
        """Where a new one goes."""
        if self.folder is None:
            raise OutputError("this server cannot keep recordings: its log says why")
        moment = datetime.now().astimezone()
        name = f"understudy {moment:%Y-%m-%d %H-%M-%S} {_digest(session_id)}-{number}.mp4"
        return self.folder / name

    def keep(self, session_id: str, path: Path, number: int = 1) -> None:
        """Take over a file."""
        self._kept[_digest(session_id), number] = Kept(path, self._now_s() + KEPT_S)
        self.tidy()

    def find(self, session_id: str, number: int | None = None) -> Path | None:
        """One of a session, also of one that has ended: the last, or that with this number."""
        found = self._find(session_id, number)
        return None if found is None else self._kept[found].path

    def saved(self, session_id: str, number: int | None = None) -> None:
        """It was fetched whole: from now on it is kept for a short while only."""
        found = self._find(session_id, number)
        if found is not None:
            kept = self._kept[found]
            if not kept.is_saved:
                kept.is_saved = True
                # For the next run, should this one be killed.
                kept.path = kept.path.rename(kept.path.with_suffix(SAVED + kept.path.suffix))
            kept.until_s = min(kept.until_s, self._now_s() + SAVED_KEPT_S)

    def delete(self, session_id: str, number: int | None = None) -> bool:
        """Whoever made it does not want it; False where there is none."""
        found = self._find(session_id, number)
        if found is None:
            return False
        self._kept.pop(found).path.unlink(missing_ok=True)
        return True

    def tidy(self) -> None:
        """Delete what is too old, or too much: the oldest first, saved ones before others."""
        now_s = self._now_s()
        excess = len(self._kept) - MOST_KEPT
        by_worth = sorted(self._kept, key=lambda key: not self._kept[key].is_saved)
        for rank, key in enumerate(by_worth):
            if self._kept[key].until_s <= now_s or rank < excess:
                self._kept.pop(key).path.unlink(missing_ok=True)

    def not_saved(self) -> list[Path]:
        """What nobody has fetched yet."""
        return [kept.path for kept in self._kept.values() if not kept.is_saved]

    def close(self) -> None:
        """Delete what was saved, say where the rest is, and leave it to the next server."""
        left = self.not_saved()
        for kept in self._kept.values():
            if kept.is_saved:
                kept.path.unlink(missing_ok=True)
        self._kept.clear()
        if left:
            logger.warning("%d recording(s) were not saved: %s", len(left), _folders(left))
        for folder, lock in self._locks.items():
            with suppress(OSError):
                if list(folder.iterdir()) == [folder / LOCK]:
                    (folder / LOCK).unlink()
                    folder.rmdir()
            os.close(lock)
        self._locks.clear()

    def _find(self, session_id: str, number: int | None) -> tuple[str, int] | None:
        self.tidy()
        digest = _digest(session_id)
        numbers = [held for owner, held in self._kept if owner == digest and number in (None, held)]
        return (digest, max(numbers)) if numbers else None

    def _lock(self, folder: Path) -> bool:
        """Whether this run owns the folder now."""
        lock = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        if not lock_descriptor(lock, blocking=False):
            os.close(lock)
            return False
        self._locks[folder] = lock
        return True

    def _take_over(self, folder: Path) -> None:
        """Keep what can be played, under its name; delete the rest of a run that broke off."""
        for path in sorted(folder.glob("understudy *.mp4")):
            if path.stem.endswith(SAVED) or not is_playable(path):
                path.unlink(missing_ok=True)
                continue
            whole = _free(path) if MARK in path.name else path
            path.rename(whole)
            if named := NAMED.fullmatch(whole.name):
                self._kept[named[1], int(named[2])] = Kept(whole, self._now_s() + KEPT_S)


def _free(path: Path) -> Path:
    """The name without the mark of the unfinished."""
    stem = path.name.partition(MARK)[0]
    names = (path.with_name(f"{stem}{'' if n == 1 else f' {n}'}{path.suffix}") for n in count(1))
    return next(name for name in names if not name.exists())


def _digest(session_id: str) -> str:
    """For names of files: who reads them must not be able to fetch them."""
    return hashlib.sha256(session_id.encode(errors="replace")).hexdigest()[:16]


def _folders(paths: list[Path]) -> str:
    return ", ".join(sorted({str(path.parent) for path in paths}))
