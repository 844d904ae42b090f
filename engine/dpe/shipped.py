"""The small DPE that ships: where it lies, what its record says, and what may be said of it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from engine.errors import BundleError
from engine.manifest import GraphSpec, check_files, read_manifest

NAME = "dpe-small"
FOLDER = Path(__file__).parents[1] / "assets" / "dpe_small"
RECORD = "record.json"
"""Beside the graphs: data, seeds, hours, machine, figures."""

LEAST_GAIN_DB = 1.0
"""By so much an edited expression is nearer to the exact picture than the still one is, in the face
box, on people held out."""
MOST_TURN_DEG = 2.0
"""So much an edit of the expression may turn the head."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Of the record: means over held-out people."""

    still_db: float
    """PSNR of the still portrait against the exact picture of another expression."""
    expression_db: float
    """Of what the model draws."""
    turn_deg: float
    """How far an edit of the expression turns the head: root of the mean square, less the tracker's
    own error."""

    @classmethod
    def of_record(cls, folder: Path = FOLDER) -> Self:
        """Read them.

        Raises:
            BundleError: the record is missing, or lacks a figure.
        """
        path = folder / RECORD
        try:
            figures = json.loads(path.read_text(encoding="utf-8"))["figures"]
            return cls(**{name: float(figures[name]) for name in cls.__dataclass_fields__})
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise BundleError(
                f"{path} is not as it should be: {error!r}. Install Understudy again."
            ) from None

    @property
    def is_offered(self) -> bool:
        """Whether it may stand among the models without being called a test."""
        gains = self.expression_db - self.still_db >= LEAST_GAIN_DB
        return gains and self.turn_deg <= MOST_TURN_DEG

    @property
    def notice(self) -> str:
        """What whoever meets the model is told; empty where nothing needs to be."""
        if self.is_offered:
            return ""
        gain_db = self.expression_db - self.still_db
        return (
            "dpe-small is a test model, not for use: on people that it has never seen an edited "
            f"expression is {gain_db:+.2f} dB nearer to the truth than the still picture "
            f"({LEAST_GAIN_DB:g} is asked for), and turns the head by {self.turn_deg:.1f} degrees "
            f"({MOST_TURN_DEG:g} at most)."
        )


def graphs() -> Mapping[Path, GraphSpec]:
    """Those of the shipped bundle by their files."""
    return read_manifest(FOLDER).by_file(FOLDER)


def check() -> None:
    """Compare the shipped bundle with its check sums.

    Raises:
        BundleError: something is missing or damaged.
    """
    check_files(FOLDER, read_manifest(FOLDER))
    Figures.of_record()
