"""Who may ask: every line of the checklist is a request that must be refused, or must not be."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from typer.testing import CliRunner

from engine.errors import MachineError
from stream.cli.commands import app
from stream.server.settings import ServerSettings, is_loopback
from tests.peers import LOCAL, Page, disc_near, page, server

TOKEN = "a-token-of-sixteen"


def asked(
    folder: Path,
    address: str,
    *,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    settings: ServerSettings = LOCAL,
    data: str | None = None,
) -> tuple[int, dict[str, str], str]:
    """One request to a fresh server; `PORT` in a header is its port."""

    async def run() -> tuple[int, dict[str, str], str]:
        async with server(folder, settings) as (served, http):
            sent = {
                name: value.replace("PORT", str(served.port))
                for name, value in (headers or {}).items()
            }
            address_there = f"http://127.0.0.1:{served.port}{address}"
            async with http.request(
                method, address_there, headers=sent, data=data, skip_auto_headers=["Content-Type"]
            ) as response:
                return response.status, dict(response.headers), await response.text()

    return asyncio.run(run())


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:PORT",
        "127.0.0.1.evil.example:PORT",
        "localhost.evil.example:PORT",
        "127.0.0.1:1",
        "127.0.0.1",
        "localhost:PORTx",
        "[::1",
    ],
)
def test_a_foreign_host_is_refused(tmp_path: Path, host: str) -> None:
    status, _, text = asked(tmp_path, "/api/portraits", headers={"Host": host})
    assert status == 421
    assert "disc" not in text


@pytest.mark.parametrize("host", ["127.0.0.1:PORT", "localhost:PORT", "LOCALHOST:PORT"])
def test_its_own_names_are_taken(tmp_path: Path, host: str) -> None:
    assert asked(tmp_path, "/api/portraits", headers={"Host": host})[0] == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1"},
        {"Origin": "http://127.0.0.1:PORT.evil.example"},
        {"Origin": "http://localhost:PORT"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_requests_of_other_sites_are_refused(tmp_path: Path, headers: dict[str, str]) -> None:
    status, answered, _ = asked(tmp_path, "/api/portraits", headers=headers)
    assert status == 403
    assert "Access-Control-Allow-Origin" not in answered


def test_requests_of_its_own_page_are_taken(tmp_path: Path) -> None:
    own = {"Origin": "http://127.0.0.1:PORT", "Sec-Fetch-Site": "same-origin"}
    assert asked(tmp_path, "/api/portraits", headers=own)[0] == 200


def test_no_other_site_is_told_that_it_may_ask(tmp_path: Path) -> None:
    foreign = {"Origin": "http://evil.example", "Access-Control-Request-Method": "POST"}
    status, answered, _ = asked(tmp_path, "/api/sessions", method="OPTIONS", headers=foreign)
    assert status == 403
    assert not [name for name in answered if name.startswith("Access-Control")]


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_what_a_form_of_another_site_could_send_is_refused(tmp_path: Path, kind: str) -> None:
    headers = {"Content-Type": kind} if kind else {}
    status = asked(tmp_path, "/api/sessions", method="POST", headers=headers, data="{}")[0]
    assert status == 415


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"Authorization": "Bearer wrong-token-of-16"}, 401),
        ({"Authorization": f"Basic {TOKEN}"}, 401),
        ({"Authorization": f"Bearer {TOKEN}"}, 200),
        ({"Authorization": f"bearer {TOKEN}"}, 200),
    ],
)
def test_where_there_is_a_token_every_request_needs_it(
    tmp_path: Path, headers: dict[str, str], status: int
) -> None:
    guarded = replace(LOCAL, token=TOKEN)
    answered = asked(tmp_path, "/api/portraits", headers=headers, settings=guarded)
    assert answered[0] == status
    assert (status == 401) == ("WWW-Authenticate" in answered[1])
    assert TOKEN not in answered[2]


@pytest.mark.parametrize(
    "address", ["/api/portraits/disc/picture", "/api/sessions/x", "/api/sessions/x/recording"]
)
def test_pictures_and_recordings_are_behind_the_token_too(tmp_path: Path, address: str) -> None:
    assert asked(tmp_path, address, settings=replace(LOCAL, token=TOKEN))[0] == 401


def test_the_page_cannot_be_framed_and_the_bare_view_only_on_this_machine(tmp_path: Path) -> None:
    for address, framers in (
        ("/", "'none'"),
        ("/assets/index.html", "'none'"),
        ("/view", "'self' http://127.0.0.1:* http://localhost:*"),
    ):
        policy = asked(tmp_path, address)[1]["Content-Security-Policy"]
        told = dict(part.strip().split(" ", 1) for part in policy.split(";"))
        assert told["frame-ancestors"] == framers
        assert told["default-src"] == "'none'"
        assert "unsafe" not in policy
    assert asked(tmp_path, "/")[1]["Cross-Origin-Opener-Policy"] == "same-origin"


def test_refusals_are_as_careful_as_answers(tmp_path: Path) -> None:
    for address in ("/nowhere", "/api/sessions/x", "/api/portraits"):
        headers = asked(tmp_path, address, headers={"Origin": "http://elsewhere"})[1]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cache-Control"] == "no-store"


def test_somebody_elses_session_cannot_be_ended_without_the_token(tmp_path: Path) -> None:
    async def run() -> None:
        async with server(tmp_path, replace(LOCAL, token=TOKEN)) as (served, http):
            assert served.url.endswith(f"/#token={TOKEN}")
            address = served.url.partition("#")[0]
            http.headers["Authorization"] = f"Bearer {TOKEN}"
            async with page(http, address) as peer:
                await peer.until(disc_near(128, 128))
                del http.headers["Authorization"]
                place = f"{peer.url}/api/sessions/{peer.session['id']}"
                for method, address_there in (
                    ("DELETE", place),
                    ("PATCH", place),
                    ("DELETE", f"{peer.url}/whip/{peer.session['id']}"),
                ):
                    async with http.request(method, address_there) as response:
                        assert response.status == 401
                peer.camera.centre = (160, 128)
                await peer.until(disc_near(160, 128))

    asyncio.run(run())


@pytest.mark.parametrize(
    "name",
    [
        "../settings.py",
        "..%2fserver%2fapp.py",
        "%2e%2e/cli.py",
        "/etc/passwd",
        "%2fetc%2fpasswd",
        "x%00.html",
        ".",
        "nothing.html",
    ],
)
def test_only_files_of_the_page_are_served(tmp_path: Path, name: str) -> None:
    pages = tmp_path / "page"
    pages.mkdir()
    (pages / "index.html").write_text("the page")
    (tmp_path / "secret.html").write_text("secret")
    (pages / "link.html").symlink_to(tmp_path / "secret.html")
    settings = replace(LOCAL, pages=pages)
    for asked_for in (name, "link.html", "../secret.html", "%2e%2e%2fsecret.html"):
        status, _, text = asked(tmp_path, f"/assets/{asked_for}", settings=settings)
        assert status in (403, 404)
        assert "secret" not in text
    status, headers, text = asked(tmp_path, "/", settings=settings)
    assert (status, text) == (200, "the page")
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    ("address", "method", "status"),
    [("/nowhere", "GET", 404), ("/api/portraits", "DELETE", 405), ("/api/sessions/x", "GET", 404)],
)
def test_errors_are_json_that_says_what_to_do(
    tmp_path: Path, address: str, method: str, status: int
) -> None:
    answered, headers, text = asked(tmp_path, address, method=method)
    assert (answered, headers["Content-Type"].split(";")[0]) == (status, "application/json")
    assert '"error"' in text
    assert "Traceback" not in text


@pytest.mark.parametrize(
    ("host", "is_local"),
    [("127.0.0.1", True), ("localhost", True), ("::1", True), ("0.0.0.0", False), ("box", False)],
)
def test_loopback_is_told_from_the_rest(host: str, is_local: bool) -> None:
    assert is_loopback(host) is is_local


def test_beyond_this_machine_there_is_no_server_without_a_token() -> None:
    with pytest.raises(ValueError, match="token"):
        ServerSettings(host="0.0.0.0")


def test_the_link_carries_any_token_whole(tmp_path: Path) -> None:
    token = "base64+with/signs==&#%41?'\"<>"

    async def run() -> None:
        async with server(tmp_path, replace(LOCAL, token=token)) as (served, http):
            # As the page reads it: URLSearchParams of what stands behind the #.
            assert parse_qs(urlsplit(served.url).fragment)["token"] == [token]
            address = f"http://127.0.0.1:{served.port}/api/portraits"
            async with http.get(address, headers={"Authorization": f"Bearer {token}"}) as response:
                assert response.status == 200

    asyncio.run(run())


def test_on_all_addresses_any_address_is_its_own_but_no_foreign_name(tmp_path: Path) -> None:
    everywhere = replace(LOCAL, host="0.0.0.0", token=TOKEN)
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    for host, status in (("192.0.2.7:PORT", 200), ("evil.example:PORT", 421)):
        headers = bearer | {"Host": host}
        assert asked(tmp_path, "/api/portraits", headers=headers, settings=everywhere)[0] == status


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--size", "513"], "must be even"),
        (["--token", "short"], "16 characters"),
        (["--token", "words with spaces between"], "16 characters"),
        (["--token", "сімнадцять-літер-"], "16 characters"),
        (["--token", "a-token-and-a-line\n"], "16 characters"),
        (["--sessions", "0"], "sessions"),
        (["--port", "70000"], "port"),
    ],
)
def test_the_command_refuses_what_cannot_be_meant(arguments: list[str], sentence: str) -> None:
    result = CliRunner().invoke(app, ["serve", *arguments])
    assert result.exit_code == 2
    assert sentence in result.output


@pytest.mark.parametrize(
    ("arguments", "has_token"),
    [([], True), (["--no-token"], False), (["--host", "::1"], True), (["--token", "t" * 16], True)],
)
def test_the_command_makes_a_token_on_this_machine_too(
    arguments: list[str], has_token: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other users and other programs reach 127.0.0.1 as well."""
    started: list[ServerSettings] = []
    monkeypatch.setattr("stream.server.app.serve", lambda settings, **_: started.append(settings))
    monkeypatch.setattr("stream.cli.factories.load_model", lambda *_, **__: None)
    for _ in range(2):
        result = CliRunner().invoke(app, ["serve", *arguments])
        assert result.exit_code == 0, result.output
    tokens = [settings.token for settings in started]
    assert [token is not None for token in tokens] == [has_token, has_token]
    if has_token and "--token" not in arguments:
        assert tokens[0] != tokens[1]
        assert all(len(token or "") >= 43 for token in tokens), "256 bits in 43 characters"


