"""The networks that measure, by the folder they lie in; what is missing is named, not guessed.

They don't ship: recognisers are trained on faces for research only. docs/quality.md names sources
and licences.
"""

from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from engine.installing import install_extra

if TYPE_CHECKING:  # they need torch, which the base installation has not
    from benchmarks.lpips import Lpips
    from benchmarks.mobilefacenet import Recogniser

SQUEEZENET, LINEAR = "squeezenet1_1_torchvision_fp16.pth", "lpips_v0.1_squeeze.pth"
MOBILEFACENET = "mobilefacenet.pt"

BESIDE = Path(__file__).parents[3] / "shared" / "models"
"""Beside a checkout: the folder that is taken where none is given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Networks:
    """Those that were found."""

    lpips: "Lpips | None" = None
    recogniser: "Recogniser | None" = None
    skipped: dict[str, str] = field(default_factory=dict)
    """Measure -> why it cannot be taken."""


def find_networks(folder: Path | None) -> Networks:
    """Load what there is.

    Raises:
        InputError: a file has the name, and is something else.
    """
    skipped: dict[str, str] = {}

    def found(measure: str, names: tuple[str, ...]) -> list[Path] | None:
        if folder is None:
            skipped[measure] = "--models is not given: docs/quality.md says what belongs there"
            return None
        if find_spec("torch") is None:
            skipped[measure] = f"torch is not installed: {install_extra('export')}"
            return None
        missing = [name for name in names if not (folder / name).is_file()]
        if missing:
            skipped[measure] = f"{folder} lacks {', '.join(missing)} (docs/quality.md)"
        return None if missing else [folder / name for name in names]

    eyes, people = found("LPIPS", (SQUEEZENET, LINEAR)), found("CSIM", (MOBILEFACENET,))
    return Networks(
        lpips=_lpips(*eyes) if eyes else None,
        recogniser=_recogniser(*people) if people else None,
        skipped=skipped,
    )


def _lpips(squeezenet: Path, linear: Path) -> "Lpips":
    from benchmarks.lpips import Lpips

    return Lpips(squeezenet, linear)


def _recogniser(weights: Path) -> "Recogniser":
    from benchmarks.mobilefacenet import Recogniser

    return Recogniser(weights)
