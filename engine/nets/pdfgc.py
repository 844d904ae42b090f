"""The public door to PD-FGC's networks; they live in engine/pdfgc/nets/."""

from engine.pdfgc.nets.pdfgc import PDFGC

__all__ = ["PDFGC"]
