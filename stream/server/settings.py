"""What the server was asked for at start-up, checked before anything is opened."""

import ipaddress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from engine.errors import InputError
from engine.framing import SIZE_LIMITS, Framing
from stream.webrtc.ice_places import IcePlaces

LEAST_TOKEN = 16
"""Characters; a shorter token can be guessed."""
TOKEN_BYTES = 32
"""Of chance, in one that is made with a start."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSettings:
    """Built once by the command line, then only read."""

    host: str = "127.0.0.1"
    port: int = 8080
    """0 lets the system choose a free one."""
    portrait: Path | None = None
    """One more portrait, which new sessions begin with."""
    size: int = 512
    """Shorter side of the result, in pixels."""
    framing: Framing = "face"
    """A square around the face: one size for all portraits, so that a swap restarts no encoder."""
    driver_teeth: bool = False
    """Whether drivers' own mouths are seen until a session says otherwise, as the page does at
    once: it is for streams by WHIP."""
    adapts: bool = True
    """Reduce the size where the machine is too slow for it."""
    most_sessions: int = 4
    token: str | None = None
    """What every request must carry; required beyond loopback."""
    public_url: str | None = None
    """Where a proxy makes this server known, as an origin: https://cam.example.org. Its Host and
    Origin are taken for our own; nothing else of a proxy is believed."""
    insecure_http: bool = False
    """Serve beyond loopback without TLS or a proxy that has it."""
    tls_cert: Path | None = None
    tls_key: Path | None = None
    """A certificate with its chain and its key, both PEM."""
    places: IcePlaces = field(default_factory=IcePlaces)
    """Where media may reach this machine."""
    recordings: Path | None = None
    """The folder where they lie until they are saved; None takes the user's own."""
    pages: Path = Path(__file__).parent.parent / "page"
    """The folder of the web page."""

    def __post_init__(self) -> None:
        """Refuse a bad value here, where the name of the field is still known."""
        low, high = SIZE_LIMITS
        if not low <= self.size <= high or self.size % 2:
            raise ValueError(f"size must be an even number in [{low}, {high}], got {self.size}")
        if not 1 <= self.most_sessions <= 64:
            raise ValueError(f"sessions must lie in [1, 64], got {self.most_sessions}")
        if not 0 <= self.port <= 65535:
            raise ValueError(f"port must lie in [0, 65535], got {self.port}")
        if self.token is not None and not is_token(self.token):
            raise ValueError(f"token must have at least {LEAST_TOKEN} visible ASCII characters")
        if self.token is None and not (self.is_loopback and self.public_url is None):
            raise ValueError("token must be set where host is not loopback, or public")
        if self.public_url is not None and self.public_url != read_origin(self.public_url):
            raise ValueError(f"public_url must be an origin, got {self.public_url!r}")
        if (self.tls_cert is None) != (self.tls_key is None):
            raise ValueError("tls_cert and tls_key must be given both, or neither")

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach the server."""
        return is_loopback(self.host)

    @property
    def scheme(self) -> str:
        """What this server itself speaks."""
        return "http" if self.tls_cert is None else "https"

    @property
    def is_secure(self) -> bool:
        """Whether browsers reach it by https only."""
        return (self.public_url or f"{self.scheme}:").startswith("https:")


def refuse_plain_http(settings: ServerSettings) -> None:
    """Refuse to carry the token readable over a network, unless the user says so."""
    if settings.insecure_http or settings.is_secure:
        return
    public_name = urlsplit(settings.public_url or "").hostname
    if settings.is_loopback and (public_name is None or is_loopback(public_name)):
        return
    raise InputError(
        "beyond this machine, plain http lets everybody on the way read the token, and browsers "
        "give it no camera: add --tls-cert and --tls-key, or --public-url https://NAME of a proxy "
        "that has TLS, or --insecure-http where the network is yours alone"
    )


def read_origin(url: str) -> str:
    """The origin that an address names, as browsers write it; ValueError where it is more, or none.

    The page's files lie at the root, so a proxy must not put the server below a path.
    """
    try:
        parts = urlsplit(url)
        name, port = parts.hostname, parts.port
    except ValueError:
        name, port = None, None
        parts = urlsplit("")
    rest = (parts.path.strip("/"), parts.query, parts.fragment, parts.username, parts.password)
    if parts.scheme not in ("http", "https") or not name or any(rest) or not _is_name(name):
        raise ValueError(f"must be such as https://cam.example.org, got {url!r}")
    host = f"[{name}]" if ":" in name else name
    is_usual = port in (None, 443 if parts.scheme == "https" else 80)
    return f"{parts.scheme}://{host}" + ("" if is_usual else f":{port}")


def is_token(text: str) -> bool:
    """Whether it is long enough, and comes through a header as it is."""
    return len(text) >= LEAST_TOKEN and all("!" <= sign <= "~" for sign in text)


def _is_name(name: str) -> bool:
    return name.isascii() and all(sign.isalnum() or sign in "-.:_" for sign in name)


def is_loopback(host: str) -> bool:
    """Whether a server bound to this host is out of reach for other machines."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
