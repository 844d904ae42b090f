"""One direction of a network that is not as it should be: when each packet arrives, if it does.

Knows no socket and no clock: it is told the time, so that one and the same model serves the virtual
clock of `twin` and the real one of `tunnels`.
"""

from dataclasses import dataclass
from random import Random


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What a network does to packets. Times in milliseconds, one way."""

    loss: float = 0.0
    """Share of packets that are lost, each by itself, in [0, 1]."""
    burst: tuple[float, float] | None = None
    """Gilbert-Elliott instead: the chance to turn bad, and from bad to good, at each packet; all is
    lost while it is bad."""
    delay_ms: float = 0.0
    jitter_ms: float = 0.0
    """Sigma of a half-normal delay on top."""
    reorders: bool = False
    """Whether a packet may overtake another by that jitter."""
    duplicates: float = 0.0
    """Share of packets that come twice."""
    rate_bps: float | None = None
    """Bits a second that go through; None for any number."""
    queue_ms: float = 200.0
    """What may wait for that; the rest is lost."""

    def __post_init__(self) -> None:
        """Refuse what no network does."""
        if not (0.0 <= self.loss <= 1.0 and 0.0 <= self.duplicates <= 1.0):
            raise ValueError("loss and duplicates must lie in [0, 1]")
        if min(self.delay_ms, self.jitter_ms, self.queue_ms) < 0.0:
            raise ValueError("delay_ms, jitter_ms and queue_ms must not be negative")
        if self.rate_bps is not None and self.rate_bps <= 0.0:
            raise ValueError("rate_bps must be positive")


BLACKOUT = Profile(loss=1.0)


class Link:
    """One direction; `profile` may be exchanged at any time."""

    def __init__(self, profile: Profile, seed: int) -> None:
        self.profile = profile
        self.sent = 0
        self.lost = 0
        self._random = Random(seed)
        self._is_bad = False
        self._free_s = 0.0
        """When the line has sent what it was given."""
        self._last_s = 0.0
        """When the packet before arrives."""

    def carry(self, size: int, now_s: float) -> list[float]:
        """When a packet of so many bytes arrives: never where it is lost, or even twice."""
        self.sent += 1
        sent_s = None if self._loses() else self._through(size, now_s)
        if sent_s is None:
            self.lost += 1
            return []
        copies = 1 + (self._random.random() < self.profile.duplicates)
        return [self._arrival(sent_s) for _ in range(copies)]

    def _loses(self) -> bool:
        chance = self._random.random()
        if self.profile.burst is None:
            return chance < self.profile.loss
        turns_bad, turns_good = self.profile.burst
        self._is_bad = chance >= turns_good if self._is_bad else chance < turns_bad
        return self._is_bad

    def _through(self, size: int, now_s: float) -> float | None:
        """When the line has sent it; None where the queue is full."""
        if self.profile.rate_bps is None:
            return now_s
        waits_s = max(0.0, self._free_s - now_s)
        if waits_s * 1e3 > self.profile.queue_ms:
            return None
        self._free_s = now_s + waits_s + size * 8 / self.profile.rate_bps
        return self._free_s

    def _arrival(self, sent_s: float) -> float:
        jitter_ms = abs(self._random.gauss(0.0, self.profile.jitter_ms))
        arrives_s = sent_s + (self.profile.delay_ms + jitter_ms) / 1e3
        if not self.profile.reorders:
            arrives_s = max(arrives_s, self._last_s)
        self._last_s = arrives_s
        return arrives_s
