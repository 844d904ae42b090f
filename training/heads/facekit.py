"""USC ICT's morphable head (ICT-FaceKit, MIT) as compact arrays, loaded from `facekit.npz`.

The file is made by `training.heads.convert` from a copy of the public ICT-FaceKit repository; it is
not part of this project. One unit is about 0.8 cm; +x is the subject's left, +y up, +z out of the
face.
"""

import zipfile
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from engine.errors import InputError

FACEKIT_URL = "https://github.com/ICT-VGL/ICT-FaceKit"
ARRAYS = (
    "v0", "ids", "id_step", "ex_ptr", "ex_idx", "ex_val", "ex_step", "ex_names",
    "tri", "tri_part", "rv", "uv", "part", "lm68",
)  # fmt: skip


class Part(IntEnum):
    """What a vertex or a triangle belongs to; TORSO is ours (see `head_mesh`)."""

    FACE = 0
    HEAD = 1
    MOUTH_SOCKET = 2
    EYE_SOCKET = 3
    TORSO = 4
    GUMS = 5
    TEETH = 6
    LEFT_EYE = 7
    RIGHT_EYE = 8
    LEFT_LASHES = 15
    RIGHT_LASHES = 16


@dataclass(frozen=True, kw_only=True, eq=False)
class FaceKit:
    """The head's arrays: N vertices, R render vertices (split at texture seams), T triangles."""

    neutral: NDArray[np.float32]
    """(N, 3): the mean head at rest."""
    identity_modes: NDArray[np.int16]
    """(K, N, 3) in steps of `identity_step`; a weight is in standard deviations."""
    identity_step: float
    expression_names: tuple[str, ...]
    """ARKit names with _L / _R for the subject's left and right."""
    expressions: sparse.csr_matrix
    """(3 N, E): displacement of every coordinate at weight 1."""
    triangles: NDArray[np.int32]
    """(T, 3) into render vertices, counter-clockwise from outside."""
    triangle_parts: NDArray[np.int32]
    """(T,) values of `Part`."""
    vertex_of: NDArray[np.int32]
    """(R,): the vertex of each render vertex."""
    uv: NDArray[np.float32]
    """(R, 2): texture tiles, face in 0..1, head in 1..2."""
    parts: NDArray[np.int32]
    """(N,) values of `Part`."""
    landmarks68: NDArray[np.int64]
    """(68,): vertices of the Multi-PIE points, right jaw first."""

    @property
    def size(self) -> int:
        """How many vertices there are."""
        return len(self.neutral)

    @cached_property
    def vertex_triangles(self) -> NDArray[np.int32]:
        """(T, 3) into vertices."""
        return self.vertex_of[self.triangles]

    @cached_property
    def mirror(self) -> NDArray[np.int64]:
        """(N,): the left-right counterpart of each vertex on the mean head, which is symmetric."""
        from scipy.spatial import cKDTree

        flipped = self.neutral * np.array([-1, 1, 1], np.float32)
        return np.asarray(cKDTree(self.neutral).query(flipped)[1], np.int64)

    def identity(self, weights: NDArray[np.float32]) -> NDArray[np.float32]:
        """Give the resting head (N, 3) of a person; weights (<= K,) in standard deviations."""
        modes = self.identity_modes[: len(weights)]
        offset = np.tensordot(weights.astype(np.float32), modes.astype(np.float32), 1)
        return np.asarray(self.neutral + offset * np.float32(self.identity_step), np.float32)

    def displacement(self, weights: NDArray[np.float32]) -> NDArray[np.float32]:
        """Add up the expressions: weights (E,) -> (N, 3)."""
        return np.asarray(self.expressions @ weights.astype(np.float32)).reshape(-1, 3)

    def expression_shape(self, name: str) -> NDArray[np.float32]:
        """The displacement (N, 3) of one expression at weight 1."""
        column = self.expressions[:, self.expression_names.index(name)]
        return np.asarray(column.toarray(), np.float32).reshape(-1, 3)


def load(path: Path) -> FaceKit:
    """Load the arrays; raise InputError with the way to get them where that fails."""
    advice = (
        f"Clone {FACEKIT_URL} and run `python -m training.heads.convert "
        "ICT-FaceKit/FaceXModel facekit.npz`, then name the file with --facekit."
    )
    if not path.is_file():
        raise InputError(f"The FaceKit arrays are not at {path}. {advice}")
    try:
        with np.load(path, allow_pickle=False) as file:
            missing = [name for name in ARRAYS if name not in file.files]
            if missing:
                raise InputError(f"{path} lacks the arrays {', '.join(missing)}. {advice}")
            arrays = {name: file[name] for name in ARRAYS}
    except (ValueError, OSError, zipfile.BadZipFile) as error:
        raise InputError(f"{path} is not a FaceKit archive ({error}). {advice}") from error
    return FaceKit(
        neutral=arrays["v0"].astype(np.float32),
        identity_modes=arrays["ids"],
        identity_step=float(arrays["id_step"]),
        expression_names=tuple(str(name) for name in arrays["ex_names"]),
        expressions=_expression_matrix(arrays),
        triangles=arrays["tri"].astype(np.int32),
        triangle_parts=arrays["tri_part"].astype(np.int32),
        vertex_of=arrays["rv"].astype(np.int32),
        uv=arrays["uv"].astype(np.float32),
        parts=arrays["part"].astype(np.int32),
        landmarks68=arrays["lm68"].astype(np.int64),
    )


def _expression_matrix(arrays: dict[str, NDArray[np.generic]]) -> sparse.csr_matrix:
    """Unpack the sparse deltas into one operator, so that a face costs one product."""
    starts, vertices = arrays["ex_ptr"], arrays["ex_idx"].astype(np.int64)
    values = arrays["ex_val"].astype(np.float32) * np.float32(arrays["ex_step"])
    rows = (vertices[:, None] * 3 + np.arange(3)).ravel()
    columns = np.repeat(np.repeat(np.arange(len(starts) - 1), np.diff(starts)), 3)
    shape = (3 * len(arrays["v0"]), len(starts) - 1)
    return sparse.csr_matrix((values.ravel(), (rows, columns)), shape=shape, dtype=np.float32)
