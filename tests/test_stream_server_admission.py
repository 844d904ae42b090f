"""Who comes in where many want to: a few of each caller, and of the viewers of a session."""

import asyncio
from collections import Counter
from pathlib import Path

import aiohttp
import pytest

from stream.server import admission
from stream.server.admission import Admission, Waiting
from stream.server.app import Served
from stream.server.app_keys import SESSIONS
from stream.server.busy import BusyError
from stream.server.callers import Caller
from stream.server.viewers import MOST_VIEWERS
from tests.peers import browser, disc_near, page
from tests.strangers import SDP, half_open_offer, with_server

HOME = Caller(browser=None, address=None)


def test_a_caller_has_few_waiting_and_a_slow_one_makes_room(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given_up: list[int] = []

    async def run() -> None:
        waiting = Admission(most=6, most_each=2, most_per_address=3)

        async def admit(number: int, caller: Caller) -> None:
            each = await waiting.admit(caller)

            async def give_up() -> None:
                given_up.append(number)

            each.give_up = give_up

        ann = [Caller(browser="ann", address=f"192.0.2.{n}") for n in range(3)]
        await admit(0, ann[0])
        await admit(1, ann[1])
        with pytest.raises(BusyError):
            await admit(2, ann[2])  # one browser, wherever it is
        for number, name in enumerate(("ben", "cleo")):
            await admit(3 + number, Caller(browser=name, address="192.0.2.0"))
        with pytest.raises(BusyError):
            await admit(5, Caller(browser="dora", address="192.0.2.0"))  # one address
        await admit(6, HOME)
        await admit(7, HOME)
        with pytest.raises(BusyError):
            await admit(8, Caller(browser="emil", address="192.0.2.9"))  # all
        assert given_up == []
        monkeypatch.setattr(admission, "PROMPT_S", -1.0)
        await admit(9, Caller(browser="emil", address="192.0.2.9"))
        assert given_up == [0]

    asyncio.run(run())


def test_whoever_has_many_waiting_makes_way_for_whoever_has_few() -> None:
    place = object()
    greedy, modest = (Caller(browser=name, address=None) for name in ("greedy", "modest"))

    async def run() -> None:
        waiting = Admission(most=9, most_each=9, most_per_address=9)

        async def admit(caller: Caller) -> Waiting:
            each = await waiting.admit(caller)
            each.place, each.give_up = place, asyncio.Event().wait
            return each

        first = await admit(greedy)
        assert waiting.in_the_way(place, greedy) is None
        await admit(greedy)
        await waiting.admit(modest)  # the one that asks
        assert waiting.in_the_way(place, modest) is first
        assert waiting.in_the_way(object(), modest) is None
        assert waiting.in_the_way(place, greedy) is None

    asyncio.run(run())


def test_who_has_been_heard_of_is_not_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admission, "PROMPT_S", -1.0)

    async def run() -> None:
        waiting = Admission(most=1, most_each=1, most_per_address=1)
        each = await waiting.admit(HOME)
        each.give_up, each.is_answered = asyncio.Event().wait, lambda: True
        with pytest.raises(BusyError):
            await waiting.admit(HOME)
        waiting.leave(each)
        await waiting.admit(HOME)

    asyncio.run(run())


def test_viewers_who_come_all_at_once_are_no_more_than_the_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        admission, "PROMPT_S", 60.0
    )  # on a busy machine, nobody is slow all the same

    async def test(served: Served, http: aiohttp.ClientSession) -> None:
        sdp = await half_open_offer("recvonly")

        async def watch(address: str) -> int:
            async with http.post(address, data=sdp, headers=SDP) as response:
                return response.status

        async with page(http, served.url) as peer:
            await peer.until(disc_near(128, 128))
            address = f"{served.url}whep/{peer.session['id']}"
            statuses = Counter(await asyncio.gather(*(watch(address) for _ in range(40))))
            assert statuses == {201: MOST_VIEWERS, 503: 40 - MOST_VIEWERS}

    with_server(tmp_path, test)


def test_viewers_of_many_browsers_are_no_more_than_the_limit_either(tmp_path: Path) -> None:
    async def test(served: Served, http: aiohttp.ClientSession) -> None:
        sdp = await half_open_offer("recvonly")
        most = 0

        async def watch(address: str) -> None:
            nonlocal most
            async with browser() as each:
                async with each.get(f"{served.url}api/portraits"):
                    pass  # for the cookie
                for _ in range(3):
                    async with each.post(address, data=sdp, headers=SDP) as response:
                        assert response.status in (201, 503)
                    most = max(most, len(vars(served.app[SESSIONS].viewers)["_viewers"]))

        async with page(http, served.url) as peer:
            await peer.until(disc_near(128, 128))
            address = f"{served.url}whep/{peer.session['id']}"
            await asyncio.gather(*(watch(address) for _ in range(12)))
            assert most == MOST_VIEWERS

    with_server(tmp_path, test)
