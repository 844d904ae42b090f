"""A part that measures."""

from benchmarks.report.report import Figure, Report


def run(budget_s: float) -> Report:
    figure = Figure(name="good.a", value=1.0, unit="ms", better="lower")
    return Report(kind="good", settings={"size": 256}, figures=(figure,), skipped={"x": "is not"})
