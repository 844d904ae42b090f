"""What the user of `understudy edit` asks for."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

from engine.editing import Blending
from engine.motion import FACTORS, Factor
from stream.edit.encoders import Encoding
from stream.edit.fitting import Fit
from stream.edit.keys import Keys, Range
from stream.edit.picture_folder import RATE

EXPRESSION: tuple[Factor, ...] = tuple(factor for factor in FACTORS if factor != "pose")
"""All that an edit may change: the pose is the film's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Driving:
    """One driver: where it comes from and what is taken from it."""

    source: Path | None
    """A clip, a motion file or a sound; None for `sliders`."""
    factors: frozenset[Factor] = frozenset(EXPRESSION)
    sliders: Mapping[str, float] = field(default_factory=dict)
    range: Range = field(default_factory=Range)
    """Of the film, within the job's own."""
    blending: Blending | None = None
    """None is the job's."""

    is_own: bool = False
    """Whether the clip shows the film's own person."""

    @property
    def name(self) -> str:
        """For messages."""
        return str(self.source) if self.source is not None else "the sliders"


@dataclass(frozen=True, slots=True, kw_only=True)
class EditJob:
    """What to edit, as the user asked for it."""

    source: Path
    """A film, or a folder of pictures in their order."""
    drivings: Sequence[Driving]
    """Where two claim a factor, the later one has the last word."""
    out: Path
    model: str = "rig"
    """Its name, or the folder of its bundle."""
    blending: Blending = "replace"
    faces: Sequence[int] | Literal["all"] = (1,)
    """1 is who is seen longest and largest."""
    keys: Keys = field(default_factory=Keys)
    """Gains, ranges and how they change over time."""
    neutral: int | None = None
    """The film's frame in which its face is at rest; None puts a rest together."""
    fit: Fit = "hold"
    offset_s: float = 0.0
    """Where in the driver the film's range begins."""
    rate: Fraction = RATE
    """Pictures a second of a folder of pictures."""
    encoding: Encoding = field(default_factory=Encoding)
    force: bool = False

    def settings(self) -> dict[str, Any]:
        """All that changes the result, but for the files."""
        keys = asdict(self.keys)
        keys.pop("drivers")  # they are among the drivings
        return {
            "blending": self.blending,
            "faces": list(self.faces) if self.faces != "all" else "all",
            "keys": keys,
            "neutral": self.neutral,
            "fit": self.fit,
            "offset_s": self.offset_s,
            "encoding": asdict(self.encoding),
        }
