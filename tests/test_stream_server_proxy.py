"""Beyond this machine: no plain http unasked, https of its own, or behind a proxy that has it."""

import asyncio
import datetime
import ipaddress
import ssl
import subprocess
import sys
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from engine.errors import InputError
from stream.server.app import Served
from stream.server.callers import Callers
from stream.server.settings import ServerSettings, read_origin, refuse_plain_http
from tests.peers import LOCAL, browser, server
from tests.whip_client import Client

TOKEN = "a-token-of-sixteen"
PUBLIC = replace(LOCAL, token=TOKEN, public_url="https://cam.example.org")
BEARER = {"Authorization": f"Bearer {TOKEN}"}


def command(*arguments: str) -> tuple[int, list[str]]:
    """Exit code and lines of standard error of a server that must not start."""
    done = subprocess.run(
        [sys.executable, "-m", "stream.cli", "serve", "--port", "0", *arguments],
        cwd=Path(__file__).parents[1], capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.stdout == ""
    return done.returncode, done.stderr.splitlines()


@pytest.mark.parametrize(
    "arguments",
    [
        ("--host", "0.0.0.0"),
        ("--host", "::"),
        ("--host", "192.0.2.7", "--token", TOKEN),
        ("--public-url", "http://cam.example.org"),
    ],
)
def test_plain_http_beyond_this_machine_must_be_asked_for(arguments: tuple[str, ...]) -> None:
    code, lines = command(*arguments)
    assert code == 1
    assert len(lines) == 1
    for way in ("--tls-cert", "--public-url", "--insecure-http"):
        assert way in lines[0]


def test_a_certificate_that_cannot_be_used_is_one_line(tmp_path: Path) -> None:
    code, lines = command(
        "--tls-cert", str(tmp_path / "none.pem"), "--tls-key", str(tmp_path / "none.pem")
    )
    assert code == 1
    assert len(lines) == 1
    assert "none.pem" in lines[0]


@pytest.mark.parametrize(
    "arguments",
    [
        ("--public-url", "cam.example.org"),
        ("--public-url", "https://cam.example.org/understudy"),
        ("--tls-cert", "cert.pem"),
    ],
)
def test_what_cannot_be_meant_is_a_usage_error(arguments: tuple[str, ...]) -> None:
    assert command(*arguments)[0] == 2


@pytest.mark.parametrize(
    "settings",
    [
        LOCAL,
        PUBLIC,
        replace(LOCAL, token=TOKEN, public_url="http://localhost:9000"),
        replace(LOCAL, host="0.0.0.0", token=TOKEN, insecure_http=True),
        replace(PUBLIC, host="0.0.0.0"),
        replace(LOCAL, host="0.0.0.0", token=TOKEN, tls_cert=Path("a"), tls_key=Path("b")),
    ],
)
def test_whoever_says_how_may_serve(settings: ServerSettings) -> None:
    refuse_plain_http(settings)


def test_a_public_server_has_a_token() -> None:
    with pytest.raises(ValueError, match="token"):
        replace(PUBLIC, token=None)


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://Cam.Example.org/", "https://cam.example.org"),
        ("https://cam.example.org:443", "https://cam.example.org"),
        ("https://cam.example.org:8443", "https://cam.example.org:8443"),
        ("http://[::1]:9000", "http://[::1]:9000"),
    ],
)
def test_an_address_is_read_as_its_origin(url: str, origin: str) -> None:
    assert read_origin(url) == origin


@pytest.mark.parametrize(
    "url",
    [
        "", "https://", "cam.example.org", "ftp://a", "https://a/b", "https://a?b", "https://a#b",
        "https://me:word@a", "https://a b", "https://a:99999", "https://[::1", "javascript:a",
    ],
)  # fmt: skip
def test_what_is_no_origin_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"https://cam\.example\.org"):
        read_origin(url)


def with_server(
    folder: Path, test: Callable[[Served], Awaitable[None]], settings: ServerSettings = PUBLIC
) -> None:
    async def run() -> None:
        async with server(folder, settings) as (served, _):
            await test(served)

    asyncio.run(run())


