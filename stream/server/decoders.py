"""Opens uploaded files, each in a process of its own that can be ended: see `decode`.

One process a picture costs 0.2 s of its sender's time, and leaves nothing of a picture to the next.
"""

import asyncio
import json
import os
import sys
from pathlib import Path

from engine.errors import InputError
from engine.frame import Pixels
from engine.pictures import NotAPictureError, TooLargeError
from stream.files.portrait_layout import KeptPortrait
from stream.server.busy import BusyError
from stream.server.decoded import unpacked

MOST_AT_ONCE = 2
MOST_WAITING = 8
"""Pictures; each waits with all its bytes."""
TIME_S = 15.0
"""From the start of the process to the last pixel, on a machine that is busy with other things; of
computing it gets a third: see `decode`."""
TOO_LONG = "opening the picture takes too long: save it as a plain JPEG or PNG"
COMMAND = (sys.executable, "-P", "-m", "stream.server.decode")
ENDED_BY_LIMIT = (-9, -24)
"""SIGKILL and SIGXCPU: it has used up its time of computing."""
_ROOT = Path(__file__).parents[2]
_KINDS: dict[object, type[InputError]] = {413: TooLargeError, 415: NotAPictureError}


class Decoders:
    """A few processes at once. Belongs to one event loop."""

    def __init__(self, command: tuple[str, ...] = COMMAND) -> None:
        self._command = command
        self._free = asyncio.Semaphore(MOST_AT_ONCE)
        self._waiting = 0

    async def open(self, content: bytes) -> Pixels | KeptPortrait:
        """(H, W, 3) of a JPEG, PNG or WebP file, or what a portrait file holds.

        An error says what is wrong with it. Cancelling this ends the process.
        """
        if self._waiting >= MOST_WAITING:
            raise BusyError("many portraits are being opened: try again in a moment")
        self._waiting += 1
        try:
            async with self._free:
                return _opened(await self._run(content))
        finally:
            self._waiting -= 1

    async def _run(self, content: bytes) -> bytes:
        """What the process writes."""
        process = await asyncio.create_subprocess_exec(
            *self._command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            # One thread: the pools of numpy's libraries would reserve memory for every core.
            env=os.environ | {"PYTHONPATH": str(_ROOT), "OPENBLAS_NUM_THREADS": "1"},
        )
        try:
            async with asyncio.timeout(TIME_S):
                written, _ = await process.communicate(content)
        except TimeoutError:
            raise InputError(TOO_LONG) from None
        finally:
            if process.returncode is None:
                process.kill()
                await process.communicate()  # to the end of its pipes, which closes them
        if process.returncode in ENDED_BY_LIMIT:
            raise InputError(TOO_LONG)
        return written


def _opened(written: bytes) -> Pixels | KeptPortrait:
    """What the process read."""
    try:
        line, _, _ = written.partition(b"\n")
        head = json.loads(line)
        if "refused" in head:
            raise _KINDS.get(head["status"], InputError)(head["refused"])
        return unpacked(written)
    except (ValueError, KeyError, TypeError):
        raise InputError(
            "the picture cannot be opened: save it as a plain JPEG or PNG, then try again"
        ) from None
