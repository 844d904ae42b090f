"""The sessions that are going on: so many and no more, and none that was left behind."""

import asyncio
import logging
import time

from engine.model import Driver, Motion
from engine.motion import Edit
from stream.server.admission import Admission
from stream.server.busy import BusyError, FullError
from stream.server.callers import Caller
from stream.server.peers import Join, Peer, all_of
from stream.server.portrait_list import Item
from stream.server.recordings import Recordings
from stream.server.session import Session, open_session
from stream.server.settings import ServerSettings
from stream.server.shared_work import SharedWork
from stream.server.tokens import new_key
from stream.server.viewers import Viewers

logger = logging.getLogger(__name__)

CONNECT_S = 10.0
"""A connection that is not up by then was given up by its peer."""
SILENT_S = 10.0
"""A camera that sent nothing for so long may lose its place to a newcomer. Cameras send always."""
DEAD_S = 10.0
"""A peer from which no packet came for so long is gone: even one that sends no picture reports how
it receives ours, every second."""
RETURNS_WITHIN_S = 10.0
"""A page whose connection was closed finds its session as it was for so long."""
REMEMBERED_S = 300.0
"""After that, its neutral face: all else is released, and the page brings its settings along."""
MOST_REMEMBERED = 64
LOOK_EVERY_S = 0.5


