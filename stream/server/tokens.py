"""Words that open something to whoever knows them: made here, and kept out of every log."""

import secrets
from collections import deque

KEY_BYTES = 16
"""128 bits: nobody guesses one."""
SHOWN = 4
"""Characters that stay, so that two sessions can be told apart in a log."""

_KNOWN: deque[str] = deque(maxlen=10_000)
"""One list for the whole process, as its log is one; the oldest keys open nothing any more."""
_LASTING: set[str] = set()
"""Those that open something for the life of the process."""


def new_key() -> str:
    """A word that fits into an address, and that no log shows."""
    key = secrets.token_urlsafe(KEY_BYTES)
    keep_secret(key)
    return key


def keep_secret(key: str, *, lasts: bool = False) -> None:
    """Show this word in no log: one that was chosen elsewhere; a token `lasts`."""
    if lasts:
        _LASTING.add(key)
    elif key not in _KNOWN:
        _KNOWN.append(key)


def without_keys(text: str) -> str:
    """The text with only the beginning of each key in it."""
    for key in (*_LASTING, *_KNOWN):
        if key in text:
            text = text.replace(key, f"{key[:SHOWN]}…")
    return text
