"""A clip on its way: beside its name while it grows, under its name once it is complete.

Meanwhile it is `NAME.unfinished.mp4`, which plays up to its last second: what a killed program
leaves behind is not lost. A lock on the open file tells one that grows from one that was left.
"""

import errno
import io
import logging
import os
import re
import struct
import time
from collections.abc import Iterator
from contextlib import suppress
from itertools import count
from pathlib import Path

import av
from filelock import lock_descriptor

from stream.files import faults

logger = logging.getLogger(__name__)

MARK = ".unfinished"
NAMED = re.compile(rf".*{re.escape(MARK)}(-\d+)?\.(mp4|mov|mkv)", re.IGNORECASE | re.DOTALL)
PARTS = re.compile(r"\..+\.(mp4|mov|mkv|npz|portrait)\.(\d+)\.part", re.IGNORECASE | re.DOTALL)
"""Files of a motion recording or a portrait on their last step, and of clips of earlier versions;
nothing of them can be read."""
PART_IS_OLD_S = 60.0
LONGEST_NAME = 255
"""Bytes, where the system does not say."""
BOXED = (".mp4", ".mov")
LARGEST_HEAD = 4096
"""Bytes: what a clip has before its first picture. A file without pictures that is larger may be
somebody else's."""
HEADS = (b"ftyp", b"\x1a\x45\xdf\xa3")
"""How MP4 and Matroska begin."""


class GrowingFile:
    """What FFmpeg writes into; then `finish`, `keep` or `discard`."""

    def __init__(self, path: Path) -> None:
        """Begin; `path` is the name it will have.

        Raises:
            OSError: it cannot be made.
        """
        self.path = path
        self.place = path
        """Where it is now."""
        self._failure: OSError | None = None
        self._is_settled = False
        self._file = self._made()

    def write(self, data: bytes) -> int:
        """Append all of it.

        After an error nothing more: the head would promise what could not be written.
        """
        if self._failure is not None:
            raise self._failure
        left = memoryview(data)
        try:
            if faults.happens("disk.full"):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            while left:
                left = left[self._file.write(left) :]
        except OSError as error:
            self._failure = error
            raise
        return len(data)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a place in the file."""
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        """The place in the file."""
        return self._file.tell()

    def finish(self) -> None:
        """Give the complete file its name."""
        os.fsync(self._file.fileno())
        self._file.close()
        self.place.replace(self.path)
        self._is_settled = True

    def keep(self) -> bool:
        """Leave it where it is, as far as it came; False where it shows nothing, and is gone."""
        if self.place.suffix.lower() in BOXED:
            with suppress(OSError):
                self._file.truncate(_end_of_boxes(self._file))
        self._file.close()
        self._is_settled = is_playable(self.place)
        self.discard()
        return self._is_settled

    def discard(self) -> None:
        """Leave nothing behind, unless it was finished or kept."""
        self._file.close()
        if not self._is_settled:
            self.place.unlink(missing_ok=True)

    def _made(self) -> io.FileIO:
        for number in count(1):
            self.place = _unfinished(self.path, number)
            try:
                file = io.FileIO(self.place, "x+")
            except FileExistsError:
                continue  # of another run, going on or broken off
            with suppress(OSError):  # a file system without locks
                lock_descriptor(file.fileno(), blocking=False)
            if os.fstat(file.fileno()).st_nlink:
                return file
            file.close()  # taken for a leftover before it was locked
        raise AssertionError


def left_behind(folder: Path) -> Iterator[Path]:
    """Clips that a run which broke off left here; those without a picture are deleted.

    Only files that this program made and nobody writes to.
    """
    names = list(folder.iterdir())
    for path in names:
        if (part := PARTS.fullmatch(path.name)) and _is_dead(path, int(part[2])):
            path.unlink(missing_ok=True)
    for path in sorted(path for path in names if NAMED.fullmatch(path.name)):
        try:
            with path.open("r+b") as file:
                if not _is_ours(file.read(12)):
                    continue
                if not lock_descriptor(file.fileno(), blocking=False):
                    continue  # it grows
                if is_playable(path):
                    yield path
                elif path.stat().st_size <= LARGEST_HEAD:
                    path.unlink()
        except OSError:
            continue  # gone meanwhile, or not ours to touch


def tell_left_behind(folder: Path) -> None:
    """Say where such clips are, so that nobody thinks them lost."""
    with suppress(OSError):  # a folder that may not be listed
        for path in left_behind(folder):
            logger.warning("%s was left by a run that broke off: it plays up to there", path)


def is_playable(path: Path) -> bool:
    """Whether it shows at least one picture."""
    try:
        with path.open("rb") as file, av.open(file, "r") as clip:
            return bool(clip.streams.video) and next(clip.decode(video=0), None) is not None
    except (av.FFmpegError, OSError, ValueError):
        return False


def _is_dead(path: Path, pid: int) -> bool:
    """Whether the process that wrote this is gone; one of another machine still touches it."""
    if os.name != "posix":
        return False
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return time.time() - path.stat().st_mtime > PART_IS_OLD_S
    except PermissionError:
        pass
    return False


def _is_ours(head: bytes) -> bool:
    return not head or head[4:8] in HEADS or head[:4] in HEADS


def _unfinished(path: Path, number: int) -> Path:
    """The name while it grows, shortened where it would become too long."""
    ending = MARK + (f"-{number}" if number > 1 else "") + path.suffix
    longest = LONGEST_NAME
    if hasattr(os, "pathconf"):
        with suppress(OSError, ValueError):
            longest = os.pathconf(path.parent, "PC_NAME_MAX")
    stem = path.stem
    while len(os.fsencode(stem + ending)) > longest and stem:
        stem = stem[:-1]
    return path.with_name(stem + ending)


def _end_of_boxes(file: io.FileIO) -> int:
    """Where the last whole fragment ends (ISO 14496-12: a size, then a name of four letters)."""
    end = file.seek(0, os.SEEK_END)
    at = whole = 0
    while at + 8 <= end:
        file.seek(at)
        size, name = struct.unpack(">I4s", file.read(8))
        if size == 1:
            (size,) = struct.unpack(">Q", file.read(8))
        if size < 8 or at + size > end:
            break
        at += size
        if name != b"moof":  # which is nothing without the mdat that follows
            whole = at
    return whole
