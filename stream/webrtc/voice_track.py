"""The peer's own microphone sent back, later by as much as the portrait is: lips and voice agree.

The delay is measured, not set: the caller gives the time that pictures take from their arrival to
their sending, and every packet of sound waits as long.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable

from aiortc import MediaStreamTrack
from aiortc.mediastreams import MediaStreamError
from av import AudioFrame

MOST_HELD = 100
"""Packets of 20 ms: two seconds. A sound older than that is of no use to anybody."""


class VoiceTrack(MediaStreamTrack):
    """Gives what `receive` takes in, each piece after the delay of the moment it is sent."""

    kind = "audio"

    def __init__(self, delay_s: Callable[[], float]) -> None:
        super().__init__()
        self._delay_s = delay_s
        self._held: deque[tuple[AudioFrame, float]] = deque(maxlen=MOST_HELD)
        self._came = asyncio.Event()

    async def receive(self, track: MediaStreamTrack) -> None:
        """Read a microphone to its end."""
        try:
            while True:
                sound = await track.recv()
                if isinstance(sound, AudioFrame):
                    self._held.append((sound, time.monotonic()))
                    self._came.set()
        except MediaStreamError:
            return  # silence from here on; the portrait goes on

    async def recv(self) -> AudioFrame:
        """The next piece of sound, once it is due."""
        while not self._held:
            if self.readyState != "live":
                raise MediaStreamError
            self._came.clear()
            await self._came.wait()
        sound, arrived_s = self._held.popleft()
        wait_s = arrived_s + self._delay_s() - time.monotonic()
        if wait_s > 0:
            await asyncio.sleep(wait_s)
        return sound

    def stop(self) -> None:
        """Wake who waits, to tell that it is over."""
        super().stop()
        self._came.set()
