"""Own portraits: opened apart from everything else, and nobody's but their browser's."""

import asyncio
import io
import json
import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import numpy as np
import pytest
from PIL import Image

from engine.errors import InputError
from engine.frame import Pixels
from engine.pictures import NotAPictureError, TooLargeError
from stream.files.portrait_file import portrait_bytes
from stream.server import decoders
from stream.server.app import Served
from stream.server.app_keys import DECODERS
from stream.server.busy import BusyError
from stream.server.decoders import Decoders
from stream.server.forms import MOST_PARTS, file_of_form
from stream.server.portrait_list import Item
from stream.server.uploads import (
    FORGOTTEN_AFTER_S,
    MOST,
    MOST_ARRIVING,
    MOST_ARRIVING_EACH,
    MOST_EACH,
    Uploads,
)
from tests.fakes import disc_face, disc_picture
from tests.peers import SIZE, SOON_S, browser, disc_near, page, server
from tests.pictures_that_bite import black_png, claimed_png, endless_jpeg
from tests.portraits_made import made_portrait

FORM = "multipart/form-data; boundary=x"


def png(disc: tuple[float, float] = (60, 190)) -> bytes:
    into = io.BytesIO()
    Image.fromarray(disc_picture(SIZE, SIZE, disc, 40.0)).save(into, "PNG")
    return into.getvalue()


def field(content: bytes, name: str = "file", file_name: str = "me.png") -> bytes:
    head = f'--x\r\nContent-Disposition: form-data; name="{name}"; filename="{file_name}"\r\n\r\n'
    return head.encode() + content + b"\r\n"


async def bring(http: aiohttp.ClientSession, served: Served, content: bytes) -> tuple[int, Any]:
    async with http.post(f"{served.url}api/portraits", data=content) as response:
        return response.status, await response.json()


async def listed(http: aiohttp.ClientSession, served: Served) -> list[str]:
    async with http.get(f"{served.url}api/portraits") as response:
        return [item["id"] for item in await response.json() if item["own"]]


async def asked(http: aiohttp.ClientSession, method: str, address: str) -> int:
    async with http.request(method, address) as response:
        return response.status


# ---- opening


def opened(content: bytes, command: tuple[str, ...] = decoders.COMMAND) -> Pixels:
    pixels = asyncio.run(Decoders(command).open(content))
    assert isinstance(pixels, np.ndarray)
    return pixels


def test_a_picture_is_opened_as_it_is_in_this_process() -> None:
    pixels = opened(png())
    assert (pixels == disc_picture(SIZE, SIZE, (60, 190), 40.0)).all()


@pytest.mark.parametrize(
    ("content", "kind", "sentence"),
    [
        (b"GIF89a" + bytes(100), NotAPictureError, "JPEG, PNG or WebP"),
        (b"", NotAPictureError, "JPEG, PNG or WebP"),
        (png()[:900], InputError, "damaged"),
        (claimed_png(4097, 16), TooLargeError, "4097 x 16 pixels; the limit is 4096 x 4096"),
        (claimed_png(1, 79_999_999), TooLargeError, "4096 x 4096"),
        (claimed_png(65_000, 65_000), TooLargeError, "too large"),
    ],
)
def test_a_picture_that_cannot_be_used_is_refused_with_its_reason(
    content: bytes, kind: type[InputError], sentence: str
) -> None:
    with pytest.raises(kind, match=sentence):
        opened(content)


def test_a_picture_that_takes_for_ever_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoders, "TIME_S", 2.0)
    with pytest.raises(InputError, match="takes too long"):
        opened(endless_jpeg())


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere, address space is not limited")
def test_a_picture_that_takes_too_much_memory_is_refused() -> None:
    limited = "from stream.server import decode; decode.MEMORY = 160_000_000; decode.main()"
    command = (sys.executable, "-c", limited)
    assert opened(png(), command).shape == (SIZE, SIZE, 3)
    with pytest.raises(InputError, match="too much memory"):
        opened(black_png(4096, 4096), command)


