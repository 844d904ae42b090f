"""Whoever watches: so many of one session, and none that is not there any more."""

from stream.server.admission import Admission
from stream.server.busy import BusyError, FullError
from stream.server.callers import Caller
from stream.server.peers import Join, Peer, all_of
from stream.server.session import Session
from stream.server.tokens import new_key
from stream.webrtc.ice_places import IcePlaces

MOST_VIEWERS = 8
"""Of one session: each costs an encoder."""


class Viewers:
    """All viewers of a server."""

    def __init__(self, places: IcePlaces) -> None:
        self._places = places
        self._viewers: dict[str, Peer] = {}  # viewer id -> connection
        self._joining: list[Session] = []  # once for each viewer whose answer is being made
        self._admission = Admission(most=16, most_each=MOST_VIEWERS, most_per_address=MOST_VIEWERS)

    def find(self, viewer_id: str) -> Peer | None:
        """The viewer's connection with this id."""
        return self._viewers.get(viewer_id)

    async def watch(
        self, session: Session, sdp: str, join: Join, caller: Caller
    ) -> tuple[str, str]:
        """One more viewer: its id and the answer; `BusyError` where there is no room."""
        waiting = await self._admission.admit(caller)
        try:
            if self._is_full(session):
                in_the_way = self._admission.in_the_way(session, caller)
                if in_the_way is not None:
                    await self._admission.end(in_the_way)
            if self._is_full(session):
                raise FullError(f"{MOST_VIEWERS} viewers watch this already: wait until one leaves")
            self._joining.append(session)
            try:
                peer, answer = await join(session, sdp, self._places)
            finally:
                self._joining.remove(session)
            if session.is_closed:
                await peer.close()
                raise BusyError("the session has just ended: try again when it is back")
        except BaseException:
            self._admission.leave(waiting)
            raise
        waiting.place = session
        viewer_id = new_key()
        self._viewers[viewer_id] = peer

        async def close() -> None:
            await self.close(viewer_id)

        self._admission.follow(peer, waiting, give_up=close, lost=close)
        return viewer_id, answer

    async def close(self, viewer_id: str) -> bool:
        """End a viewer's connection; False where there is none."""
        peer = self._viewers.pop(viewer_id, None)
        if peer is None:
            return False
        await peer.close()
        return True

    async def close_all(self, session: Session) -> None:
        """End all connections of a session's viewers."""
        watching = [each for each, viewer in self._viewers.items() if viewer.session is session]
        await all_of([self.close(viewer_id) for viewer_id in watching])

    async def look(self, now_s: float, *, dead_s: float, connect_s: float) -> None:
        """Drop who is gone, and who never came up."""
        await all_of([viewer.listen() for viewer in self._viewers.values()])
        gone = [each for each, viewer in self._viewers.items() if viewer.is_gone(now_s, dead_s)]
        await all_of(
            [
                *(self.close(viewer_id) for viewer_id in gone),
                *(self._admission.end(each) for each in self._admission.older_than(connect_s)),
            ]
        )

    def _is_full(self, session: Session) -> bool:
        watching = sum(viewer.session is session for viewer in self._viewers.values())
        return watching + self._joining.count(session) >= MOST_VIEWERS
