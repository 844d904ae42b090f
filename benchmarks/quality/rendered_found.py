"""What rendered heads show of a model; `rendered.py` measures it."""

from dataclasses import dataclass

from benchmarks.quality.leaks import leaked
from benchmarks.quality.measuring import Values
from engine.frame import Pixels
from engine.geometry import Array

EXACT, MODEL = "exact render", "model"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rendered:
    """What all people together show."""

    heads: int
    nearness: dict[str, dict[str, Values]]
    """What is asked for -> row -> psnr (dB, face box), turn (degrees) and aed against the exact
    render, the still picture's beside the model's."""
    leaks: dict[str, Array]
    """Row -> (5, 5), see `leaks.py`."""
    unit: dict[str, float]
    sheet: list[tuple[str, Pixels]]
    """Of the first person: captions and pictures."""

    @property
    def leaked(self) -> dict[str, float]:
        """Row -> mean off the diagonal."""
        return {row: leaked(matrix) for row, matrix in self.leaks.items()}
