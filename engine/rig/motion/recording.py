"""A recorded performance of the rig: what the driver did, frame by frame. No file, no clock."""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from engine.geometry import Array
from engine.performance import Performance
from engine.rig.motion.motion import RigMotion, between, still_motion


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Recording(Performance[RigMotion]):
    """N frames of motion, N at least 1. Units and frames of reference as in RigMotion."""

    times_ns: NDArray[np.int64]
    """(N,) since the first frame, growing strictly from 0."""
    tracked: NDArray[np.bool_]
    """(N,) False where no face drove the portrait: it was at rest, the other rows say nothing."""
    offsets: NDArray[np.float32]
    """(N, 478, 3)"""
    aperture: NDArray[np.float32]
    """(N, 2)"""
    lip_contact: NDArray[np.float32]
    """(N,)"""
    rotation: NDArray[np.float32]
    """(N, 3)"""
    shift: NDArray[np.float32]
    """(N, 2)"""
    log_scale: NDArray[np.float32]
    """(N,)"""
    rim_share: NDArray[np.float32]
    """(N,)"""
    nod: NDArray[np.float32]
    """(N,)"""
    rate: Fraction
    """Frames per second of the source; single frames may deviate."""

    def _rest(self) -> RigMotion:
        return still_motion()

    def _between(self, first: RigMotion, second: RigMotion, weight: float) -> RigMotion:
        return between(first, second, weight)

    def _row(self, index: int) -> RigMotion:
        def row(array: NDArray[np.float32]) -> Array:
            return np.asarray(array[index], np.float64)

        return RigMotion(
            offsets=row(self.offsets),
            aperture=row(self.aperture),
            lip_contact=float(self.lip_contact[index]),
            rotation=row(self.rotation),
            shift=row(self.shift),
            log_scale=float(self.log_scale[index]),
            rim_share=float(self.rim_share[index]),
            nod=float(self.nod[index]),
        )
