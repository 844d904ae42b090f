"""The public door to DPE's networks; they live in engine/dpe/nets/."""

from engine.dpe.nets.dpe import DPE

__all__ = ["DPE"]
