"""Reads ARKit coefficients from a rig motion by a small network (`training/reader` makes it).

Some fifty directions of the landmarks' offsets and the lids' openings go through a linear map and
through two hidden layers beside it. What the network says of a face at rest is taken off, so a
motion at rest is read as nothing. Closed lids are measured, not learned: a learned eyeBlink knows
that eyes mostly close together, and would take half a wink for a blink.
"""

import zipfile
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from io import BytesIO

import numpy as np
from numpy.typing import NDArray

from engine.errors import BundleError
from engine.faces.canonical import load_basis, rigid_weights
from engine.faces.face import LANDMARKS
from engine.geometry import Array
from engine.motion import ARKIT_NAMES
from engine.rig.landmarks import LIDS

UNREAD: tuple[str, ...] = ("mouthClose", "tongueOut")
"""Always 0: no landmark lies on the tongue; no rendered person closes the lips over an open jaw."""

_UNREAD = [ARKIT_NAMES.index(name) for name in UNREAD]
_BLINKS = [ARKIT_NAMES.index(name) for name in ("eyeBlinkLeft", "eyeBlinkRight")]

VERSION = 1

SEEN = np.setdiff1d(np.arange(LANDMARKS), LIDS)
"""The points that a motion moves: the lids' own rows are zero."""

_MOST_DIRECTIONS, _MOST_UNITS = 256, 1024

Floats = NDArray[np.float32]


def steadied(offsets: Array | Floats) -> Floats:
    """(N, 478, 3) cm -> (N, len(SEEN) * 3) cm: as if the head had not moved at all.

    Another program's motion, or an older file's, may have some of it left in its offsets. The
    canonical face stands for the driver's own, which a motion does not tell.
    """
    seen, share, start, spread = _steady_points()
    moved = offsets.astype(np.float32)
    there = start + moved.take(_RIGID, axis=1)
    drift = share @ there  # (N, 3)
    covariance = np.swapaxes((there - drift[:, None]) * share[:, None], 1, 2) @ start
    left, singular, right = np.linalg.svd(covariance)  # Umeyama 1991, as in fit_similarity
    signs = np.ones((len(moved), 3), np.float32)
    signs[:, 2] = np.sign(np.linalg.det(left @ right))
    rotation = (left * signs[:, None]) @ right
    scale = (singular * signs).sum(axis=1) / spread
    now = moved.take(SEEN, axis=1) + seen
    steady = (now - drift[:, None]) @ (rotation / scale[:, None, None]) - seen
    return np.asarray(steady.reshape(len(moved), -1), np.float32)


_RIGID = np.flatnonzero(rigid_weights() == 1.0)
"""Points that sit still in the head."""


@cache
def _steady_points() -> tuple[Floats, Floats, Floats, np.float32]:
    """What does not change in `steadied`, about the middle of what sits still in a face.

    The canonical face at SEEN (S, 3); the shares (R,) of the points that sit still, where they
    lie (R, 3), and the mean square of that.
    """
    canonical, weights = load_basis().canonical, rigid_weights()[_RIGID]
    share = weights / weights.sum()
    middle = share @ canonical[_RIGID]
    start = canonical[_RIGID] - middle
    spread = (share[:, None] * start**2).sum()
    return (
        (canonical[SEEN] - middle).astype(np.float32),
        share.astype(np.float32),
        start.astype(np.float32),
        np.float32(spread),
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Reader:
    """The network: K directions, H and G hidden units."""

    directions: Floats
    """(len(SEEN) * 3, K) per cm."""
    direct: Floats
    """(K + 2, 52)"""
    weights: tuple[Floats, Floats, Floats]
    """(K + 2, H), (H, G), (G, 52)"""
    biases: tuple[Floats, Floats]
    """(H,), (G,); the last layer's would be taken off again."""

    def read(self, offsets: Array | Floats, aperture: Array | Floats) -> Array:
        """(N, 478, 3) cm and (N, 2) as in RigMotion -> (N, 52) in 0..1, as in ARKIT_NAMES."""
        features = np.zeros((len(offsets) + 1, len(self.direct)), np.float32)
        features[:-1, :-2] = steadied(offsets) @ self.directions
        features[:-1, -2:] = aperture - 1.0
        first = np.tanh(features @ self.weights[0] + self.biases[0])
        bent = np.tanh(first @ self.weights[1] + self.biases[1]) @ self.weights[2]
        read = features @ self.direct + bent - bent[-1]  # the last row is a face at rest
        values: Array = np.clip(read[:-1], 0.0, 1.0).astype(np.float64)
        values[:, _UNREAD] = 0.0
        values[:, _BLINKS] = np.clip(1.0 - aperture, 0.0, 1.0)
        return values


@cache
def load_reader() -> Reader:
    """The reader that ships with the rig, read once."""
    return parse_reader(files("engine").joinpath("assets/rig/reader.npz").read_bytes())


def parse_reader(data: bytes) -> Reader:
    """Bytes of a reader file; BundleError where they are damaged or of another layout."""
    try:
        with np.load(BytesIO(data), allow_pickle=False) as arrays:
            version, names = arrays["version"], arrays["names"]
            found = {key: arrays[key] for key in _KEYS}
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise _refused("it is damaged or incomplete") from error
    if version.shape != () or version != VERSION:
        raise _refused(f"it is not of version {VERSION}")
    if tuple(names.tolist()) != ARKIT_NAMES:
        raise _refused("its coefficients are not ARKit's 52")
    if any(array.dtype not in (np.float16, np.float32) for array in found.values()):
        raise _refused("an array in it is not of floats")
    values = {key: np.asarray(array, np.float32) for key, array in found.items()}
    if not all(np.isfinite(array).all() for array in values.values()):
        raise _refused("a number in it is not finite")
    if not _sizes_fit(values):
        raise _refused("its arrays are of another size")
    return Reader(
        directions=values["directions"],
        direct=values["direct"],
        weights=(values["weights_1"], values["weights_2"], values["weights_3"]),
        biases=(values["biases_1"], values["biases_2"]),
    )


_KEYS = (
    "directions", "direct", "weights_1", "weights_2", "weights_3", "biases_1", "biases_2",
)  # fmt: skip


def _sizes_fit(values: dict[str, Floats]) -> bool:
    shapes = {key: array.shape for key, array in values.items()}
    if len(shapes["directions"]) != 2 or len(shapes["weights_2"]) != 2:
        return False
    inputs = shapes["directions"][1] + 2
    first, second = shapes["weights_2"]
    if inputs - 2 > _MOST_DIRECTIONS or max(first, second) > _MOST_UNITS:
        return False
    names = len(ARKIT_NAMES)
    return shapes == {
        "directions": (3 * len(SEEN), inputs - 2),
        "direct": (inputs, names),
        "weights_1": (inputs, first),
        "weights_2": (first, second),
        "weights_3": (second, names),
        "biases_1": (first,),
        "biases_2": (second,),
    }


def _refused(reason: str) -> BundleError:
    return BundleError(
        f"the reader of expressions cannot be used: {reason}. "
        "Make it anew with `understudy train reader`, or install Understudy again."
    )
