"""The load of `understudy bench all`: up to three people."""

from benchmarks.load.report import as_report
from benchmarks.load.run import Load, load
from benchmarks.report.report import Report

START_S = 8.0
SETTLE_S = 2.0
PEOPLE = 3


def asked(budget_s: float) -> Load:
    """What can be tried in so many seconds."""
    seconds = min(max((budget_s - START_S) / PEOPLE - SETTLE_S, 3.0), 10.0)
    return Load(seconds=seconds, settle_s=SETTLE_S, most=PEOPLE)


def run(budget_s: float) -> Report:
    """The default model at its default size."""
    wanted = asked(budget_s)
    return as_report(wanted, load(wanted))
