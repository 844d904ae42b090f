"""Refuses an FFmpeg with known holes where strangers may send it something.

FFmpeg decodes what comes from cameras and clips of people nobody knows. 8.1.2 mends the last of the
holes that a file could use (CVE-2026-8461 among them).
"""

import re

import av

from engine.errors import MachineError
from engine.installing import install

LEAST = (8, 1, 2)
_NUMBERS = re.compile(r"n?(\d+)\.(\d+)(?:\.(\d+))?(?![.\d])")


def version_of(text: str) -> tuple[int, int, int] | None:
    """The three numbers of what FFmpeg calls itself; None for a build that names no release."""
    found = _NUMBERS.match(text)
    return (int(found[1]), int(found[2]), int(found[3] or 0)) if found else None


def check_ffmpeg(text: str | None = None) -> None:
    """Raise unless the FFmpeg within PyAV, or one that calls itself so, is new enough.

    Raises:
        MachineError: it is older, or a build of which nobody can tell.
    """
    name = av.ffmpeg_version_info if text is None else text
    version = version_of(name)
    if version is None or version < LEAST:
        wanted = ".".join(map(str, LEAST))
        raise MachineError(
            f"the FFmpeg within PyAV is {name}, and what strangers send needs {wanted} or newer: "
            f"older ones have known holes. Run `{install('--upgrade', 'av')}`"
        )
