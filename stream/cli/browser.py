"""Opens an address in the user's browser, where there is a desktop to open it on."""

import os
import sys
import webbrowser
from collections.abc import Mapping
from threading import Thread


def open_page(url: str) -> bool:
    """Open a page beside the running program; False where there is no desktop."""
    if not has_desktop():
        return False
    # In a thread: some browsers hold up whoever starts them.
    Thread(target=webbrowser.open, args=(url,), name="open-page", daemon=True).start()
    return True


def has_desktop(system: str = sys.platform, environment: Mapping[str, str] | None = None) -> bool:
    """Whether windows can be opened. Without one, Python would start a browser in the terminal."""
    if system in ("darwin", "win32"):
        return True
    environment = os.environ if environment is None else environment
    return any(environment.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))
