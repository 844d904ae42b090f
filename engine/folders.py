"""Where files that belong to the user, not to the package, are kept.

By hand, because it is three lines; a library for it would be one more licence to read.
"""

import os
import sys
from pathlib import Path


def user_cache() -> Path:
    """The folder for downloads and compiled plans; it need not exist yet."""
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData/Local")) / "understudy"
    if sys.platform == "darwin":
        return Path.home() / "Library/Caches/understudy"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "understudy"


def user_data() -> Path:
    """The folder for what the user made and may want back; it need not exist yet."""
    if sys.platform == "win32":
        return user_cache()
    if sys.platform == "darwin":
        return Path.home() / "Library/Application Support/understudy"
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local/share") / "understudy"
