"""Who asks: a browser session, known by a cookie, and the address that a request came from.

The cookie opens nothing, it only says whose own portraits and whose waiting connections these are:
the token opens. It is signed, so that the server need not remember it, and ends with the browser or
with the server.
"""

import hashlib
import hmac
import ipaddress
import secrets
from dataclasses import dataclass

from aiohttp import web

from stream.server.settings import ServerSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Where a request comes from."""

    browser: str | None
    """None for programs, which keep no cookies: all of them are one."""
    address: str | None
    """None for this machine."""


class Callers:
    """Tells browser sessions apart."""

    def __init__(self, settings: ServerSettings, port: int) -> None:
        self._secret = secrets.token_bytes(32)
        # Cookies belong to a host, whatever its port.
        self._cookie = f"understudy-{port}"
        self._is_secure = settings.is_secure
        self._is_behind_proxy = settings.public_url is not None

    def caller(self, request: web.Request) -> Caller:
        """Who asks."""
        return Caller(browser=self.browser(request), address=self._address(request))

    def browser(self, request: web.Request) -> str | None:
        """The browser session; None without a cookie of ours."""
        given = request.cookies.get(self._cookie, "")
        name, _, signature = given.partition(".")
        is_ours = hmac.compare_digest(signature.encode(errors="replace"), self._sign(name).encode())
        return name if is_ours else None

    def remember(self, request: web.Request, response: web.StreamResponse) -> None:
        """Give a browser its cookie, if it has none."""
        if self.browser(request) is None:
            name = secrets.token_urlsafe(16)
            response.set_cookie(
                self._cookie,
                f"{name}.{self._sign(name)}",
                httponly=True,
                samesite="Strict",
                secure=self._is_secure,
            )

    def _sign(self, name: str) -> str:
        signed = name.encode(errors="surrogateescape")
        return hmac.new(self._secret, signed, hashlib.sha256).hexdigest()

    def _address(self, request: web.Request) -> str | None:
        """The other machine; a proxy's own address says nothing about who is behind it."""
        try:
            address = ipaddress.ip_address(request.remote or "")
        except ValueError:
            return None
        return None if address.is_loopback or self._is_behind_proxy else str(address)
