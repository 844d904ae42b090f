"""The parts of `understudy bench all`: each in a process of its own, so that none disturbs another.

A part is a module with `run(budget_s) -> Report`: its quick measurement, in about so many seconds
on two cores. It raises `CannotRunError` where the machine lacks what it needs.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One of them."""

    name: str
    module: str
    budget_s: float


PARTS = (
    Part(name="step", module="benchmarks.step.quick", budget_s=40.0),
    Part(name="glass", module="benchmarks.glass.quick", budget_s=60.0),
    Part(name="load", module="benchmarks.load.quick", budget_s=45.0),
    Part(name="soak", module="benchmarks.soak.quick", budget_s=45.0),
    Part(name="quality", module="benchmarks.quality.quick", budget_s=80.0),
)
