"""What `understudy bench glass` is asked to measure, checked before anything is started."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from itertools import product
from pathlib import Path

from benchmarks.glass.serving import PORTRAIT, Wanted
from benchmarks.impaired.networks import NETWORKS as ALL_NETWORKS

CODECS = ("H264", "VP8")
"""Those that the server has."""
SIZES = (256, 512, 720)
RATES = (30, 60)
DIRECT = "this machine"
"""The network without namespaces."""
NETWORKS = tuple(
    name for name, network in ALL_NETWORKS.items() if not (network.blackout_s or network.twin_only)
)
"""Those that stay as they are; `benchmarks.impaired.chromium` has those that change."""
LEAST_S = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """One combination that is measured."""

    size: int
    rate: int
    codec: str
    network: str = DIRECT

    def __str__(self) -> str:
        """As it stands in the tables."""
        named = f"{self.size} px, {self.rate} fps, {self.codec}"
        return named if self.network == DIRECT else f"{named}, {self.network}"

    @property
    def key(self) -> str:
        """As it stands in figures' names: no spaces, no dots."""
        network = "" if self.network == DIRECT else f"-{_plain(self.network)}"
        return f"{self.codec.lower()}-{self.size}-{self.rate}{network}"


@dataclass(frozen=True, slots=True, kw_only=True)
class GlassSettings:
    """Every combination of sizes, rates, codecs and networks, each with an echo beside it."""

    model: str = "rig"
    backend: str = "auto"
    refine: str = "on"
    portrait: str = str(PORTRAIT)
    sizes: tuple[int, ...] = (512,)
    rates: tuple[int, ...] = (30,)
    codecs: tuple[str, ...] = ("H264",)
    networks: tuple[str, ...] = (DIRECT,)
    kinds: tuple[str, ...] = ("echo", "model")
    """In turn: `echo`, `unrefined` where the model refines, `model`."""
    seconds: float = 10.0
    """Of each kind in each round."""
    rounds: int = 3
    warm_up_s: float = 4.0
    settle_s: float = 2.0
    """After each change: the face is found anew, and a jitter buffer finds its rest."""
    own_s: float = 5.0
    slower_ms: float = 0.0
    uses_browser: bool = True
    setups: tuple[Setup, ...] = field(init=False)

    def __post_init__(self) -> None:
        """Refuse a bad value here, where its name is still known."""
        if self.seconds < LEAST_S:
            raise ValueError(f"seconds must be {LEAST_S:g} or more, got {self.seconds:g}")
        if self.rounds < 1:
            raise ValueError(f"rounds must be 1 or more, got {self.rounds}")
        _among("size", self.sizes, SIZES)
        _among("fps", self.rates, RATES)
        _among("codec", self.codecs, CODECS)
        _among("network", self.networks, (DIRECT, *NETWORKS))
        object.__setattr__(self, "setups", tuple(self._setups()))

    def _setups(self) -> Iterator[Setup]:
        for network, size, rate, codec in product(
            self.networks, self.sizes, self.rates, self.codecs
        ):
            yield Setup(size=size, rate=rate, codec=codec, network=network)

    def wanted(self, size: int) -> Wanted:
        """The server for one size."""
        return Wanted(
            size=size,
            portrait=self.portrait,
            model=self.model,
            backend=self.backend,
            refine=self.refine,
            slower_ms=self.slower_ms,
        )

    def asked(self, setup: Setup) -> dict[str, object]:
        """What the page, or the peer in its place, is told."""
        block = [{"kind": kind, "seconds": self.seconds} for kind in self.kinds]
        return {
            "size": setup.size,
            "rate": setup.rate,
            "codec": setup.codec,
            "blocks": block * self.rounds,
            "warmUp": self.warm_up_s,
            "settle": self.settle_s,
        }

    def asked_own(self, setup: Setup) -> dict[str, object]:
        """The same for the measurement's own part."""
        warm_up_s = min(1.0, self.warm_up_s)
        return {
            "size": setup.size,
            "rate": setup.rate,
            "seconds": self.own_s,
            "warmUp": warm_up_s,
        }

    def as_json(self) -> dict[str, object]:
        """For the record; of the portrait, its name: folders are nobody's business."""
        record: dict[str, object] = {
            name: ", ".join(map(str, value)) if isinstance(value, tuple) else value
            for name, value in asdict(self).items()
            if name != "setups"
        }
        return {**record, "portrait": Path(self.portrait).name}


def _among(name: str, values: tuple[object, ...], known: tuple[object, ...]) -> None:
    for value in values:
        if value not in known:
            raise ValueError(f"{name} must be one of {', '.join(map(str, known))}; got {value}")


def _plain(name: str) -> str:
    words = "".join(sign if sign.isalnum() else " " for sign in name.replace("%", "pct"))
    return "-".join(words.split()).lower()
