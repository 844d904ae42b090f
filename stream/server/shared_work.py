"""What sessions share: the model, trackers that are ready, and one thread for the slow work.

Compiling the first tracker's networks takes seconds and enrolling a portrait a fifth of one, so
neither is done in the event loop or in a frame loop: a portrait is swapped while the old one goes
on moving.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from engine.faces.face import Tracker
from engine.frame import Pixels
from engine.framing import Framing
from engine.model import AnyModel, Motion
from stream.files.portrait_file import portrait_bytes
from stream.files.portrait_layout import KeptPortrait
from stream.server.closings import Closings
from stream.server.portrait_list import Item, uploaded
from stream.session.enrolment import Enrolment
from stream.session.portraits import Enrolled, Enroller

MOST_WAITERS = 8
"""Threads for what takes seconds and computes nothing: recordings and loops that end."""

P = ParamSpec("P")
T = TypeVar("T")


class SharedWork:
    """Makes portraits and lends trackers. Its coroutines belong to one event loop."""

    def __init__(
        self,
        *,
        model: AnyModel,
        make_tracker: Callable[[], Tracker],
        framing: Framing = "face",
    ) -> None:
        self.enroller = Enroller(model, framing=framing)
        self.closings = Closings()
        """A connection may be closing still when its session has ended."""
        self._make_tracker = make_tracker
        self._waiters = ThreadPoolExecutor(MOST_WAITERS, thread_name_prefix="wait")
        self._idle: list[Tracker] = []
        self._examiner: Tracker | None = None

    async def open(self, trackers: int) -> None:
        """Make the examiner's tracker and these many for sessions, before anybody waits."""
        await self._work(self._find_examiner)
        for _ in range(trackers):
            self._idle.append(await self._work(self._make_tracker))

    def close(self) -> None:
        """Wait for the work at hand; nothing more is begun."""
        self.enroller.close()
        self._waiters.shutdown()

    async def lend_tracker(self) -> Tracker:
        """A tracker that has seen nothing yet."""
        tracker = self._idle.pop() if self._idle else await self._work(self._make_tracker)
        tracker.reset()
        return tracker

    def take_back(self, tracker: Tracker) -> None:
        """The tracker of a session that has ended, whose thread is gone."""
        self._idle.append(tracker)

    async def enroll(self, item: Item, size: int) -> Enrolled[Motion]:
        """Make the portrait ready at this size."""
        return await self._work(self.enroller.enroll, item, size)

    async def examine(
        self, content: Pixels | KeptPortrait, name: str, *, is_by_hand: bool = False
    ) -> Item:
        """Find the face in an uploaded portrait; where it `is_by_hand`, none need be found."""
        return await self.with_examiner(
            lambda tracker: uploaded(content, name, tracker, is_by_hand=is_by_hand)
        )

    async def filmed(self, enrolment: Enrolment, name: str) -> Item:
        """The portrait of somebody who was filmed."""
        return await self.with_examiner(lambda tracker: uploaded(enrolment.take(), name, tracker))

    async def file_of(self, item: Item) -> bytes:
        """A portrait file's content."""
        kept = KeptPortrait(picture=item.picture, face=item.face, appearances=item.appearances)
        return await self._work(portrait_bytes, kept)

    async def with_examiner(self, act: Callable[[Tracker], T]) -> T:
        """Do something slow with a tracker that belongs to no session."""
        return await self._work(lambda: act(self._find_examiner()))

    async def aside(self, act: Callable[[], T]) -> T:
        """Wait for a thread to end, where no encoder waits for us: asyncio's own pool is theirs."""
        return await asyncio.wrap_future(self._waiters.submit(act))

    def _find_examiner(self) -> Tracker:
        if self._examiner is None:
            self._examiner = self._make_tracker()
        return self._examiner

    async def _work(self, act: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        future = self.enroller.submit(act, *args, **kwargs)
        return await asyncio.wrap_future(future)
