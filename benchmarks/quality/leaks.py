"""The leak matrix: one factor of the driver moves, and what moved in the output?

Rows are the moved factor, columns the measured one, read from the output by the tracker against
the same portrait at rest. A column's unit is what the exact renders show when its own factor moves,
so that 1 on the diagonal is a factor carried over whole. The exact renders have a matrix, too: what
they show off the diagonal is the tracker's own leak, and the face's (eyes that look down lower
their lids).
"""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from benchmarks.machine import markdown
from engine.faces.face import Face
from engine.geometry import Array
from engine.motion import FACTORS, Factor
from engine.rig.driver.driver import difference
from engine.rig.driver.reading import read_face
from engine.rig.landmarks import EYES
from engine.rig.motion.factors import factor_weights

BROWS = [70, 63, 105, 66, 107, 300, 293, 334, 296, 336]
"""Upper edges of both brows. Emotion is measured by their height: the rest of the upper face moves
by less than the tracker errs."""

Measures = dict[Factor, float]
"""How much of each factor is seen: cm of mouth, irises and brows; share of a blink; degrees."""

Sample = tuple[Factor, Measures]
"""What was moved, and what was seen."""


def measured(rest: Face, face: Face) -> Measures:
    """How far a face has left its rest, factor by factor; never negative."""
    motion = difference(read_face(rest), read_face(face))
    # Depth is the tracker's guess: the picture shows what lies across.
    moved = np.linalg.norm(motion.offsets[:, :2], axis=1)

    lips = factor_weights()["lips"]
    return {
        "lips": float(np.sqrt((lips * moved**2).sum() / lips.sum())),
        "gaze": float(np.mean([moved[eye.iris] for eye in EYES])),
        "blink": float(np.abs(1.0 - motion.aperture).mean()),
        "emotion": float(np.abs(motion.offsets[BROWS, 1]).mean()),
        "pose": float(np.degrees(np.linalg.norm(motion.rotation))),
    }


def units(exact: Iterable[Sample]) -> Measures:
    """What each factor shows of itself where it moves as it should."""
    listed = list(exact)
    return {
        factor: float(np.mean([seen[factor] for moved, seen in listed if moved == factor]))
        for factor in FACTORS
    }


def leak_matrix(samples: Sequence[Sample], unit: Measures) -> Array:
    """(5, 5) in the order of FACTORS; NaN in the row of a factor that nothing moved."""
    matrix: NDArray[np.float64] = np.full((len(FACTORS), len(FACTORS)), np.nan)
    for row, moved in enumerate(FACTORS):
        seen = [measures for factor, measures in samples if factor == moved]
        for column, factor in enumerate(FACTORS):
            if seen:
                matrix[row, column] = np.mean([m[factor] for m in seen]) / unit[factor]
    return matrix


def leaked(matrix: Array) -> float:
    """The mean off the diagonal."""
    off = ~np.eye(len(FACTORS), dtype=bool)
    return float(np.nanmean(matrix[off]))


def matrix_table(title: str, matrix: Array) -> str:
    """Markdown."""
    rows = [[moved, *(f"{value:.2f}" for value in matrix[k])] for k, moved in enumerate(FACTORS)]
    return markdown([f"{title}: moved", *FACTORS], rows)
