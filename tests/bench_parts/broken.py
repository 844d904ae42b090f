"""A part with a fault."""

from benchmarks.report.report import Report


def run(budget_s: float) -> Report:
    raise RuntimeError("a fault that was asked for")
