"""The entry of PD-FGC."""

from pathlib import Path

from engine.family import Choice, Family
from engine.pdfgc.arrays import PdfgcArrays
from engine.pdfgc.model import PdfgcModel, load_bundle
from engine.pdfgc.motion import CAN, PdfgcMotion


def _load(choice: Choice) -> PdfgcModel:
    return load_bundle(Path(choice.model), choice.backend, progress=choice.progress)


FAMILY: Family[PdfgcMotion] = Family(name="pdfgc", can=CAN, load=_load, arrays=PdfgcArrays())
