"""The sessions that are going on: so many and no more, and none that was left behind."""

import asyncio
import logging
import secrets
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from engine.errors import UnderstudyError
from stream.server.peers import Peer
from stream.server.session import Session, open_session
from stream.server.settings import ServerSettings
from stream.server.shelf import Item
from stream.server.studio import Studio

logger = logging.getLogger(__name__)

CONNECT_S = 15.0
"""A connection that is not up by then was given up by its peer."""
SILENT_S = 10.0
"""A camera that sent nothing for so long may lose its place to a newcomer. Cameras send always."""
LOOK_EVERY_S = 0.5
MOST_VIEWERS = 8
"""Of one session: each costs an encoder."""


class FullError(UnderstudyError):
    """There is no room for one more."""


class Hall:
    """All sessions of a server, and their connections."""

    def __init__(self, studio: Studio, settings: ServerSettings, folder: Path) -> None:
        self._studio = studio
        self._size = settings.size
        self._most = settings.most_sessions
        self._stun = settings.stun
        self._adapts = settings.adapts
        self._folder = folder
        self._coming = 0
        self._sessions: dict[str, Session] = {}
        self._drivers: dict[str, Peer] = {}  # session id -> whoever is on camera
        self._viewers: dict[str, Peer] = {}  # viewer id -> whoever watches
        self._began_s: dict[Peer, float] = {}

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
            raise FullError(
                f"all {self._most} places are taken: wait until somebody leaves, or start the "
                "server with more --sessions"
            )
        self._coming += 1
        try:
            session = await open_session(
                secrets.token_urlsafe(16),
                studio=self._studio,
                item=item,
                size=self._size,
                folder=self._folder,
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
        self._drivers[session.id] = peer
        self._watch(peer, lambda: self.close(session.id))
        logger.info("session %s: opened with %s", session.id[:6], item.name)
        return session, answer

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
        """End the session whose camera has been silent the longest, if it has been for long.

        A browser that was killed says nothing, and ICE notices after half a minute.
        """
        quiet = min(
            self._sessions.values(), key=lambda session: session.source.arrived_s, default=None
        )
        if quiet is not None and time.monotonic() - quiet.source.arrived_s > SILENT_S:
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
        for peer, began_s in tuple(self._began_s.items()):
            if now_s - began_s > CONNECT_S:
                await self._give_up(peer)

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
