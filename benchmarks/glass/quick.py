"""The part of `understudy bench all` about glass to glass."""

from benchmarks.glass.measure import measure
from benchmarks.glass.reported import reported
from benchmarks.glass.settings import GlassSettings
from benchmarks.report.report import Report

AROUND_S = 25.0
"""Starting a server and a browser, warm-up, the measurement's own part."""
ROUNDS = 2


def quick(settings: GlassSettings, budget_s: float) -> Report:
    """The same settings in about so many seconds."""
    from dataclasses import replace

    turns = ROUNDS * len(settings.kinds) * len(settings.setups)
    seconds = min(6.0, max(2.0, (budget_s - AROUND_S) / turns - 1.0))
    return reported(
        measure(
            replace(
                settings, seconds=seconds, rounds=ROUNDS, warm_up_s=2.0, settle_s=1.0, own_s=2.0
            )
        )
    )


def run(budget_s: float) -> Report:
    """The default set-up."""
    return quick(GlassSettings(), budget_s)
