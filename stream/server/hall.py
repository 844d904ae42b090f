"""The sessions that are going on: so many and no more, and none that was left behind."""

import asyncio
import logging
import secrets
import time
from collections.abc import Awaitable, Callable
from typing import Any

from engine.errors import UnderstudyError
from stream.server.peers import Peer
from stream.server.recordings import Recordings
from stream.server.session import Session, open_session
from stream.server.settings import ServerSettings
from stream.server.shelf import Item
from stream.server.studio import Studio

logger = logging.getLogger(__name__)

CONNECT_S = 15.0
"""A connection that is not up by then was given up by its peer."""
SILENT_S = 10.0
"""A camera that sent nothing for so long may lose its place to a newcomer. Cameras send always."""
RETURNS_WITHIN_S = 20.0
"""A page whose connection broke finds its session as it was for so long."""
LOOK_EVERY_S = 0.5
MOST_VIEWERS = 8
"""Of one session: each costs an encoder."""


class FullError(UnderstudyError):
    """There is no room for one more."""


class Hall:
    """All sessions of a server, and their connections."""

    def __init__(self, studio: Studio, settings: ServerSettings, recordings: Recordings) -> None:
        self._studio = studio
        self._size = settings.size
        self._most = settings.most_sessions
        self._stun = settings.stun
        self._adapts = settings.adapts
        self.recordings = recordings
        self._coming = 0
        self._sessions: dict[str, Session] = {}
        self._drivers: dict[str, Peer] = {}  # session id -> whoever is on camera
        self._viewers: dict[str, Peer] = {}  # viewer id -> whoever watches
        self._began_s: dict[Peer, float] = {}
        self._left_s: dict[str, float] = {}  # session id -> when its page was lost

    def find(self, session_id: str) -> Session | None:
        """The session with this id."""
        return self._sessions.get(session_id)

    def find_viewer(self, viewer_id: str) -> Peer | None:
        """The viewer's connection with this id."""
        return self._viewers.get(viewer_id)

    def find_driver(self, session_id: str) -> Peer | None:
        """The connection of whoever is on camera in this session."""
        return self._drivers.get(session_id)

    @property
    def newest(self) -> Session | None:
        """The session that was opened last."""
        return next(reversed(self._sessions.values()), None)

    async def open(
        self,
        item: Item,
        wanted: dict[str, Any],
        sdp: str,
        join: Callable[[Session, str, tuple[str, ...]], Awaitable[tuple[Peer, str]]],
    ) -> tuple[Session, str]:
        """A session for a peer's offer, and the answer; `FullError` where there is no room."""
        if self._is_full:
            await self._make_room()
        if self._is_full:
            taken = "the only place is" if self._most == 1 else f"all {self._most} places are"
            raise FullError(
                f"{taken} taken: wait until somebody leaves, or start the server with more "
                "--sessions"
            )
        self._coming += 1
        try:
            session = await open_session(
                secrets.token_urlsafe(16),
                studio=self._studio,
                item=item,
                size=self._size,
                recordings=self.recordings,
            )
            try:
                await session.control(wanted)
                peer, answer = await join(session, sdp, self._stun)
            except BaseException:
                await session.close()
                raise
            self._sessions[session.id] = session
        finally:
            self._coming -= 1
        self._drive(session, peer)
        logger.info("session %s: opened with %s", session.id[:6], item.name)
        return session, answer

    async def rejoin(
        self,
        session: Session,
        sdp: str,
        join: Callable[[Session, str, tuple[str, ...]], Awaitable[tuple[Peer, str]]],
    ) -> str:
        """Another connection for whoever is on camera in this session; the answer.

        All else goes on: the neutral face, a recording, whoever watches.
        """
        peer, answer = await join(session, sdp, self._stun)
        before = self._drivers.get(session.id)
        self._drive(session, peer)
        if before is not None:
            self._began_s.pop(before, None)
            await before.close()
        logger.info("session %s: taken up again", session.id[:6])
        return answer

    async def watch(
        self,
        session: Session,
        sdp: str,
        join: Callable[[Session, str, tuple[str, ...]], Awaitable[tuple[Peer, str]]],
    ) -> tuple[str, str]:
        """One more viewer of a session: its id and the answer."""
        watching = sum(peer.session is session for peer in self._viewers.values())
        if watching >= MOST_VIEWERS:
            raise FullError(f"{MOST_VIEWERS} viewers watch this already: wait until one leaves")
        peer, answer = await join(session, sdp, self._stun)
        viewer_id = secrets.token_urlsafe(16)
        self._viewers[viewer_id] = peer
        self._watch(peer, lambda: self.close_viewer(viewer_id))
        return viewer_id, answer

    async def close(self, session_id: str) -> bool:
        """End a session with all its connections; False where there is none."""
        session = self._sessions.pop(session_id, None)
        if session is None:
            return False
        for viewer_id, viewer in tuple(self._viewers.items()):
            if viewer.session is session:
                await self.close_viewer(viewer_id)
        self._left_s.pop(session_id, None)
        driver = self._drivers.pop(session_id, None)
        if driver is not None:
            self._began_s.pop(driver, None)
            await driver.close()
        await session.close()
        logger.info("session %s: closed", session_id[:6])
        return True

    async def close_viewer(self, viewer_id: str) -> bool:
        """End a viewer's connection; False where there is none."""
        peer = self._viewers.pop(viewer_id, None)
        if peer is None:
            return False
        self._began_s.pop(peer, None)
        await peer.close()
        return True

    async def close_all(self) -> None:
        """End everything."""
        for session_id in tuple(self._sessions):
            await self.close(session_id)

    @property
    def _is_full(self) -> bool:
        return len(self._sessions) + self._coming >= self._most

    async def _make_room(self) -> None:
        """End the session whose page was lost, or whose camera has been silent for long.

        A browser that was killed says nothing, and ICE notices after half a minute.
        """
        quiet = min(
            self._sessions.values(), key=lambda session: session.source.arrived_s, default=None
        )
        if self._left_s:
            await self.close(min(self._left_s, key=self._left_s.__getitem__))
        elif quiet is not None and time.monotonic() - quiet.source.arrived_s > SILENT_S:
            logger.info("session %s: silent, and its place is needed", quiet.id[:6])
            await self.close(quiet.id)

    async def look_after(self) -> None:
        """For the life of the server: adapt sessions to the machine, drop who never connected."""
        while True:
            try:
                await self._look(time.monotonic())
            except Exception:
                # The outermost loop of this task: without it nothing would time out any more.
                logger.exception("looking after the sessions failed; it goes on")
            await asyncio.sleep(LOOK_EVERY_S)

    async def _look(self, now_s: float) -> None:
        for session in tuple(self._sessions.values()) if self._adapts else ():
            session.adapt(now_s)
        for session_id, left_s in tuple(self._left_s.items()):
            if now_s - left_s > RETURNS_WITHIN_S:
                await self.close(session_id)
        self.recordings.tidy()
        for peer, began_s in tuple(self._began_s.items()):
            if now_s - began_s > CONNECT_S:
                await self._give_up(peer)

    def _drive(self, session: Session, peer: Peer) -> None:
        """Put this connection on camera."""
        self._left_s.pop(session.id, None)
        self._drivers[session.id] = peer
        self._watch(peer, lambda: self._lose(session.id, peer))

    async def _lose(self, session_id: str, peer: Peer) -> bool:
        """A driver's connection is gone: a page may come back, a publisher begins anew."""
        if self._drivers.get(session_id) is not peer:
            return False  # it was exchanged for another one
        if not peer.returns:
            return await self.close(session_id)
        del self._drivers[session_id]
        self._began_s.pop(peer, None)
        self._left_s[session_id] = time.monotonic()
        logger.info("session %s: its page was lost", session_id[:6])
        await peer.close()
        return True

    def _watch(self, peer: Peer, close: Callable[[], Awaitable[bool]]) -> None:
        """Close when the connection fails or is closed by the other side."""
        self._began_s[peer] = time.monotonic()

        async def changed() -> None:
            state = peer.connection.connectionState
            if state == "connected":
                self._began_s.pop(peer, None)
            elif state in ("failed", "closed"):
                await close()

        peer.connection.on("connectionstatechange", changed)

    async def _give_up(self, peer: Peer) -> None:
        self._began_s.pop(peer, None)
        logger.info("session %s: a connection never came up", peer.session.id[:6])
        if self._drivers.get(peer.session.id) is peer:
            await self.close(peer.session.id)
            return
        for viewer_id, viewer in tuple(self._viewers.items()):
            if viewer is peer:
                await self.close_viewer(viewer_id)
