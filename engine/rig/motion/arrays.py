"""The rig's motion as plain arrays, one row per frame, and back: what a motion file holds."""

from collections.abc import Mapping
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from engine.faces.face import LANDMARKS
from engine.model import MotionRow
from engine.motion import ARKIT_NAMES
from engine.rig.motion.arkit_reader import load_reader
from engine.rig.motion.factors import motion_from_arkit
from engine.rig.motion.motion import RigMotion, still_motion
from engine.rig.motion.recording import Recording

NAMES = (
    "offsets", "aperture", "lip_contact", "rotation", "shift", "log_scale", "rim_share", "nod",
)  # fmt: skip


class RigArrays:
    """Keeps `engine.model.MotionArrays`."""

    def row(self, motion: object) -> MotionRow:
        """The numbers of one motion by their names; those of rest for None."""
        if not isinstance(motion, RigMotion | None):
            raise TypeError(f"only the rig's motion can be recorded, got {type(motion).__name__}")
        shown = still_motion() if motion is None else motion
        return {name: getattr(shown, name) for name in NAMES}

    def arkit(self, rows: NDArray[np.void]) -> NDArray[np.float32]:
        """(N, 52): what landmarks and lids are in ARKit's names."""
        offsets = rows["offsets"].reshape(-1, LANDMARKS, 3)
        return np.asarray(load_reader().read(offsets, rows["aperture"]), np.float32)

    def recording(
        self, arrays: Mapping[str, NDArray[np.generic]], tracked: NDArray[np.bool_], rate: Fraction
    ) -> Recording:
        """The performance; where landmarks are missing, the face is made of `arkit`.

        Without `rim_share` the rim goes along with all that the head does; without `nod`, no
        farther.
        """
        made = {} if "offsets" in arrays else _face_of_arkit(arrays["arkit"])
        count = len(tracked)
        if "rim_share" not in arrays:
            made["rim_share"] = np.ones(count, np.float32)
        if "nod" not in arrays:
            made["nod"] = np.zeros(count, np.float32)
        numbers = {
            name: np.asarray((made if name in made else arrays)[name], np.float32) for name in NAMES
        }
        times_ns = np.asarray(arrays["times_ns"], np.int64)
        return Recording(times_ns=times_ns, tracked=tracked, rate=rate, **numbers)


def _face_of_arkit(arkit: NDArray[np.generic]) -> dict[str, NDArray[np.float32]]:
    """The landmarks and lids that the coefficients stand for."""
    motions = [
        motion_from_arkit(dict(zip(ARKIT_NAMES, row.tolist(), strict=True))) for row in arkit
    ]
    return {
        "offsets": np.array([motion.offsets for motion in motions], np.float32),
        "aperture": np.maximum([motion.aperture for motion in motions], 0.0).astype(np.float32),
        "lip_contact": np.zeros(len(motions), np.float32),
    }
