"""The portrait as a WebRTC track: the newest picture, never an error, never silence.

An exception in `recv` would end aiortc's sender without a word, so there is none but the one that
says the track was stopped. While no result comes, the last one is repeated, so that a viewer who
joins late or lost a packet still gets a picture.
"""

import asyncio
import time
from collections.abc import Callable
from fractions import Fraction

from aiortc import MediaStreamTrack
from aiortc.mediastreams import MediaStreamError
from av import VideoFrame

from engine.frame import Frame
from stream.webrtc.outlet import Outgoing, Outlet

CLOCK_HZ = 90_000
REPEATED_AFTER_S = 0.2
"""Half a dozen frames of a camera; a repeated picture costs next to nothing to encode."""


class PortraitTrack(MediaStreamTrack):
    """One viewer of an outlet."""

    kind = "video"

    def __init__(self, outlet: Outlet, on_sent: Callable[[Frame, int], None] | None = None) -> None:
        """Watch an outlet; `on_sent` is told each frame once it was sent, and how long that took.

        Must be made in the event loop that reads it.
        """
        super().__init__()
        self._outlet = outlet
        self._on_sent = on_sent
        self._came = asyncio.Event()
        self._home = asyncio.get_running_loop()
        self._slot = outlet.subscribe(self._tell)
        self._began_ns = time.monotonic_ns()
        self._last_pts = -1
        self._sending: tuple[Frame, int] | None = None

    async def recv(self) -> VideoFrame:
        """The next picture, within a fifth of a second."""
        if self.readyState != "live":
            raise MediaStreamError
        self._close_record()
        outgoing = self._slot.take() or await self._wait()
        now_ns = time.monotonic_ns()
        if outgoing is None:
            outgoing = self._outlet.newest
        else:
            self._sending = (outgoing.frame, now_ns)
        ticks = (now_ns - self._began_ns) * CLOCK_HZ // 1_000_000_000
        self._last_pts = max(ticks, self._last_pts + 1)
        picture = outgoing.picture()
        picture.pts, picture.time_base = self._last_pts, Fraction(1, CLOCK_HZ)
        return picture

    def stop(self) -> None:
        """Leave the outlet; the sender ends with the next picture it asks for."""
        self._outlet.unsubscribe(self._slot)
        super().stop()

    def _tell(self) -> None:
        """Wake `recv`; called in the frame loop's thread."""
        self._home.call_soon_threadsafe(self._came.set)

    async def _wait(self) -> Outgoing | None:
        """The next result; None where there is none for so long that the last one is due again."""
        self._came.clear()
        try:
            async with asyncio.timeout(REPEATED_AFTER_S):
                while (outgoing := self._slot.take()) is None:
                    await self._came.wait()
                    self._came.clear()
                return outgoing
        except TimeoutError:
            return None

    def _close_record(self) -> None:
        """Aiortc asks for the next picture when the last one has been encoded and sent."""
        sent, self._sending = self._sending, None
        if sent is not None and self._on_sent is not None:
            frame, handed_ns = sent
            self._on_sent(frame, time.monotonic_ns() - handed_ns)
