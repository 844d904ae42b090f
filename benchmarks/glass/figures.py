"""From what was seen to figures: delay, its tail, rate, freezes, and what a difference is worth."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from benchmarks.report.report import Figure
from benchmarks.report.uncertainty import Interval, bootstrap_median, percentiles

FREEZE_MS = 200.0
"""Without a new picture."""

Block = dict[str, Any]


def delays(blocks: Sequence[Block]) -> list[float]:
    """Of every picture, in ms."""
    return [delay for block in blocks for delay in block["latencies"]]


def medians(blocks: Sequence[Block]) -> tuple[float, ...]:
    """The median delay of each round."""
    return tuple(float(np.median(block["latencies"])) for block in blocks)


def gaps_ms(block: Block) -> list[float]:
    """From picture to picture, beginning and end of the block with them."""
    times = [0.0, *block["at"], block["seconds"] * 1e3]
    return [float(gap) for gap in np.diff(times)]


def freezes(blocks: Sequence[Block]) -> int:
    """How often no new picture came for `FREEZE_MS`."""
    return sum(gap > FREEZE_MS for block in blocks for gap in gaps_ms(block))


def total(blocks: Sequence[Block], name: str) -> int:
    """A count over all rounds."""
    return int(sum(block[name] for block in blocks))


def mean(blocks: Sequence[Block], name: str) -> float:
    """A rate over all rounds."""
    return float(np.mean([block[name] for block in blocks]))


def inside(blocks: Sequence[Block], name: str) -> float | None:
    """The median of `step_ms` or `up_ms` over all rounds; None where the server told nothing."""
    found = [value for block in blocks for value in block.get(name, ())]
    return float(np.median(found)) if found else None


def delay_figures(key: str, blocks: Sequence[Block]) -> list[Figure]:
    """`glass.KEY.p50` and the rest of one kind in one set-up."""
    of_rounds = medians(blocks)
    found = [
        Figure(
            name=f"glass.{key}.{name}",
            value=value,
            unit="ms",
            better="lower",
            interval=_interval(of_rounds) if name == "p50" else None,
            rounds=of_rounds if name == "p50" else (),
        )
        for name, value in percentiles(delays(blocks)).items()
    ]
    inner = {name: inside(blocks, f"{name}_ms") for name in ("up", "step")}
    counts = {"misread": total(blocks, "misread"), "freezes": freezes(blocks)}
    return [
        *found,
        *(
            Figure(name=f"glass.{key}.{name}.p50", value=value, unit="ms", better="lower")
            for name, value in inner.items()
            if value is not None
        ),
        Figure(
            name=f"glass.{key}.rate",
            value=mean(blocks, "fps"),
            unit="pictures/s",
            better="higher",
            rounds=tuple(float(block["fps"]) for block in blocks),
        ),
        *(
            Figure(name=f"glass.{key}.{name}", value=count, unit="", better="lower")
            for name, count in counts.items()
        ),
    ]


def beyond_echo(key: str, blocks: Sequence[Block], echo: Sequence[Block]) -> Figure:
    """What a kind costs beyond the echo of the same server, of pairs of rounds in turn."""
    of_rounds = tuple(
        one - other for one, other in zip(medians(blocks), medians(echo), strict=True)
    )
    return Figure(
        name=f"glass.{key}.beyond_echo",
        value=float(np.median(of_rounds)),
        unit="ms",
        better="lower",
        interval=_interval(of_rounds),
        rounds=of_rounds,
    )


def own_figures(rate: int, block: Block) -> list[Figure]:
    """The measurement's own part: p50, p95, and what one reading is worth."""
    found = percentiles(block["latencies"])
    values = {"p50": found["p50"], "p95": found["p95"], "spread": spread_ms(block)}
    return [
        Figure(name=f"glass.own-{rate}.{name}", value=value, unit="ms", better=None)
        for name, value in values.items()
    ]


def spread_ms(own: Block) -> float:
    """Half of the 5th to 95th percentile: what one reading is worth, either way."""
    low, high = np.percentile(own["latencies"], [5, 95])
    return float(high - low) / 2


def _interval(of_rounds: Sequence[float]) -> Interval | None:
    return bootstrap_median(of_rounds) if len(of_rounds) > 1 else None
