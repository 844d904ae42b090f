"""Connections that are closing: each is waited for a while; a slow one goes on by itself.

aiortc stops a connection's senders and receivers first, and its sockets last. Cancelled in between,
it would leave them open for the life of the server: a second close waits for the first, for ever.
"""

import asyncio
import logging

from aiortc import RTCPeerConnection

logger = logging.getLogger(__name__)

CLOSE_S = 5.0
"""Whoever closes a connection waits for it so long, and then has other things to do."""
MOST_S = 60.0
"""A close that takes longer hangs: aiortc's own may have failed before, and ours waits for it."""
DRAIN_S = 5.0
"""The server's end waits so long, once for all, for those that are closing still."""
RELEASE_S = 1.0
"""And so long, after that, for their sockets."""


class Closings:
    """All connections of a server that are closing. Belongs to one event loop."""

    def __init__(self) -> None:
        self._going_on: set[asyncio.Task[None]] = set()

    async def close(self, connection: RTCPeerConnection) -> None:
        """Close it, in `CLOSE_S` or later; no failure of aiortc's comes from here."""
        closing = asyncio.create_task(_closed(connection))
        self._going_on.add(closing)
        closing.add_done_callback(self._going_on.discard)
        _, slow = await asyncio.wait([closing], timeout=CLOSE_S)
        if slow:
            logger.warning("a connection is not closed after %g s; it goes on closing", CLOSE_S)

    async def end(self) -> None:
        """Wait for all of them; after `DRAIN_S` cancel them and close their sockets."""
        if not self._going_on:
            return
        _, left = await asyncio.wait(self._going_on, timeout=DRAIN_S)
        if left:
            logger.warning("%d connections did not close in %g s: given up", len(left), DRAIN_S)
            for closing in left:
                closing.cancel()
            await asyncio.wait(left, timeout=RELEASE_S)


async def _closed(connection: RTCPeerConnection) -> None:
    try:
        try:
            async with asyncio.timeout(MOST_S):
                await connection.close()
        finally:
            await _release(connection)
    except Exception:
        # aiortc's own parts fail in ways of their own; our session must end all the same.
        logger.exception("a connection did not close cleanly")


async def _release(connection: RTCPeerConnection) -> None:
    """Close the sockets that a close left open which failed, or was given up."""
    owners = [transceiver.receiver for transceiver in connection.getTransceivers()]
    for owner in (*owners, connection.sctp):
        if owner is not None and owner.transport is not None:
            await owner.transport.transport.stop()  # does nothing where it was stopped
