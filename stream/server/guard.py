"""Who may ask: exact Host and Origin, no cross-site request, the token where there is one.

A page on the internet can make a browser send requests to 127.0.0.1, and by DNS rebinding even
read the answers; both carry a foreign Host or Origin. Errors leave as JSON without paths or traces.
A proxy's own headers (X-Forwarded-...) are never read: anybody can send them.
"""

import hmac
import ipaddress
import logging
import socket
from asyncio import BaseProtocol

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from engine.errors import UnderstudyError
from stream.server.busy import BusyError
from stream.server.settings import ServerSettings

logger = logging.getLogger(__name__)

WILDCARDS = ("0.0.0.0", "::")
PROTECTED = ("/api/", "/whip", "/whep")
"""What the token opens. Pages hold no secret, and learn the token from their own address."""


class Guard:
    """Refuses requests that no page or program of the user's own would send."""

    def __init__(self, settings: ServerSettings, port: int) -> None:
        self._host = settings.host
        self._port = port
        self._token = settings.token
        names = {settings.host, socket.gethostname()}
        if settings.is_loopback:
            names = {settings.host, "localhost", "127.0.0.1", "::1"}
        self._names = {name.lower() for name in names}
        self._usual_port = 80 if settings.scheme == "http" else 443
        self._public_origin = settings.public_url
        self._public_hosts = _hosts(settings.public_url)

    def check(self, request: web.Request) -> None:
        """Raise the refusal, if there is one."""
        if not self._is_own(request.host):
            raise refusal(web.HTTPMisdirectedRequest, "this server is not known by that name")
        origin = request.headers.get("Origin")
        if origin is not None and origin.lower() not in self._own_origins(request.host.lower()):
            raise refusal(web.HTTPForbidden, "requests of other sites are refused")
        if request.headers.get("Sec-Fetch-Site", "none") not in ("same-origin", "none"):
            is_link = request.method == "GET" and not _is_protected(request)
            if not is_link:
                raise refusal(web.HTTPForbidden, "requests of other sites are refused")
        if self._token is not None and _is_protected(request):
            self._check_token(request, self._token)

    def _is_own(self, host: str) -> bool:
        """Whether the Host header names this server, port included."""
        if host.lower() in self._public_hosts:
            return True
        name, port = _split(host.lower(), self._usual_port)
        if port != self._port:
            return False
        # An address cannot be rebound, so where the server has many, any is good.
        return name in self._names or (self._host in WILDCARDS and _is_address(name))

    def _own_origins(self, host: str) -> tuple[str | None, ...]:
        """What Origin may be where a request came for this host."""
        if host in self._public_hosts:
            return (self._public_origin,)
        # A proxy may pass the request on under the name by which it knows us.
        return (f"http://{host}", f"https://{host}", self._public_origin)

    def _check_token(self, request: web.Request, token: str) -> None:
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() == "bearer" and hmac.compare_digest(
            given.strip().encode(errors="surrogateescape"), token.encode()
        ):
            return
        raise refusal(
            web.HTTPUnauthorized,
            "the token is missing or wrong: open the address that the server printed",
            headers={"WWW-Authenticate": 'Bearer realm="understudy"'},
        )


def refusal(
    kind: type[web.HTTPException], sentence: str, headers: dict[str, str] | None = None
) -> web.HTTPException:
    """An answer that says in JSON what to do."""
    return kind(
        text=web.json_response({"error": sentence}).text,
        content_type="application/json",
        headers=headers,
    )


def middleware(guard: Guard, busy: set[BaseProtocol]) -> Middleware:
    """Ask the guard first; turn every error into JSON; `busy` are connections being answered."""

    @web.middleware
    async def guarded(request: web.Request, handler: Handler) -> web.StreamResponse:
        busy.add(request.protocol)
        try:
            guard.check(request)
            if request.transport is None:  # it had to make room before its turn came
                raise ConnectionResetError
            response = await handler(request)
        except web.HTTPException as error:
            if error.content_type == "application/json" or error.status < 400:
                _harden(error)
                raise
            sentence = _PLAIN.get(error.status, f"{error.reason}: see the documentation")
            allow = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else None
            response = web.json_response({"error": sentence}, status=error.status, headers=allow)
        except ConnectionError:
            # The peer has hung up: nothing failed here, and nobody reads this.
            response = web.json_response({"error": "the connection was lost"}, status=400)
        except BusyError as error:
            response = web.json_response(
                {"error": str(error)},
                status=503,
                headers={"Retry-After": str(error.retry_after_s)},
            )
        except UnderstudyError as error:
            response = web.json_response({"error": str(error)}, status=422)
        except Exception:
            # The outermost frame of a request: the trace is for the log, not for the peer.
            logger.exception("%s %s failed", request.method, _route(request))
            response = web.json_response(
                {"error": "the server failed: its log says why; try again"}, status=500
            )
        finally:
            busy.discard(request.protocol)
        _harden(response)
        return response

    return guarded


_PLAIN = {
    404: "there is nothing at this address: check it",
    405: "this method is not allowed at this address",
    413: "this is too large: send less than 10 MB",
}


def _route(request: web.Request) -> str:
    """What was asked for, without what the peer put into it: an id is a key."""
    resource = request.match_info.route.resource
    return "an unknown address" if resource is None else resource.canonical


def _harden(response: web.StreamResponse) -> None:
    """Nothing of ours may be sniffed, kept or told to other sites."""
    if not response.prepared:
        response.headers.setdefault("X-Content-Type-Options", "nosniff")
        response.headers.setdefault("Referrer-Policy", "no-referrer")
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        response.headers.setdefault("Cache-Control", "no-store")


def _is_protected(request: web.Request) -> bool:
    return request.path.startswith(PROTECTED)


def _hosts(origin: str | None) -> frozenset[str]:
    """The Host headers that stand for an origin: proxies leave its port out, or its usual one."""
    if origin is None:
        return frozenset()
    scheme, _, host = origin.partition("://")
    _, port = _split(host, 0)
    if port == 0:
        return frozenset({host, f"{host}:{443 if scheme == 'https' else 80}"})
    return frozenset({host, host.rpartition(":")[0]})


def _split(host: str, usual_port: int) -> tuple[str, int]:
    """Name and port of a Host header; the usual one where it names none, -1 where it is none."""
    name, bracket, rest = host.rpartition("]")
    if bracket:
        name, port = name.removeprefix("["), rest.removeprefix(":")
    else:
        name, _, port = host.partition(":")
    if not port:
        return name, usual_port
    return name, int(port) if port.isdecimal() and len(port) <= 5 else -1


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
