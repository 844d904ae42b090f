"""A part that hangs."""

import time

from benchmarks.report.report import Report


def run(budget_s: float) -> Report:
    time.sleep(600.0)
    raise AssertionError("it was to be ended")
