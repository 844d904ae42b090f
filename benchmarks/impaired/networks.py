"""The networks that are measured, by name."""

from dataclasses import dataclass

from benchmarks.impaired.link import Profile

BLACKOUT_AFTER_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """What it does to packets, the same in both directions."""

    profile: Profile
    blackout_s: float | None = None
    """It is away for so long, `BLACKOUT_AFTER_S` seconds after the measuring began."""
    twin_only: tuple[str, ...] = ()
    """Further options of `benchmarks.impaired.twin`: what only its virtual network does."""


def _of(*twin_only: str, blackout_s: float | None = None, **profile: float) -> Network:
    """A network 20 ms away, unless it says otherwise."""
    given = Profile(**{"delay_ms": 20.0, **profile})  # type: ignore[arg-type]
    return Network(profile=given, blackout_s=blackout_s, twin_only=twin_only)


NETWORKS: dict[str, Network] = {
    "clean": _of(delay_ms=0.0),
    "20 ms": _of(),
    "loss 1 %": _of(loss=0.01),
    "loss 5 %": _of(loss=0.05),
    "loss 10 %": _of(loss=0.1),
    "bursts of 4, 5 %": Network(profile=Profile(delay_ms=20.0, burst=(0.0132, 0.25))),
    "jitter 30, ordered": _of(jitter_ms=30.0),
    "jitter 30, reordered": _of(jitter_ms=30.0, reorders=True),
    "jitter 100, ordered": _of(jitter_ms=100.0),
    "300 kbit/s, queue 200 ms": _of(rate_bps=300_000),
    "1 Mbit/s, queue 200 ms": _of(rate_bps=1_000_000),
    "RTT 200, loss 2 %": _of(delay_ms=100.0, loss=0.02),
    "RTT 400, loss 2 %": _of(delay_ms=200.0, loss=0.02),
    "blackout 0.5 s": _of(blackout_s=0.5),
    "blackout 2 s": _of(blackout_s=2.0),
    "blackout 10 s": _of(blackout_s=10.0),
    "4 blackouts of 0.5 s": _of("--blackouts", "4", blackout_s=0.5),
    "1, 2.5, 0.6, 1 Mbit/s": _of("--steps-bps", "1e6", "2.5e6", "6e5", "1e6"),
    "20, 80, 20 ms": _of("--delays-ms", "20", "80", "20"),
    "there and back, 20 ms": _of("--there-and-back"),
    "there and back, loss 5 %": _of("--there-and-back", loss=0.05),
    "there and back, loss 10 %": _of("--there-and-back", loss=0.1),
    "there and back, blackout 2 s": _of("--there-and-back", blackout_s=2.0),
    "there and back, another address": _of("--there-and-back", "--moves"),
}
