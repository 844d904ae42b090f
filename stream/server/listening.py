"""The listening socket, and who gets through it: so many connections, none that says nothing.

aiohttp closes a connection that has not asked for anything in time; `Door` bounds how many wait for
that, so that strangers who open sockets and stay silent use up neither descriptors nor patience.
"""

import asyncio
import logging
import os
import socket
import ssl
from asyncio import BaseProtocol
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from engine.errors import InputError, MachineError
from stream.server.settings import ServerSettings

logger = logging.getLogger(__name__)

HEADERS_S = 10.0
"""From a connection, or the answer before, to the end of a request's headers."""
LINGER_S = 2.0
"""How long the rest of a refused body is read, so that its sender sees the refusal."""
MOST_CONNECTIONS = 256
HANDSHAKE_S = 5.0
"""Of TLS."""
AGAIN_S = 1.0
"""Before accepting is tried again where the system has no descriptor left."""


@asynccontextmanager
async def letting_in(
    runner: web.AppRunner,
    listener: socket.socket,
    busy: set[BaseProtocol],
    tls: ssl.SSLContext | None,
) -> AsyncIterator[None]:
    """Take connections for the length of the block; those in `busy` are being answered."""
    assert runner.server is not None
    door = Door(runner.server, listener, busy, tls, most_connections())
    accepting = asyncio.create_task(door.accept())
    try:
        yield
    finally:
        accepting.cancel()
        await asyncio.wait({accepting})


class Door:
    """Lets connections in; where there are too many, the one that waits longest has to go.

    asyncio's own servers accept a hundred at once before one is counted, and where descriptors run
    out they write a hundred lines about it each time.
    """

    def __init__(
        self,
        server: web.Server,
        listener: socket.socket,
        busy: set[BaseProtocol],
        tls: ssl.SSLContext | None,
        most: int,
    ) -> None:
        self._server = server
        self._listener = listener
        self._busy = busy
        self._tls = tls
        self._most = most
        self._there: dict[asyncio.Task[None], Connection] = {}

    async def accept(self) -> None:
        """Accept connections for as long as this task lives."""
        loop = asyncio.get_running_loop()
        self._listener.settimeout(0)
        while True:
            try:
                accepted, _ = await loop.sock_accept(self._listener)
            except OSError as error:
                logger.warning("no connection can be accepted: %s", error.strerror)
                await asyncio.sleep(AGAIN_S)
                continue
            if self._has_room():
                connection = Connection(self._server, loop)
                task = asyncio.create_task(self._keep(accepted, connection))
                self._there[task] = connection
                task.add_done_callback(lambda done: self._there.pop(done, None))
            else:
                accepted.close()
            await asyncio.sleep(0)  # to the others: accepting what waits already does not wait

    def _has_room(self) -> bool:
        """Whether there is room for one more, or somebody idle could be sent away."""
        if len(self._there) < self._most:
            return True
        idle = next((task for task, each in self._there.items() if each not in self._busy), None)
        if idle is None:
            return False
        del self._there[idle]
        idle.cancel()
        return True

    async def _keep(self, accepted: socket.socket, connection: "Connection") -> None:
        """From the handshake to the end of a connection."""
        try:
            await asyncio.get_running_loop().connect_accepted_socket(
                lambda: connection,
                accepted,
                ssl=self._tls,
                ssl_handshake_timeout=None if self._tls is None else HANDSHAKE_S,
            )
            await connection.lost.wait()
        except OSError as error:
            logger.debug("a handshake failed: %s", error)
        finally:
            connection.force_close()
            if not connection.was_made:
                accepted.close()


class Connection(web.RequestHandler):
    """aiohttp's side of one connection, which tells when it is over."""

    def __init__(self, server: web.Server, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(
            server,
            loop=loop,
            access_log=None,  # type: ignore[arg-type]  # as aiohttp's own runner is told
            keepalive_timeout=HEADERS_S,
            lingering_time=LINGER_S,
        )
        self.was_made = False
        self.lost = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self.was_made = True
        super().connection_made(transport)

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """What is no HTTP is its sender's fault: aiohttp would log it whole, and send it back."""
        # Asked to expect what is no ASCII, it fails itself, before any handler of ours.
        if status >= 500 and "Expect" not in request.headers:
            return super().handle_error(request, status, exc, message)
        status = status if status < 500 else 400
        response = web.json_response({"error": "this is no HTTP request"}, status=status)
        response.force_close()
        return response

    def connection_lost(self, exc: BaseException | None) -> None:
        """It is over."""
        super().connection_lost(exc)
        self.lost.set()


def most_connections() -> int:
    """What the system's limit of descriptors leaves beside WebRTC's sockets and our files."""
    try:
        import resource
    except ImportError:  # Windows
        return MOST_CONNECTIONS
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MOST_CONNECTIONS if soft < 0 else max(8, min(MOST_CONNECTIONS, soft // 4))


def listening(settings: ServerSettings) -> socket.socket:
    """A socket of our own, so that the real port is known before a request comes."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        return socket.create_server((settings.host, settings.port), family=family)
    except OSError as error:
        raise MachineError(
            f"cannot listen on {settings.host}:{settings.port} "
            f"({os.strerror(error.errno or 0)}): another program may use this port; "
            "choose one with --port, or --port 0 for any"
        ) from error


def tls_of(settings: ServerSettings) -> ssl.SSLContext | None:
    """What serves https, where there is a certificate."""
    if settings.tls_cert is None or settings.tls_key is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(settings.tls_cert, settings.tls_key, password=_no_password)
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        raise InputError(
            f"the certificate {settings.tls_cert} cannot be used with the key {settings.tls_key} "
            f"({error.strerror if isinstance(error, OSError) else error}): give two PEM files that "
            "belong together, the key without a password"
        ) from error
    return context


def _no_password() -> str:
    """OpenSSL would ask on the terminal."""
    raise ValueError("it has a password")
