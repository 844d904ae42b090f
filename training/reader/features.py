"""Samples as the matrices that readers learn from: mirrored, steadied, along telling directions."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.motion import ARKIT_NAMES
from engine.rig.motion.arkit_reader import steadied
from engine.rig.motion.factors import motion_from_arkit
from training.basis import load
from training.reader.samples import PersonSamples

BASIS = Path(__file__).parents[2] / "engine" / "assets" / "rig" / "basis.npz"

Floats = NDArray[np.float32]
Values = NDArray[np.float64]

_OTHER_SIDE = (("Left", "Right"), ("Right", "Left"))
_FLIP = np.array([-1, 1, 1], np.float32)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rows:
    """N faces."""

    offsets: Floats
    """(N, 478, 3) cm"""
    aperture: Floats
    """(N, 2)"""
    truth: Floats
    """(N, 52)"""
    probe: NDArray[np.int16]
    """(N,) as in PersonSamples."""
    person: NDArray[np.int32]
    """(N,) whose face it is: a number from 0."""

    def mirrored(self, mirror: NDArray[np.int16]) -> "Rows":
        """The same faces seen in a mirror; `mirror` (478,) is the basis' own."""
        return Rows(
            offsets=self.offsets[:, mirror] * _FLIP,
            aperture=self.aperture[:, ::-1],
            truth=self.truth[:, OTHER_SIDE],
            probe=self.probe,
            person=self.person,
        )

    def some(self, chosen: NDArray[np.bool_] | NDArray[np.int64]) -> "Rows":
        """Those that are chosen: (N,) or their numbers."""
        return Rows(**{f.name: getattr(self, f.name)[chosen] for f in fields(self)})


def rows_of(people: Sequence[PersonSamples]) -> Rows:
    """All faces of all people."""
    return Rows(
        offsets=np.concatenate([one.offsets for one in people]),
        aperture=np.concatenate([one.aperture for one in people]),
        truth=np.concatenate([one.coefficients for one in people]),
        probe=np.concatenate([one.probe for one in people]),
        person=np.repeat(np.arange(len(people), dtype=np.int32), [len(one) for one in people]),
    )


def directions_of(rows: Rows, components: int, ridge: float) -> Floats:
    """(len(SEEN) * 3, K): one direction of the offsets per coefficient that varies, K of them.

    Along it the coefficient is told best by a ridge regression on the principal components, scaled
    to a mean square of 1 over the rows. The components themselves would serve worse: an iris moves
    little, so gaze comes late among them.
    """
    moved = steadied(rows.offsets).astype(np.float64)
    values, vectors = np.linalg.eigh(moved.T @ moved / len(moved))
    largest = np.argsort(values)[::-1][:components]
    # About zero, not about the mean: a motion at rest must stay at zero.
    whitening = vectors[:, largest] / np.sqrt(values[largest])
    features = np.concatenate([moved @ whitening, rows.aperture - 1.0], axis=1)
    varying = rows.truth[:, rows.truth.any(axis=0)]
    telling = ridge_regression(features, varying, ridge)[: len(largest)]
    directions = whitening @ telling
    size = np.sqrt(np.mean((moved @ directions) ** 2, axis=0))
    return np.asarray(directions / size, np.float32)


def ridge_regression(features: Values, truth: Floats, ridge: float) -> Values:
    """(N, K), (N, M) -> (K, M) without a constant; `ridge` is over the features' mean square."""
    gram = features.T @ features
    gram += ridge * np.trace(gram) / len(gram) * np.eye(len(gram))
    return np.asarray(np.linalg.solve(gram, features.T @ truth), np.float64)


def features_of(rows: Rows, directions: Floats) -> Floats:
    """(N, K + 2): what a reader's layers see, as in engine.rig.motion.arkit_reader."""
    opened = rows.aperture - np.float32(1.0)
    return np.concatenate([steadied(rows.offsets) @ directions, opened], axis=1)


def exact_twins(rows: Rows) -> Rows:
    """The same coefficients as the rig's own shapes move a face: what a slider does."""
    made = [
        motion_from_arkit(dict(zip(ARKIT_NAMES, row.tolist(), strict=True))) for row in rows.truth
    ]
    return replace(
        rows,
        offsets=np.array([motion.offsets for motion in made], np.float32),
        aperture=np.maximum([motion.aperture for motion in made], 0.0).astype(np.float32),
    )


def joined(parts: Sequence[Rows]) -> Rows:
    """All rows of all parts."""
    return Rows(
        **{f.name: np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(Rows)}
    )


def mirror_of_basis() -> NDArray[np.int16]:
    """(478,): the left-right counterpart of each landmark."""
    mirror: NDArray[np.int16] = load(BASIS)["mirror"]
    return mirror


def _other_side() -> NDArray[np.int64]:
    def other(name: str) -> str:
        for side, opposite in _OTHER_SIDE:
            if name.endswith(side):
                return name.removesuffix(side) + opposite
        return name

    return np.array([ARKIT_NAMES.index(other(name)) for name in ARKIT_NAMES])


OTHER_SIDE = _other_side()
"""(52,): where each coefficient is found in a mirror."""
