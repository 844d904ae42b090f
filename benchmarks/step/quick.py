"""The step of `understudy bench all`."""

from benchmarks.report.report import Report
from benchmarks.step.report import as_report
from benchmarks.step.run import Rounds, measure
from benchmarks.step.settings import StepSettings

RATE = 30.0
ROUNDS = Rounds(rounds=8, frames=20, warm_up=15)


def run(budget_s: float) -> Report:
    """The default model at its default size."""
    return as_report(measure([StepSettings()], ROUNDS), RATE)