class Sessions:
    """All sessions of a server, and their connections."""

    def __init__(
        self, shared: SharedWork, settings: ServerSettings, recordings: Recordings
    ) -> None:
        self._shared = shared
        self._size = settings.size
        self._most = settings.most_sessions
        self._places = settings.places
        self._adapts = settings.adapts
        self._edit = Edit(driver_teeth=settings.driver_teeth)
        self.recordings = recordings
        self._coming = 0
        self._sessions: dict[str, Session] = {}
        self._drivers: dict[str, Peer] = {}  # session id -> whoever is on camera
        self._returning: dict[str, Peer] = {}  # session id -> what is to replace its driver
        self._admission = Admission(most=8, most_each=3, most_per_address=4)
        self.viewers = Viewers(settings.places)
        """Whoever watches."""
        self._left_s: dict[str, float] = {}  # session id -> when its page was lost
        self._remembered: dict[str, tuple[Driver[Motion], float]] = {}  # by session id: until when

    def find(self, session_id: str) -> Session | None:
        """The session with this id."""
        return self._sessions.get(session_id)

    def find_watched(self, name: str) -> Session | None:
        """The session with this id, or the newest one that its page wants to be watched as."""
        named = (each for each in reversed(self._sessions.values()) if each.watched_as == name)
        return self._sessions.get(name) or next(named, None)

    def find_driver(self, session_id: str) -> Peer | None:
        """The connection of whoever is on camera in this session."""
        return self._drivers.get(session_id)

    async def open(
        self, item: Item, wanted: dict[str, object], sdp: str, join: Join, caller: Caller
    ) -> tuple[Session, str]:
        """A session for a peer's offer, and the answer; `BusyError` where there is no room."""
        waiting = await self._admission.admit(caller)
        try:
            if self._is_full:
                await self._make_room(caller)
            if self._is_full:
                taken = "the only place is" if self._most == 1 else f"all {self._most} places are"
                raise FullError(
                    f"{taken} taken: wait until somebody leaves, or start the server with more "
                    "--sessions"
                )
            self._coming += 1
            try:
                session, peer, answer = await self._opened(item, wanted, sdp, join)
            finally:
                self._coming -= 1
        except BaseException:
            self._admission.leave(waiting)
            raise
        waiting.place = self
        self._drive(session, peer)
        self._admission.follow(
            peer,
            waiting,
            give_up=lambda: self._give_up(session),
            lost=lambda: self._lose(session.id, peer),
        )
        logger.info("session %s: opened with %s", session.id[:6], item.name)
        return session, answer

    async def rejoin(
        self,
        session: Session,
        item: Item | None,
        wanted: dict[str, object],
        sdp: str,
        join: Join,
        caller: Caller,
    ) -> str:
        """Another connection for whoever is on camera in this session; the answer.

        All else goes on: the neutral face, a recording, whoever watches. The connection before goes
        on, too, until this one is up; where this is refused or never comes up, nothing changes.
        """
        waiting = await self._admission.admit(caller)
        try:
            peer, answer = await join(session, sdp, self._places)
            try:
                await session.control(wanted, item)
                if self._sessions.get(session.id) is not session:
                    raise BusyError("the session has just ended: try again for a new one")
            except BaseException:
                await peer.close()
                raise
        except BaseException:
            self._admission.leave(waiting)
            raise
        older = self._returning.get(session.id)
        self._returning[session.id] = peer
        if session.id in self._left_s:
            self._left_s[session.id] = time.monotonic()
        self._admission.follow(
            peer,
            waiting,
            up=lambda: self._return(session, peer),
            give_up=peer.close,
            lost=lambda: self._lose(session.id, peer),
        )
        if older is not None:
            await older.close()
        return answer

    async def close(self, session_id: str) -> bool:
        """End a session with all its connections; False where there is none."""
        session = self._sessions.pop(session_id, None)
        if session is None:
            return False
        await self.viewers.close_all(session)
        self._left_s.pop(session_id, None)
        for drivers in (self._returning, self._drivers):
            driver = drivers.pop(session_id, None)
            if driver is not None:
                await driver.close()
        await session.close()
        logger.info("session %s: closed", session_id[:6])
        return True

    async def release(self, session_id: str) -> None:
        """End a session whose page has gone without a word; it may come back for its neutral."""
        session = self._sessions.get(session_id)
        if session is None:
            return
        await self.close(session_id)
        if session.live.reenactor.neutral in ("automatic", "yours"):
            until_s = time.monotonic() + REMEMBERED_S
            self._remembered[session_id] = session.live.reenactor.driver, until_s
            while len(self._remembered) > MOST_REMEMBERED:
                del self._remembered[next(iter(self._remembered))]

    async def resume(self, session: Session, before: str) -> None:
        """Have a new session know the neutral face of one that was released."""
        driver, until_s = self._remembered.pop(before, (None, 0.0))
        if driver is not None and time.monotonic() < until_s:
            await session.resume(driver)

    async def close_all(self) -> None:
        """End everything."""
        await all_of([self.close(session_id) for session_id in tuple(self._sessions)])

    @property
    def _is_full(self) -> bool:
        return len(self._sessions) + self._coming >= self._most

    async def _opened(
        self, item: Item, wanted: dict[str, object], sdp: str, join: Join
    ) -> tuple[Session, Peer, str]:
        """A session with its connection, in its place."""
        session = await open_session(
            new_key(),
            shared=self._shared,
            item=item,
            size=self._size,
            recordings=self.recordings,
            adapts=self._adapts,
            edit=self._edit,
        )
        try:
            await session.control(wanted)
            peer, answer = await join(session, sdp, self._places)
        except BaseException:
            await session.close()
            raise
        self._sessions[session.id] = session
        return session, peer, answer

    async def _make_room(self, caller: Caller) -> None:
        """End the session whose page was lost, or never came up, or has long been silent."""
        quiet = min(
            self._sessions.values(), key=lambda session: session.source.arrived_s, default=None
        )
        in_the_way = self._admission.in_the_way(self, caller)
        if self._left_s:
            await self.release(min(self._left_s, key=self._left_s.__getitem__))
        elif in_the_way is not None:
            await self._admission.end(in_the_way)
        elif quiet is not None and time.monotonic() - quiet.source.arrived_s > SILENT_S:
            logger.info("session %s: silent, and its place is needed", quiet.id[:6])
            await self.close(quiet.id)

    async def look_after(self) -> None:
        """For the life of the server: adapt sessions to the machine, drop who is not there."""
        while True:
            try:
                await self._look(time.monotonic())
            except Exception:
                # The outermost loop of this task: without it nothing would time out any more.
                logger.exception("looking after the sessions failed; it goes on")
            await asyncio.sleep(LOOK_EVERY_S)

    async def _look(self, now_s: float) -> None:
        for session in tuple(self._sessions.values()):
            session.adapt(now_s)
        self.recordings.tidy()
        known = self._remembered.items()
        self._remembered = {each: held for each, held in known if now_s < held[1]}
        await all_of([peer.listen() for peer in self._drivers.values()])
        left = [each for each, left_s in self._left_s.items() if now_s - left_s > RETURNS_WITHIN_S]
        gone = [each for each, peer in self._drivers.items() if peer.is_gone(now_s, DEAD_S)]
        await all_of(
            [
                *(self.release(session_id) for session_id in (*left, *gone)),
                *(self._admission.end(each) for each in self._admission.older_than(CONNECT_S)),
                self.viewers.look(now_s, dead_s=DEAD_S, connect_s=CONNECT_S),
            ]
        )

    def _drive(self, session: Session, peer: Peer) -> None:
        """Put this connection on camera."""
        self._left_s.pop(session.id, None)
        self._drivers[session.id] = peer

    async def _return(self, session: Session, peer: Peer) -> None:
        """The new connection of a session is up: the one before may go."""
        if self._returning.get(session.id) is not peer:
            return
        del self._returning[session.id]
        before = self._drivers.get(session.id)
        self._drive(session, peer)
        logger.info("session %s: taken up again", session.id[:6])
        if before is not None:
            await before.close()

    async def _lose(self, session_id: str, peer: Peer) -> None:
        """A driver's connection is gone: a page may come back, a publisher begins anew."""
        if self._returning.get(session_id) is peer:
            del self._returning[session_id]
        if self._drivers.get(session_id) is not peer:
            return  # it was exchanged for another one
        if not peer.returns:
            await self.close(session_id)
            return
        del self._drivers[session_id]
        self._left_s[session_id] = time.monotonic()
        logger.info("session %s: its page was lost", session_id[:6])
        await peer.close()

    async def _give_up(self, session: Session) -> None:
        logger.info("session %s: its connection never came up", session.id[:6])
        await self.close(session.id)