@pytest.mark.parametrize(
    "written",
    [
        "",
        "nonsense",
        "[]\\n",
        '{"height": 1}\\n',
        '{"height": 2, "width": 2}\\nshort',
        '{"height": 100000, "width": 100000}\\n',
        '{"height": -1, "width": -1}\\n',
    ],
)
def test_what_a_decoder_writes_is_not_trusted(written: str) -> None:
    lied = (sys.executable, "-c", f"import sys; sys.stdin.read(); sys.stdout.write('{written}')")
    with pytest.raises(InputError, match="cannot be opened"):
        opened(b"a", command=lied)


def test_two_are_opened_at_once_some_wait_and_more_are_sent_away(tmp_path: Path) -> None:
    marks = f"import pathlib, sys, time; pathlib.Path(r'{tmp_path}', sys.stdin.read()).touch()"
    slow = (sys.executable, "-c", f"{marks}; time.sleep(60)")

    async def run() -> None:
        desk = Decoders(slow)
        tasks = [asyncio.create_task(desk.open(b"%d" % n)) for n in range(decoders.MOST_WAITING)]
        await until(lambda: len(list(tmp_path.iterdir())) == decoders.MOST_AT_ONCE)
        with pytest.raises(BusyError):
            await desk.open(b"more")
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert len(list(tmp_path.iterdir())) == decoders.MOST_AT_ONCE  # noqa: ASYNC240
        assert not [task for task in tasks if not task.cancelled()]

    asyncio.run(run())


def with_server(folder: Path, test: Callable[[Served], Awaitable[None]]) -> None:
    async def run() -> None:
        async with server(folder) as (served, _):
            await test(served)

    asyncio.run(run())


@pytest.mark.slow
def test_others_are_served_while_a_picture_takes_for_ever(tmp_path: Path) -> None:
    """A page comes on camera and brings its own portrait meanwhile."""

    async def test(served: Served) -> None:
        async with browser() as stranger, browser() as honest:
            bomb = asyncio.create_task(bring(stranger, served, endless_jpeg()))
            async with page(honest, served.url) as peer:
                await peer.until(disc_near(128, 128))
                status, told = await bring(honest, served, png())
                assert status == 201
                assert (await peer.patch(portrait=told["id"]))[0] == 200
                await peer.until(disc_near(60, 190))
            status, told = await bomb
            assert (status, "takes too long" in told["error"]) == (422, True)

    with_server(tmp_path, test)


def test_a_sender_who_leaves_takes_the_process_along(tmp_path: Path) -> None:
    started = tmp_path / "started"
    script = f"import os, pathlib, time; pathlib.Path(r'{started}').write_text(str(os.getpid()))"

    async def test(served: Served) -> None:
        vars(served.app[DECODERS])["_command"] = (
            sys.executable, "-c", f"{script}; time.sleep(60)",
        )  # fmt: skip
        async with browser() as http:
            sending = asyncio.create_task(bring(http, served, png()))
            await until(started.exists)
            sending.cancel()
        process = int(started.read_text())
        async with asyncio.timeout(decoders.TIME_S - 1):
            while is_there(process):  # noqa: ASYNC110
                await asyncio.sleep(0.05)

    with_server(tmp_path, test)


