"""Where files that belong to the user, not to the package, are kept, and how they are written.

By hand, because it is three lines; a library for it would be one more licence to read.
"""

import os
import sys
import tempfile
from pathlib import Path


def user_cache() -> Path:
    """The folder for downloads and compiled plans; it need not exist yet."""
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData/Local")) / "understudy"
    if sys.platform == "darwin":
        return Path.home() / "Library/Caches/understudy"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "understudy"


def write_whole(path: Path, *parts: bytes) -> None:
    """Replace a file in one step: no reader ever sees half of it.

    Raises:
        OSError: it cannot be written; what was there is still there.
    """
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.writelines(parts)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    finally:
        Path(name).unlink(missing_ok=True)


def user_data() -> Path:
    """The folder for what the user made and may want back; it need not exist yet."""
    if sys.platform == "win32":
        return user_cache()
    if sys.platform == "darwin":
        return Path.home() / "Library/Application Support/understudy"
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local/share") / "understudy"
