"""Whether something grows: each figure's slope against its limit, as far as a run can tell."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from benchmarks.report.uncertainty import slope

MIDDLE = (0.3, 1.0)
"""The share of the run that is looked at: before it, pools and caches fill."""
LIMITS = {"own_mb": 6.0, "descriptors": 2.0, "threads": 2.0, "tasks": 6.0, "delay_ms": 8.0}
"""An hour, each."""
UNITS = {"own_mb": "MB", "delay_ms": "ms"}
Says = Literal["stays", "grows", "cannot be told"]

Sample = dict[str, float]
"""`at_s`, `visitors`, and a value for each name of LIMITS."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """Of one figure."""

    name: str
    first: float
    last: float
    an_hour: float
    margin: float
    """Half the width of the slope's 95 % interval."""
    limit: float
    says: Says


def middle(samples: Sequence[Sample]) -> list[Sample]:
    """The samples that count."""
    first, last = (int(len(samples) * share) for share in MIDDLE)
    return list(samples[first:last])


def growths(samples: Sequence[Sample]) -> list[Growth]:
    """The slope of each figure; what lies across its limit cannot be told.

    Raises:
        ValueError: fewer samples than a slope can be told of.
    """
    chosen = middle(samples)
    times_s = [each["at_s"] for each in chosen]
    # Half an hour says little about an hour: then the limit is for the run itself.
    hours = 3600.0 / max(times_s[-1] - times_s[0], 1.0) if len(chosen) > 1 else 1.0
    return [_growth(name, limit * max(1.0, hours), chosen) for name, limit in LIMITS.items()]


def a_visitor_kb(samples: Sequence[Sample]) -> tuple[float, float]:
    """Memory that each visitor leaves behind, and half the width of its 95 % interval."""
    chosen = middle(samples)
    grown, margin = slope(
        [each["visitors"] for each in chosen], [each["own_mb"] for each in chosen]
    )
    return grown * 1e6 / 1024, margin * 1e6 / 1024


def _growth(name: str, limit: float, samples: Sequence[Sample]) -> Growth:
    values = [each[name] for each in samples]
    an_hour, margin = slope([each["at_s"] / 3600.0 for each in samples], values)
    if an_hour + margin <= limit:
        says: Says = "stays"
    elif an_hour - margin > limit:
        says = "grows"
    else:
        says = "cannot be told"
    return Growth(
        name=name,
        first=values[0],
        last=values[-1],
        an_hour=an_hour,
        margin=margin,
        limit=limit,
        says=says,
    )