def is_there(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


async def until(holds: Callable[[], object]) -> None:
    async with asyncio.timeout(SOON_S):
        while not holds():  # noqa: ASYNC110
            await asyncio.sleep(0.05)


def test_the_server_stops_while_a_picture_is_opened(tmp_path: Path) -> None:
    async def run() -> float:
        loop = asyncio.get_running_loop()
        async with server(tmp_path) as (served, http):
            sending = asyncio.create_task(bring(http, served, endless_jpeg()))
            await asyncio.sleep(0.5)
            began = loop.time()
        sending.cancel()
        return loop.time() - began

    assert asyncio.run(run()) < decoders.TIME_S


# ---- forms


def test_the_file_of_a_form_is_found_with_its_name() -> None:
    body = (
        field(b"other", "first") + field(b"a\r\n\r\nb\r\n--", file_name="Tante Änne.png") + b"--x--"
    )
    assert file_of_form(FORM, body) == (b"a\r\n\r\nb\r\n--", "Tante Änne.png")


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("multipart/form-data", field(b"a") + b"--x--"),
        ("multipart/form-data; boundary*99999999999=y", field(b"a") + b"--x--"),
        (FORM, b""),
        (FORM, b"--x--"),
        (FORM, field(b"a")),
        (FORM, b"preamble\r\n" + field(b"a") + b"--x--"),
        (FORM, b"\n" * 1_000_000),
        (FORM, field(b"a", "other") + b"--x--"),
        (FORM, field(b"a", "other") * (MOST_PARTS + 1) + b"--x--"),
        (FORM, field(b"a", "other") * 100_000 + b"--x--"),
        (FORM, b"--x\r\n" + b"H: a\r\n" * 10_000 + b"\r\na\r\n--x--"),
        (FORM, b"--x\r\nContent-Disposition: form-data; name*a=b; name*1=c\r\n\r\na\r\n--x--"),
    ],
)
def test_a_form_that_browsers_do_not_send_is_refused(kind: str, body: bytes) -> None:
    with pytest.raises(ValueError, match="form"):
        file_of_form(kind, body)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (field(b"a", "other") * 100_000 + b"--x--", 400),
        (field(bytes(11 * 1024 * 1024), "other") + b"--x--", 413),
        (field(bytes(11 * 1024 * 1024)) + b"--x--", 413),
        (b"--x\r\nContent-Disposition: form-data\r\n\r\n", 400),
    ],
)
def test_the_server_refuses_it_with_a_sentence(tmp_path: Path, body: bytes, status: int) -> None:
    async def test(served: Served) -> None:
        async with (
            browser() as http,
            http.post(
                f"{served.url}api/portraits", data=io.BytesIO(body), headers={"Content-Type": FORM}
            ) as response,
        ):
            assert response.status == status
            assert json.loads(await response.text())["error"]

    with_server(tmp_path, test)


# ---- portrait files


def test_a_portrait_file_is_taken_wherever_a_picture_is(tmp_path: Path) -> None:
    content = portrait_bytes(made_portrait())

    async def test(served: Served) -> None:
        async with browser() as http:
            assert await listed(http, served) == []  # which makes it known
            status, item = await bring(http, served, content)
            assert status == 201
            assert await listed(http, served) == [item["id"]]
            async with http.get(f"{served.url}{item['url'][1:]}") as response:
                assert (await response.read()).startswith(b"\xff\xd8")
            status, refusal = await bring(http, served, content[:-50])
            assert status == 422
            assert "its end is missing" in refusal["error"]

    with_server(tmp_path, test)


# ---- whose they are


def test_nobody_else_sees_gets_uses_or_deletes_an_own_portrait(tmp_path: Path) -> None:
    async def test(served: Served) -> None:
        async with browser() as owner, browser() as other, aiohttp.ClientSession() as program:
            assert await listed(owner, served) == []
            own = (await bring(owner, served, png()))[1]["id"]
            assert await listed(owner, served) == [own]
            address = f"{served.url}api/portraits/{own}"
            assert await asked(owner, "GET", f"{address}/picture") == 200
            for stranger in (other, program):
                assert await listed(stranger, served) == []
                assert await asked(stranger, "GET", f"{address}/picture") == 404
                assert await asked(stranger, "DELETE", address) == 404
                async with stranger.post(
                    f"{served.url}api/sessions", json={"sdp": "v=0", "portrait": own}
                ) as response:
                    assert response.status == 404
            assert await asked(owner, "GET", f"{address}/picture") == 200

    with_server(tmp_path, test)