@pytest.mark.parametrize(
    "arguments",
    [["--host", "0.0.0.0"], ["--token", "t" * 16], ["--public-url", "https://cam.example.org"]],
)
def test_no_token_is_for_this_machine_alone(arguments: list[str]) -> None:
    result = CliRunner().invoke(app, ["serve", "--no-token", *arguments])
    assert result.exit_code == 2
    assert "--no-token" in result.output


def test_an_upload_without_end_is_cut_off(tmp_path: Path) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(64):
            yield bytes(1024 * 1024)

    async def run() -> int:
        async with server(tmp_path) as (served, http):
            address = f"{served.url}api/portraits"
            async with http.post(address, data=endless()) as response:
                return response.status

    assert asyncio.run(run()) == 413


def test_a_connection_that_never_comes_up_gives_its_place_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stream.server.sessions.CONNECT_S", 0.5)

    async def run() -> None:
        async with server(tmp_path, replace(LOCAL, most_sessions=1)) as (served, http):
            lazy = Page(http, served.url)
            lazy.connection.addTransceiver("video")
            await lazy.connection.setLocalDescription(await lazy.connection.createOffer())
            offer = {"sdp": lazy.connection.localDescription.sdp, "type": "offer"}
            # Its candidates are kept from the server, which so never hears of it again.
            offer["sdp"] = "\r\n".join(
                line for line in offer["sdp"].splitlines() if not line.startswith("a=candidate")
            )
            statuses = []
            for _ in range(40):
                async with http.post(f"{served.url}api/sessions", json=offer) as response:
                    statuses.append(response.status)
                if statuses.count(201) == 2:
                    break
                await asyncio.sleep(0.25)
            await lazy.close()
            assert statuses[0] == 201
            assert 503 in statuses
            assert statuses[-1] == 201

    asyncio.run(run())


def test_a_port_that_is_taken_is_told_in_one_line(tmp_path: Path) -> None:
    async def run() -> None:
        async with server(tmp_path) as (served, _):
            with pytest.raises(MachineError, match=r"\(Address already in use\).*--port"):
                async with server(tmp_path, replace(LOCAL, port=served.port)):
                    pass

    asyncio.run(run())