async def asked(served: Served, headers: dict[str, str]) -> int:
    address = f"http://127.0.0.1:{served.port}/api/portraits"
    async with (
        aiohttp.ClientSession() as http,
        http.get(
            address,
            headers=BEARER
            | {name: text.replace("PORT", str(served.port)) for name, text in headers.items()},
        ) as response,
    ):
        return response.status


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "cam.example.org"}, 200),
        ({"Host": "CAM.example.org:443"}, 200),
        ({"Host": "cam.example.org", "Origin": "https://cam.example.org"}, 200),
        ({"Host": "127.0.0.1:PORT", "Origin": "https://cam.example.org"}, 200),
        ({"Host": "cam.example.org:80"}, 421),
        ({"Host": "evil.example"}, 421),
        ({"Host": "cam.example.org.evil.example"}, 421),
        ({"Host": "evil.example", "X-Forwarded-Host": "cam.example.org"}, 421),
        ({"Host": "evil.example", "Forwarded": "host=cam.example.org"}, 421),
        ({"Host": "cam.example.org", "Origin": "http://cam.example.org"}, 403),
        ({"Host": "cam.example.org", "Origin": "https://evil.example"}, 403),
        ({"Host": "127.0.0.1:PORT", "Origin": "https://evil.example"}, 403),
    ],
)
def test_behind_a_proxy_its_name_is_ours_and_no_other(
    tmp_path: Path, headers: dict[str, str], status: int
) -> None:
    async def test(served: Served) -> None:
        assert await asked(served, headers) == status

    with_server(tmp_path, test)


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("cam.example.org:8443", 200),
        ("cam.example.org", 200),  # nginx's $host
        ("cam.example.org:443", 421),
        ("evil.example:8443", 421),
    ],
)
def test_a_proxy_may_leave_out_a_port_of_its_own(tmp_path: Path, host: str, status: int) -> None:
    async def test(served: Served) -> None:
        origin = "https://cam.example.org:8443"
        assert await asked(served, {"Host": host, "Origin": origin}) == status

    with_server(tmp_path, test, replace(PUBLIC, public_url="https://cam.example.org:8443"))


@pytest.mark.parametrize("header", ["X-Forwarded-Host", "X-Forwarded-Proto", "Forwarded"])
def test_without_a_named_proxy_nothing_of_one_is_believed(tmp_path: Path, header: str) -> None:
    async def test(served: Served) -> None:
        async with aiohttp.ClientSession() as http:
            address = f"http://127.0.0.1:{served.port}/api/portraits"
            headers = {"Host": "cam.example.org", header: f"127.0.0.1:{served.port}"}
            async with http.get(address, headers=headers) as response:
                assert response.status == 421

    with_server(tmp_path, test, LOCAL)


def test_links_and_locations_name_the_proxy(tmp_path: Path) -> None:
    async def test(served: Served) -> None:
        assert served.url == f"https://cam.example.org/#token={TOKEN}"
        async with aiohttp.ClientSession(headers=BEARER) as http:
            publisher = Client(http, f"http://127.0.0.1:{served.port}")
            player = Client(http, publisher.url)
            assert await publisher.publish() == 201
            assert publisher.location.startswith("https://cam.example.org/whip/")
            assert await player.watch(publisher.watched_at) == 201
            assert player.location.startswith("https://cam.example.org/whep/")
            await player.close()
            await publisher.close()
            address = f"{publisher.url}/api/portraits"
            async with http.get(address, headers={"Host": "cam.example.org"}) as response:
                assert "; Secure" in response.headers["Set-Cookie"]

    with_server(tmp_path, test)


def test_a_proxys_address_is_nobodys() -> None:
    """Else all who come through it would share one caller's share."""

    class Asked:
        def __init__(self) -> None:
            self.cookies: dict[str, str] = {}
            self.remote = "192.0.2.7"

    request: object = Asked()
    behind = Callers(PUBLIC, 1).caller(request)  # type: ignore[arg-type]
    direct = Callers(replace(LOCAL, host="192.0.2.1", token=TOKEN), 1).caller(request)  # type: ignore[arg-type]
    assert (behind.address, direct.address) == (None, "192.0.2.7")


def test_it_serves_https_itself(tmp_path: Path) -> None:
    cert, key = certificate(tmp_path)
    settings = replace(LOCAL, tls_cert=cert, tls_key=key)

    async def test(served: Served) -> None:
        assert served.url == f"https://127.0.0.1:{served.port}/"
        trusted = ssl.create_default_context(cafile=str(cert))
        # One that never shakes hands must not keep the others waiting.
        _, silent = await asyncio.open_connection("127.0.0.1", served.port)
        async with browser() as http:
            address, origin = f"{served.url}api/portraits", served.url.rstrip("/")
            for _ in range(2):
                async with http.get(address, ssl=trusted, headers={"Origin": origin}) as response:
                    assert response.status == 200
            with pytest.raises(aiohttp.ClientError):
                await http.get(address.replace("https:", "http:"))
        silent.close()

    with_server(tmp_path, test, settings)


def test_a_key_with_a_password_is_refused_without_asking_for_it(tmp_path: Path) -> None:
    cert, key = certificate(tmp_path, password=b"secret")
    with pytest.raises(InputError, match="without a password"):
        with_server(
            tmp_path, lambda _: asyncio.sleep(0), replace(LOCAL, tls_cert=cert, tls_key=key)
        )


def certificate(folder: Path, password: bytes | None = None) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 that signs itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .sign(key, hashes.SHA256())
    )
    cert_path, key_path = folder / "cert.pem", folder / "key.pem"
    cert_path.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    sealed = (
        serialization.NoEncryption()
        if password is None
        else serialization.BestAvailableEncryption(password)
    )
    key_path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, sealed)
    )
    return cert_path, key_path