def test_a_cookie_that_the_server_did_not_make_is_nobodys(tmp_path: Path) -> None:
    async def test(served: Served) -> None:
        async with browser() as owner:
            await listed(owner, served)
            own = (await bring(owner, served, png()))[1]["id"]
            (cookie,) = owner.cookie_jar
            assert cookie["httponly"]
            assert cookie["samesite"] == "Strict"
            name, _, signature = cookie.value.partition(".")
            for forged in (f"{name}.", name, f"{name}x.{signature}", ".", "\xff.\xff"):
                headers = {"Cookie": f"{cookie.key}={forged}"}
                address = f"{served.url}api/portraits/{own}/picture"
                async with aiohttp.ClientSession(headers=headers) as stranger:
                    assert await asked(stranger, "GET", address) == 404

    with_server(tmp_path, test)


def test_an_own_portrait_can_be_deleted_and_the_packages_cannot(tmp_path: Path) -> None:
    async def test(served: Served) -> None:
        async with browser() as http, page(http, served.url) as peer:
            own = (await bring(http, served, png()))[1]["id"]
            await peer.patch(portrait=own)
            await peer.until(disc_near(60, 190))
            assert await asked(http, "DELETE", f"{served.url}api/portraits/{own}") == 204
            assert await listed(http, served) == []
            assert await asked(http, "GET", f"{served.url}api/portraits/{own}/picture") == 404
            assert await asked(http, "DELETE", f"{served.url}api/portraits/{own}") == 404
            assert await asked(http, "DELETE", f"{served.url}api/portraits/disc") == 403
            peer.camera.centre = (140, 128)
            await peer.until(disc_near(72, 190))  # what is on camera goes on

    with_server(tmp_path, test)


def item(name: str) -> Item:
    picture = disc_picture(64, 64, (32, 32), 10.0)
    face = disc_face((32, 32), 10.0)
    return Item(id=name, name=name, picture=picture, face=face, jpeg=b"", is_own=True)


def test_own_portraits_are_forgotten_with_their_browser_session() -> None:
    now_s = [0.0]
    uploads = Uploads(lambda: now_s[0])
    uploads.add(item("a"), "ann")
    uploads.add(item("b"), "ben")
    uploads.add(item("c"), None)
    now_s[0] += FORGOTTEN_AFTER_S - 1
    assert [each.id for each in uploads.of("ben")] == ["b"]
    now_s[0] += 2
    uploads.tidy()
    assert uploads.find("a", "ann") is None
    assert uploads.find("b", "ben") is not None
    assert uploads.find("c", None) is None


def test_whoever_has_most_makes_room() -> None:
    uploads = Uploads()
    uploads.add(item("ann's"), "ann")
    for number in range(MOST_EACH + 3):
        uploads.add(item(f"ben's {number}"), "ben")
    assert [each.id for each in uploads.of("ben")] == [
        f"ben's {n}" for n in range(3, MOST_EACH + 3)
    ]
    for number in range(2 * MOST):
        uploads.add(item(f"{number}"), f"stranger {number}")
    assert len(uploads.of("ben")) < MOST_EACH
    uploads.add(item("ann's new one"), "ann")
    assert uploads.find("ann's new one", "ann") is not None


def test_only_so_many_files_are_received_at_once() -> None:
    uploads = Uploads()
    entered = [uploads.arriving(f"browser {n}") for n in range(MOST_ARRIVING)]
    for each in entered:
        each.__enter__()
    with pytest.raises(BusyError), uploads.arriving("ann"):
        pass
    entered[0].__exit__(None, None, None)
    with uploads.arriving("ann"):
        pass


@pytest.mark.parametrize("stranger", ["ben", None])
def test_whoever_sends_many_files_keeps_only_themselves_waiting(stranger: str | None) -> None:
    uploads = Uploads()
    entered = [uploads.arriving(stranger) for _ in range(MOST_ARRIVING_EACH)]
    for each in entered:
        each.__enter__()
    with pytest.raises(BusyError), uploads.arriving(stranger):
        pass
    with uploads.arriving("ann"):
        pass
    entered[0].__exit__(None, None, None)
    with uploads.arriving(stranger):
        pass
