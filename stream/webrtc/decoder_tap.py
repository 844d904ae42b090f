"""Takes a decoded picture where it was decoded, without a turn through the event loop.

aiortc's decoder thread asks the event loop to put each picture into a queue, from which a coroutine
takes it for the frame loop's thread: a wait for the loop's next turn, which on a busy machine is
milliseconds. The queue's `put` is called in the decoder's thread, so a queue whose `put` acts at
once saves that turn.
"""

from collections.abc import Callable

from aiortc import MediaStreamTrack
from av import VideoFrame

# aiortc keeps a track's queue here; it is handed to the decoder when media begins to flow.
_QUEUE = "_queue"


class PromptQueue:
    """Stands in for the queue of a remote track: pictures go straight to `take`."""

    def __init__(self, queue: object, take: Callable[[VideoFrame], None]) -> None:
        self._queue = queue
        self._take = take

    async def get(self) -> object:
        """What is left for `recv`: the end of the track."""
        return await self._queue.get()  # type: ignore[attr-defined]  # asyncio.Queue of anything

    def put(self, item: object) -> object:
        """Called in the decoder's thread; what comes back is awaited in the event loop."""
        if isinstance(item, VideoFrame):
            self._take(item)
            return _nothing()
        return self._queue.put(item)  # type: ignore[attr-defined]


async def _nothing() -> None:
    """Something to await."""


def take_at_once(track: MediaStreamTrack, take: Callable[[VideoFrame], None]) -> bool:
    """Have `take` called with each picture, in the decoder's thread.

    Must come before media flows, such as in the event `track`. False for a track that is no
    remote one of aiortc's: then `recv` gives its pictures.
    """
    queue = vars(track).get(_QUEUE)
    if queue is None:
        return False
    setattr(track, _QUEUE, PromptQueue(queue, take))
    return True
