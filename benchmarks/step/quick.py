"""The step of `understudy bench all`."""

from benchmarks.report.report import Report
from benchmarks.step.report import as_report
from benchmarks.step.run import Rounds, measure
from benchmarks.step.settings import StepSettings

RATE = 30.0
START_S, ROUND_S = 12.0, 1.5
"""Of the starts, and of a round of the default model on two quiet cores, with room to spare."""
FRAMES = 20


def rounds(budget_s: float) -> Rounds:
    """As many as there is time for."""
    return Rounds(rounds=max(6, int((budget_s - START_S) / ROUND_S)), frames=FRAMES, warm_up=15)


def run(budget_s: float) -> Report:
    """The default model at its default size."""
    return as_report(measure([StepSettings()], rounds(budget_s)), RATE)
