"""The shapes that AED and APD are fitted with: ICT-FaceKit's people and expressions, as landmarks.

    python -m benchmarks.quality.shapes FACEKIT

makes `shapes.npz` (MIT, see NOTICE beside it) from FaceKit's arrays: how the 468 points of the mesh
move with the first identity modes. Mean face and expressions are those of the rig's basis.
"""

import argparse
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from pathlib import Path

import numpy as np

from engine.faces.canonical import load_basis
from engine.geometry import Array
from engine.motion import ARKIT_NAMES

MODES = 40
"""Identity modes that are fitted; the modes after them move no point by a millimetre."""

POINTS = 468

EXPRESSIONS = tuple(
    name for name in ARKIT_NAMES if not name.startswith("eyeLook") and name != "tongueOut"
)
"""Gaze has measures of its own, and no point lies on the tongue."""

_FILE = Path(__file__).with_name("shapes.npz")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Shapes:
    """A face is `mean + identity @ a + expression @ e`, in cm of the canonical frame."""

    mean: Array
    """(468, 3)"""
    identity: Array
    """(468, 3, 40) for one standard deviation of each mode"""
    expression: Array
    """(468, 3, 43) for a whole expression, in the order of EXPRESSIONS"""


@cache
def load_shapes() -> Shapes:
    """Read the file once."""
    with np.load(BytesIO(_FILE.read_bytes()), allow_pickle=False) as arrays:
        identity = arrays["identity"].astype(np.float64)
    basis = load_basis()
    columns = [ARKIT_NAMES.index(name) for name in EXPRESSIONS]
    return Shapes(
        mean=basis.canonical[:POINTS],
        identity=identity,
        expression=basis.arkit[:POINTS][:, :, columns],
    )


def make_identity(facekit_file: Path) -> Array:
    """(468, 3, 40) cm: FaceKit's identity modes at the mesh's points."""
    from training import basis
    from training.heads import facekit

    arrays = basis.load(Path(basis.__file__).parents[1] / "engine/assets/rig/basis.npz")
    found, placement = basis.correspondence_of(arrays), basis.placement_of(arrays)
    kit = facekit.load(facekit_file)
    step = np.float32(kit.identity_step)
    modes = [
        placement.vectors(np.asarray(found.on(mode.astype(np.float32) * step), np.float32))
        for mode in kit.identity_modes[:MODES]
    ]
    return np.asarray(np.stack(modes, axis=-1), np.float64)


def main(arguments: list[str] | None = None) -> int:
    """Make the file."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("facekit", type=Path, help="FaceKit's arrays")
    options = parser.parse_args(arguments)
    identity = make_identity(options.facekit)
    np.savez_compressed(_FILE, allow_pickle=False, identity=identity.astype(np.float16))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
