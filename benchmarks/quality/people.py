"""Who a picture shows, with what expression and pose: CSIM, AED, APD against a source or driver."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from benchmarks.quality.estimator import Fit, aed, apd, fit, turn_deg
from engine.faces.face import Face
from engine.frame import Pixels

if TYPE_CHECKING:
    from benchmarks.mobilefacenet import Recogniser

ANGLES = ("yaw", "pitch", "roll")

Identity: TypeAlias = NDArray[np.float32]


@dataclass(slots=True)
class People:
    """Compares faces; what it knows of a face is kept while it is measured against many."""

    recogniser: "Recogniser | None"
    _fits: dict[int, tuple[Face, Fit]] = field(default_factory=dict)
    _identities: dict[int, tuple[Face, Identity]] = field(default_factory=dict)

    def forget(self) -> None:
        """Of the next drive nothing is known."""
        self._fits.clear()
        self._identities.clear()

    def likeness(
        self, picture: Pixels, face: Face, other: Pixels, other_face: Face
    ) -> float | None:
        """CSIM; None without a recogniser."""
        if self.recogniser is None:
            return None
        first, second = self._identity(picture, face), self._identity(other, other_face)
        return float(first @ second)

    def distances(self, face: Face, other: Face) -> dict[str, float]:
        """AED, APD, the angle between both heads, and how far each angle is more: degrees."""
        first, second = self._fit(face), self._fit(other)
        more = np.degrees(first.angles - second.angles)
        return {
            **dict(zip(ANGLES, more.tolist(), strict=True)),
            "aed": aed(first, second),
            "apd": apd(first, second),
            "turn": turn_deg(first, second),
        }

    def _fit(self, face: Face) -> Fit:
        known = self._fits.get(id(face))
        if known is None:  # the face is kept, too: its id is its own as long as it lives
            known = self._fits[id(face)] = face, fit(face)
        return known[1]

    def _identity(self, picture: Pixels, face: Face) -> Identity:
        assert self.recogniser is not None
        known = self._identities.get(id(face))
        if known is None:
            known = self._identities[id(face)] = face, self.recogniser.identity(picture, face)
        return known[1]
