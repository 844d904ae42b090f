"""Threads that come and go leave no memory to arenas of their own."""

import subprocess
import sys

import pytest

CODE = """
import ctypes, sys, threading
from stream.server.process import bound_arenas
bounded = bound_arenas() if sys.argv[1] == "bounded" else None
libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
met = threading.Barrier(12)

def allocate():
    met.wait()  # all at once, or they would share an arena in turn
    libc.malloc(100_000)
    met.wait()

threads = [threading.Thread(target=allocate) for _ in range(12)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(bounded, flush=True)
libc.malloc_stats()
"""


def arenas(how: str) -> tuple[str, int]:
    done = subprocess.run(
        [sys.executable, "-c", CODE, how], capture_output=True, text=True, check=True, timeout=60
    )
    return done.stdout.split()[0], done.stderr.count("Arena ")


@pytest.mark.skipif(sys.platform != "linux", reason="arenas are glibc's")
def test_many_threads_share_a_few_arenas() -> None:
    _, free = arenas("free")
    if not free:
        pytest.skip("the C library tells of no arenas: it is not glibc")
    bounded, few = arenas("bounded")
    assert bounded == "True"
    assert few <= 2 < free
