"""What a section of the evaluation gives back: figures, a table, and what they decide."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One question with its answer."""

    question: str
    holds: bool
    detail: str
    """The figures behind the answer."""
    decides: bool = True
    """Whether the refiner ships only if it holds; a goal does not decide."""

    def line(self) -> str:
        """For people."""
        return f"- {self.question}: **{'yes' if self.holds else 'no'}** ({self.detail})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """What one section measured."""

    result: dict[str, Any]
    """For the JSON file."""
    table: str
    """Markdown."""
    verdicts: tuple[Verdict, ...] = ()


@dataclass(frozen=True, slots=True)
class Skipped:
    """A section that could not be measured here."""

    reason: str


def find_missing(paths: Iterable[tuple[str, Path | None]]) -> str | None:
    """The first option whose file or folder is not there, in words; None where all are.

    `paths` pairs the option's name with what was given.
    """
    for option, path in paths:
        if path is None:
            return f"{option} is not given"
        if not path.exists():
            return f"{path} is missing"
    return None


def verdict_of(sections: Iterable[Section], unmeasured: Sequence[str]) -> Verdict:
    """All together: the refiner ships if every verdict that decides holds, and none is missing.

    `unmeasured` names sections that were left out.
    """
    deciding = [v for section in sections for v in section.verdicts if v.decides]
    failed = [v.question for v in deciding if not v.holds]
    told = f"all {len(deciding)} hold"
    if failed:
        told = f"fails: {'; '.join(failed)}"
    elif unmeasured:
        told = f"undecided: {', '.join(unmeasured)} not measured"
    return Verdict(
        question="the refiner is better than the rig",
        holds=bool(deciding) and not failed and not unmeasured,
        detail=told,
    )
