"""AED and APD's estimator: the shapes of ICT-FaceKit, fitted to a tracker's landmarks.

A face's 468 points are a scaled, turned and shifted sum of a mean, 40 identity modes and 43
expressions. Regularised least squares find all at once (Gauss and Newton, from the pose of the
canonical face on), no expression being negative:

    sum over points of |W (points - s R (mean + I a + E e) - t)|^2 / cm^2
        + IDENTITY_RIDGE |a|^2 + EXPRESSION_RIDGE |e|^2

W takes depth, which a tracker guesses, for DEPTH of what lies across. The papers fit another
model's coefficients by a network, so figures compare only within one estimator: this one, in this
version. `repeatability.py` measures it on renders whose truth is known.
"""

from dataclasses import dataclass

import numpy as np

from benchmarks.quality.shapes import POINTS, load_shapes
from engine.faces.canonical import head_pose, to_picture
from engine.faces.face import Face
from engine.geometry import Array, angle_between, rotation_from_vector, yaw_pitch_roll

ESTIMATOR = "facekit-ls-1"
"""Changes whenever a figure could: shapes, weights, ridges, definition."""

WITHIN = f"AED and APD compare only within one evaluator (here {ESTIMATOR})."

DEPTH = 0.1
IDENTITY_RIDGE = 0.5
EXPRESSION_RIDGE = 2.0
"""Chosen on 16 rendered people; `repeatability.py` measures others."""

_STEPS = 4
_SWEEPS = 10


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Fit:
    """One face."""

    expression: Array
    """(43,) by EXPRESSIONS; 1 is a whole expression; never negative."""
    identity: Array
    """(40,) standard deviations."""
    rotation: Array
    """(3, 3) from the canonical frame to the picture's (y up, z to the viewer)."""
    scale: float
    """px per cm."""
    centre: Array
    """(2,) px: where the canonical origin lies."""

    @property
    def angles(self) -> Array:
        """(3,) yaw, pitch, roll in radians."""
        return np.radians(yaw_pitch_roll(self.rotation))


def aed(first: Fit, second: Fit) -> float:
    """Average expression distance: mean absolute difference of the 43 coefficients."""
    return float(np.abs(first.expression - second.expression).mean())


def apd(first: Fit, second: Fit) -> float:
    """Average pose distance: mean absolute difference of yaw, pitch and roll, radians."""
    apart = first.angles - second.angles
    return float(np.abs((apart + np.pi) % (2.0 * np.pi) - np.pi).mean())


def turn_deg(first: Fit, second: Fit) -> float:
    """The one angle between two heads, degrees: easier to picture than APD."""
    return float(np.degrees(angle_between(first.rotation, second.rotation)))


def fit(face: Face) -> Fit:
    """Fit one face; some 15 ms."""
    shapes = load_shapes()
    points = to_picture(face.landmarks[:POINTS].astype(np.float64))
    start = head_pose(face).placement
    rotation, scale, shift = start.rotation, start.scale, start.translation
    across = np.array([1.0, 1.0, DEPTH])
    modes = np.concatenate([shapes.identity, shapes.expression], axis=2)
    count = shapes.identity.shape[2]
    ridge = np.concatenate(
        [
            np.zeros(7),
            np.full(count, IDENTITY_RIDGE),
            np.full(modes.shape[2] - count, EXPRESSION_RIDGE),
        ]
    )
    weights = np.zeros(modes.shape[2])
    for _ in range(_STEPS):
        turned = (shapes.mean + modes @ weights) @ rotation.T
        slope = np.zeros((POINTS, 3, 7 + len(weights)))
        slope[:, :, 0] = turned  # log of the scale
        slope[:, :, 1:4] = -_cross(turned)
        slope[:, :, 4:7] = np.eye(3)
        slope[:, :, 7:] = rotation @ modes
        apart = (points - shift) / scale - turned
        rows = (slope * across[None, :, None]).reshape(3 * POINTS, -1)
        # Unknowns are the step of the pose and the weights themselves, so that bounds are plain.
        wanted = (apart * across).ravel() + rows[:, 7:] @ weights
        square = rows.T @ rows + np.diag(ridge)
        found = _least_squares(square, rows.T @ wanted, weights[count:])
        shift = shift + scale * found[4:7]
        scale = scale * float(np.exp(found[0]))
        rotation = rotation_from_vector(found[1:4]) @ rotation
        weights = found[7:]
    return Fit(
        expression=weights[count:],
        identity=weights[:count],
        rotation=rotation,
        scale=scale,
        centre=to_picture(shift[None])[0, :2],
    )


def _cross(vectors: Array) -> Array:
    """(N, 3) -> (N, 3, 3): v -> the matrix of w -> v x w."""
    x, y, z = vectors.T
    zero = np.zeros_like(x)
    rows = [[zero, -z, y], [z, zero, -x], [-y, x, zero]]
    return np.moveaxis(np.array(rows), 2, 0)


def _least_squares(square: Array, right: Array, start: Array) -> Array:
    """The x of least x' A x / 2 - b' x, A being `square` and b `right`.

    The last numbers of x, as many as `start` has, are not negative; they begin there.
    """
    free = len(right) - len(start)
    own, other = square[:free, :free], square[:free, free:]
    without = np.linalg.solve(own, np.column_stack([other, right[:free]]))
    reduced = square[free:, free:] - other.T @ without[:, :-1]
    bounded = _not_negative(reduced, right[free:] - other.T @ without[:, -1], start)
    return np.concatenate([without[:, -1] - without[:, :-1] @ bounded, bounded])


def _not_negative(square: Array, right: Array, start: Array) -> Array:
    """The same where no number may be negative: one after the other, several times."""
    found = start.copy()
    diagonal = square.diagonal()
    for _ in range(_SWEEPS):
        for k in range(len(found)):
            slope = right[k] - square[k] @ found
            found[k] = max(found[k] + slope / diagonal[k], 0.0)
    return found
