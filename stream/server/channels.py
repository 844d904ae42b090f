"""The data channels that a peer opens: the page's first one gets the figures, and sends nothing.

Whoever opens many, or sends long messages or many, is up to no good: aiortc puts messages of any
length together, in this process.
"""

import time
from collections import deque
from collections.abc import Callable

from aiortc import RTCDataChannel, RTCPeerConnection
from aiortc.rtcsctptransport import InboundStream

FIGURES = "stats"
"""What the page calls its channel."""
MOST_CHANNELS = 8
"""The page opens one. Any other is closed."""
MOST_MESSAGE = 16 * 1024
"""Bytes; the page sends none at all."""
MOST_MESSAGES = 50
"""A second."""
MOST_HELD = 256 * 1024
"""Bytes of messages that are not whole yet."""
_STREAMS = "_inbound_streams"
"""Of aiortc's RTCSctpTransport."""


class Channels:
    """Those of one connection; `tell` gets the one for figures, None where nobody gets any."""

    def __init__(
        self, connection: RTCPeerConnection, tell: Callable[[RTCDataChannel], None] | None
    ) -> None:
        self._connection = connection
        self._tell = tell
        self._opened = 0
        self._heard_s: deque[float] = deque(maxlen=MOST_MESSAGES)
        self._is_unruly = False
        connection.on("datachannel", self._take)

    @property
    def is_unruly(self) -> bool:
        """Whether the peer does what no honest one does."""
        return self._is_unruly or held_bytes(self._connection) > MOST_HELD

    def _take(self, channel: RTCDataChannel) -> None:
        self._opened += 1
        channel.on("message", self._hear)
        if self._tell is not None and channel.label == FIGURES:
            self._tell(channel)
            self._tell = None
            return
        channel.close()
        self._is_unruly |= self._opened >= MOST_CHANNELS

    def _hear(self, message: str | bytes) -> None:
        now_s = time.monotonic()
        is_flood = len(self._heard_s) == MOST_MESSAGES and now_s - self._heard_s[0] < 1.0
        self._heard_s.append(now_s)
        self._is_unruly |= is_flood or len(message) > MOST_MESSAGE


def held_bytes(connection: RTCPeerConnection) -> int:
    """What the peer has sent of messages that are not whole yet."""
    if connection.sctp is None:
        return 0
    streams: dict[int, InboundStream] = getattr(connection.sctp, _STREAMS)
    return sum(len(each.user_data) for stream in streams.values() for each in stream.reassembly)
