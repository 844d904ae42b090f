"""The quick measurement: what ships, and nothing else; under a minute on two cores."""

from dataclasses import replace
from pathlib import Path

from benchmarks.quality.networks import BESIDE
from benchmarks.quality.run import Plan
from benchmarks.quality.run import run as measure
from benchmarks.report.report import Report
from engine.families import find_family
from engine.family import Choice

FRAMES, EVERY, STRIDE = 150, 3, 5
MODEL = "rig"


def quick_plan(plan: Plan) -> Plan:
    """Fewer of everything, and no rendered heads."""
    return replace(
        plan,
        frames=min(plan.frames, FRAMES),
        every=max(plan.every, EVERY),
        stride=STRIDE,
        heads=0,
    )


def run(budget_s: float) -> Report:
    """The default model, as it ships; `budget_s` is what it should take, and it takes less."""
    del budget_s
    plan = Plan(models=found(BESIDE), settings={"model": MODEL, "quick": True})
    return measure(find_family(MODEL).load(Choice(model=MODEL)), quick_plan(plan))


def found(path: Path) -> Path | None:
    """A file or folder beside a checkout, where there is one."""
    return path if path.exists() else None
