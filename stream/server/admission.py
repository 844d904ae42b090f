"""Connections that are coming up: so many in all, and of one caller, and none for long.

An offer is cheap to send and costs a place, a tracker and sockets. A peer that means it connects in
less than a second, so where there is no room, one that has been waiting for longer makes room, and
whoever has many waiting comes before whoever has few.
"""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from stream.server.busy import BusyError
from stream.server.callers import Caller
from stream.server.peers import Peer

PROMPT_S = 1.0
"""An honest peer on a slow line may take longer, and does where nobody else wants to come in."""


@dataclass(slots=True, kw_only=True, eq=False)
class Waiting:
    """One connection that is coming up."""

    caller: Caller
    place: object | None = None
    """What it takes up a place of, if anything."""
    began_s: float = field(default_factory=time.monotonic)
    give_up: Callable[[], Awaitable[object]] | None = None
    """Ends it; None while the answer is being made."""
    is_answered: Callable[[], bool] = lambda: False
    """Whether the peer has been heard of: media will flow in a moment."""

    def is_slow(self, now_s: float) -> bool:
        """Whether it may lose its place."""
        return self.can_go and now_s - self.began_s > PROMPT_S

    @property
    def can_go(self) -> bool:
        """Whether it can be given up, and its peer has not been heard of."""
        return self.give_up is not None and not self.is_answered()


class Admission:
    """All connections that are coming up. Changed by one event loop."""

    def __init__(self, *, most: int, most_each: int, most_per_address: int) -> None:
        self._most = most
        self._most_each = most_each
        self._most_per_address = most_per_address
        self._waiting: dict[Waiting, None] = {}

    async def admit(self, caller: Caller) -> Waiting:
        """One more; `BusyError` where there is no room and nobody has been slow."""
        now_s = time.monotonic()
        leaving = [
            self._slow_one(scope, now_s)
            for most, scope in self._scopes(caller)
            if len(scope) >= most
        ]
        waiting = Waiting(caller=caller)
        self._waiting[waiting] = None
        for slow in dict.fromkeys(leaving):
            await self.end(slow)
        return waiting

    def follow(
        self,
        peer: Peer,
        waiting: Waiting,
        *,
        give_up: Callable[[], Awaitable[object]],
        lost: Callable[[], Awaitable[object]],
        up: Callable[[], Awaitable[object]] | None = None,
    ) -> None:
        """Follow a connection that was answered: while it comes up, when it is, and to its end."""
        waiting.give_up, waiting.is_answered = give_up, lambda: peer.is_answered

        async def changed() -> None:
            state = peer.connection.connectionState
            if state == "connected":
                self.leave(waiting)
                if up is not None:
                    await up()
            elif state in ("failed", "closed"):
                self.leave(waiting)
                await lost()

        peer.connection.on("connectionstatechange", changed)

    def leave(self, waiting: Waiting) -> None:
        """It is up, or gone."""
        self._waiting.pop(waiting, None)

    async def end(self, waiting: Waiting) -> None:
        """Give one up."""
        self.leave(waiting)
        if waiting.give_up is not None:
            await waiting.give_up()

    def in_the_way(self, place: object, caller: Caller) -> Waiting | None:
        """Whose place this caller may have: a slow one, or one of a caller with more of them."""
        now_s = time.monotonic()
        holding = [each for each in self._waiting if each.place is place and each.can_go]
        holding.sort(key=lambda each: -self._count(each.caller))  # stable: the oldest of these
        for each in holding:
            if each.is_slow(now_s) or self._count(each.caller) > self._count(caller):
                return each
        return None

    def older_than(self, age_s: float) -> list[Waiting]:
        """Those that have been coming up for so long."""
        began_s = time.monotonic() - age_s
        return [each for each in self._waiting if each.give_up and each.began_s < began_s]

    def _count(self, caller: Caller) -> int:
        return sum(_is_same(each.caller, caller) for each in self._waiting)

    def _scopes(self, caller: Caller) -> list[tuple[int, list[Waiting]]]:
        """Each limit that this caller comes under, with those that it counts."""
        everybody = list(self._waiting)
        own = [each for each in everybody if _is_same(each.caller, caller)]
        scopes = [(self._most, everybody), (self._most_each, own)]
        if caller.address is not None:
            same = [each for each in everybody if each.caller.address == caller.address]
            scopes.append((self._most_per_address, same))
        return scopes

    def _slow_one(self, scope: list[Waiting], now_s: float) -> Waiting:
        found = next((each for each in scope if each.is_slow(now_s)), None)
        if found is None:
            raise BusyError("many connections are coming up at once: try again in a moment")
        return found


def _is_same(one: Caller, other: Caller) -> bool:
    """Whether they are one browser session, wherever it is, or programs at one address."""
    if one.browser is None or other.browser is None:
        return one == other
    return one.browser == other.browser
