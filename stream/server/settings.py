"""What the server was asked for at start-up, checked before anything is opened."""

import ipaddress
from dataclasses import dataclass
from pathlib import Path

from engine.framing import SIZE_LIMITS, Framing

LEAST_TOKEN = 16
"""Characters; a shorter token can be guessed."""


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
    adapts: bool = True
    """Reduce the size where the machine is too slow for it."""
    most_sessions: int = 4
    token: str | None = None
    """What every request must carry; required beyond loopback."""
    stun: tuple[str, ...] = ()
    """STUN servers; none, because the usual ones tell a stranger who is on camera."""
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
        if self.token is not None and len(self.token) < LEAST_TOKEN:
            raise ValueError(f"token must have at least {LEAST_TOKEN} characters")
        if self.token is None and not self.is_loopback:
            raise ValueError("token must be set where host is not loopback")

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach the server."""
        return is_loopback(self.host)


def is_loopback(host: str) -> bool:
    """Whether a server bound to this host is out of reach for other machines."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
