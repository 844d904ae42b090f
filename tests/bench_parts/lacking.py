"""A part that this machine lacks something for."""

from benchmarks.report.report import CannotRunError, Report


def run(budget_s: float) -> Report:
    raise CannotRunError("no browser here")
