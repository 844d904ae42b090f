"""How the process of a server is set up: threads that give way, memory that is given back."""

import ctypes
import sys

import cv2

SWITCH_S = 0.001
"""How long one Python thread may keep the others waiting. At 5 ms, the default, a packet that
arrives during a step waits that long."""
MOST_ARENAS = 2
"""glibc gives each thread that allocates an arena of its own, eight for each core at most, and
keeps what was freed in it for its threads. Every session brings threads: between the 11th visitor
and the 111th a server grew from 93 to 102 MB that way, and with two arenas from 83 to 84."""
_M_ARENA_MAX = -8
"""mallopt(3)."""


def prepare() -> None:
    """Set up the process, before its threads start."""
    sys.setswitchinterval(SWITCH_S)
    cv2.setNumThreads(1)
    bound_arenas()


def bound_arenas() -> bool:
    """Have all threads share a few arenas; False where the C library is not glibc."""
    if sys.platform != "linux":
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    return mallopt is not None and mallopt(_M_ARENA_MAX, MOST_ARENAS) == 1
