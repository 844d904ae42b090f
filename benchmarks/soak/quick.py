"""The soak of `understudy bench all`: half a minute, in which only a real leak shows."""

from benchmarks.live.serving import LIGHT
from benchmarks.report.report import CannotRunError, Report
from benchmarks.soak.report import as_report
from benchmarks.soak.run import Soak, soak

START_S = 6.0
"""Of a budget: the server, and ending it."""


def asked(minutes: float, *, leak_kb: int = 0) -> Soak:
    """Visitors one after the other, by a model that costs nothing."""
    return Soak(
        minutes=minutes,
        steady=1,
        every_s=1.0,
        stay_s=0.5,
        settle_s=0.2,
        model=LIGHT,
        leak_kb=leak_kb,
    )


def run(budget_s: float) -> Report:
    """As many visitors as there is time for."""
    wanted = asked((budget_s - START_S) / 60)
    try:
        return as_report(wanted, soak(wanted))
    except ValueError as error:
        raise CannotRunError(f"this machine is too busy: {error}") from None
