"""Runs the parts of `understudy bench all`, and puts what they found into one report."""

import importlib
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any

from benchmarks.report.quick import Part
from benchmarks.report.report import CannotRunError, Figure, Report, Table
from engine.errors import UnderstudyError

GRACE = 3.0
"""Of its budget: how long a part may take on a machine that is busy before it is ended."""


def together(parts: Sequence[Part], told: Callable[[str], None] = lambda _: None) -> Report:
    """Each part in turn; one that cannot run, fails or takes too long is skipped by name."""
    found: dict[str, Report] = {}
    skipped: dict[str, str] = {}
    taken: dict[str, float] = {}
    for part in parts:
        told(part.name)
        began_s = time.monotonic()
        try:
            found[part.name] = _run(part)
        except UnderstudyError as error:
            skipped[part.name] = str(error)
        taken[part.name] = time.monotonic() - began_s
    return _joined(found, skipped, taken)


def _joined(found: dict[str, Report], skipped: dict[str, str], taken: dict[str, float]) -> Report:
    rows = tuple(
        (name, f"{seconds:.0f}", "skipped" if name in skipped else "measured")
        for name, seconds in taken.items()
    )
    within = {
        f"{name}: {what}": why for name, each in found.items() for what, why in each.skipped.items()
    }
    return Report(
        kind="all",
        settings={name: dict(each.settings) for name, each in found.items()},
        figures=tuple(
            _prefixed(name, figure) for name, each in found.items() for figure in each.figures
        ),
        tables=(
            Table(title="Parts", head=("part", "seconds", ""), rows=rows),
            *(table for each in found.values() for table in each.tables),
        ),
        charts=tuple(chart for each in found.values() for chart in each.charts),
        skipped=skipped | within,
    )


def _prefixed(name: str, figure: Figure) -> Figure:
    is_named = figure.name.startswith(f"{name}.")
    return figure if is_named else replace(figure, name=f"{name}.{figure.name}")


def _run(part: Part) -> Report:
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_work, args=(part, theirs))
    process.start()
    theirs.close()
    try:
        if not ours.poll(part.budget_s * GRACE):
            raise CannotRunError(f"took longer than {part.budget_s * GRACE:.0f} s")
        answer = ours.recv()
    except EOFError:
        raise CannotRunError("its process has ended: see above") from None
    finally:
        ours.close()
        process.join(5.0)
        if process.is_alive():
            process.terminate()
            process.join()
    if isinstance(answer, UnderstudyError):
        raise answer
    assert isinstance(answer, Report)
    return answer


def _work(part: Part, link: "Connection[Any, Any]") -> None:
    """In the part's process, which an error that is none of the user's ends with its traceback."""
    try:
        answer: object = importlib.import_module(part.module).run(part.budget_s)
    except ModuleNotFoundError as error:
        answer = CannotRunError(f"{error.name} is not here")
    except UnderstudyError as error:
        answer = error
    link.send(answer)
