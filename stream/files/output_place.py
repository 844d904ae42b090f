"""Where a result is written: whether it can be, and why it could not."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile

from engine.errors import OutputError

ROOM = "Free some space or choose another place"
RIGHTS = "Choose a place that you may write to"
ADVICE = {
    errno.ENOSPC: ROOM,
    errno.EFBIG: ROOM,
    errno.EDQUOT: ROOM,
    errno.EROFS: RIGHTS,
    errno.EACCES: RIGHTS,
    errno.EPERM: RIGHTS,
    errno.ENAMETOOLONG: "Choose a shorter name",
}
OTHERWISE = "Choose another place"


def check_place(path: Path, *, force: bool) -> None:
    """Refuse a name or folder that cannot be written, before any work is done for it."""
    with failures_named(path):
        if path.is_dir():
            raise OutputError(f"{path} is a folder. Give the name of a file in it.")
        if path.parent.exists() and not path.parent.is_dir():
            raise OutputError(f"{path.parent} is not a folder. Choose one.")
        if not path.parent.is_dir():
            raise OutputError(f"there is no folder {path.parent}. Make it, or choose another.")
        if path.exists() and not force:
            raise OutputError(
                f"{path} exists already. Add --force to replace it, or choose a new name."
            )
        TemporaryFile(dir=path.parent).close()  # what permissions say is not all there is


@contextmanager
def failures_named(path: Path) -> Iterator[None]:
    """Say which file could not be written, why, and what to do."""
    try:
        yield
    except OSError as error:
        raise OutputError(f"cannot write {path}: {reason_of(error)}") from error


def reason_of(error: OSError) -> str:
    """Why, and what to do about it, as two sentences without the file's name."""
    advice = ADVICE.get(error.errno or 0, OTHERWISE)
    return f"{error.strerror or error}. {advice}."
