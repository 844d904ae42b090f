"""Asks again for packets that are missing, on a timer, and learns the round trip from the answers.

aiortc sends a NACK (RFC 4585, 6.2.1) when it notices a gap and never again, unless another gap
opens: where the NACK or the repeated packet is lost, the picture stands.
"""

from collections.abc import Callable

from aiortc.rtcrtpreceiver import NackGenerator
from aiortc.rtp import RtpPacket
from aiortc.utils import uint16_gt

FIRST_S = 0.05
"""Between asking and asking again while the round trip is not known; twice as long each time."""
LEAST_S = 0.02
AGAIN = 0.5
"""Of the round trip: the next question leaves before the answer can be there. So either may be
lost, for the price of a packet that comes twice."""
SMOOTHING, OF_DOUBTFUL = 0.25, 0.05
DOUBTFUL = 1.4
"""Of the round trip: an answer that takes so much longer may be one to a later question."""
MOST_ASKED = 128
"""Packets in one NACK."""
GIVEN_UP_S, GIVEN_UP_TRIPS = 0.3, 2.5
"""After the greater of both a packet is taken for lost for good: five tries fit in."""
_REMEMBERED = 1024


class RoundTrip:
    """The time from asking for a packet to its arrival, smoothed."""

    def __init__(self) -> None:
        self.s: float | None = None
        """None until one was seen."""

    def saw(self, took_s: float) -> None:
        """An answer came so long after the first question."""
        if self.s is None or took_s < self.s / 2:
            self.s = took_s
        else:
            weight = OF_DOUBTFUL if took_s > DOUBTFUL * self.s else SMOOTHING
            self.s += weight * (took_s - self.s)


class RepeatedNacks(NackGenerator):
    """Which packets are missing, and which of them to ask for now."""

    def __init__(self, now_s: Callable[[], float]) -> None:
        super().__init__()
        self.round_trip = RoundTrip()
        self._now_s = now_s
        self._asked: dict[int, tuple[float, float, int]] = {}  # number -> first, last, how often
        self._noticed_s: dict[int, float] = {}

    @property
    def limit_s(self) -> float:
        """How long a packet is waited for."""
        return max(GIVEN_UP_S, GIVEN_UP_TRIPS * (self.round_trip.s or 0.0))

    @property
    def longest_missing_s(self) -> float:
        """For how long the oldest gap has been there."""
        noticed = [self._noticed_s.get(number, self._now_s()) for number in self.missing]
        return self._now_s() - min(noticed, default=self._now_s())

    def add(self, packet: RtpPacket) -> bool:
        """Take in a packet; False, for `due` says what to ask for."""
        if super().add(packet):
            for number in self.missing - self._noticed_s.keys():
                self._noticed_s[number] = self._now_s()
        self._noticed_s.pop(packet.sequence_number, None)
        return False

    def answered(self, number: int) -> None:
        """A packet came that was sent again because we asked for it."""
        asked = self._asked.pop(number, None)
        if asked is not None:
            self.round_trip.saw(self._now_s() - asked[0])

    def due(self) -> list[int]:
        """The missing packets to be asked for now; they count as asked for."""
        now_s, found = self._now_s(), []
        for number in sorted(self.missing):
            first_s, last_s, times = self._asked.get(number, (now_s, now_s, 0))
            if times == 0 or now_s - last_s >= self._pause_s(times):
                self._asked[number] = first_s, now_s, times + 1
                found.append(number)
            if len(found) == MOST_ASKED:
                break
        while len(self._asked) > _REMEMBERED:
            del self._asked[next(iter(self._asked))]
        return found

    def forget_before(self, number: int | None) -> None:
        """What comes before this one is not wanted any more; None for all that is missing."""
        self.missing = {
            each for each in self.missing if number is not None and not uint16_gt(number, each)
        }
        self._noticed_s = {each: self._noticed_s[each] for each in self.missing}

    def _pause_s(self, times: int) -> float:
        if self.round_trip.s is None:
            return FIRST_S * float(1 << (times - 1))
        return max(LEAST_S, AGAIN * self.round_trip.s)


def asks_again(generator: type[NackGenerator]) -> bool:
    """Whether aiortc's own can do more than notice gaps: then it has a timer, and ours goes."""
    return bool({name for name in dir(generator) if name[0] != "_"} - {"add", "truncate"})
