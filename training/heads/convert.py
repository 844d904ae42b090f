"""Turns a copy of the public ICT-FaceKit repository into the arrays of `facekit.npz`.

    python -m training.heads.convert ICT-FaceKit/FaceXModel facekit.npz

Keys, with N vertices, R render vertices (split at texture seams), T triangles, K identity modes and
E expressions:

    v0 (N, 3) f32, ids (K, N, 3) i16 in steps of id_step, ex_ptr (E + 1,), ex_idx (M,),
    ex_val (M, 3) i16 in steps of ex_step, ex_names (E,), tri (T, 3) into render vertices,
    tri_part (T,), rv (R,) vertex of each render vertex, uv (R, 2), part (N,), lm68 (68,),
    orig (N,) the vertex in the repository's meshes

A fixed step in 16 bits stores the shapes smaller than half floats do, with an even error.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.errors import InputError, UnderstudyError

STEP = np.float32(1 / 1024)
"""Units (about 0.8 cm); the shapes reach a few units."""
MODES = 100
MESH = "generic_neutral_mesh"
VERTICES = 26719
"""Of ICT-FaceKit's meshes; another count means another release, whose parts lie elsewhere."""

PARTS = (
    (0, 0, 9409), (1, 9409, 11248), (2, 11248, 13294), (3, 13294, 14062), (5, 14062, 17039),
    (6, 17039, 21451), (7, 21451, 22221), (8, 23021, 23791), (15, 25351, 26035),
    (16, 26035, 26719),
)  # fmt: skip
"""Part, first vertex, end. What is left out: iris discs (painted on the eyeball instead), tear
fluid, blend and occlusion meshes."""
UNSEEN = ((17039, 17416), (18870, 19602), (21096, 21451))
"""Back teeth."""
JAW_LINE = (
    1278, 1272, 12, 1834, 243, 781, 2199, 1447, 966, 3661, 4390, 3022, 2484, 4036, 2253, 3490, 3496,
)  # fmt: skip
"""FaceKit's own jaw line, for the first 17 of the 68 points."""
INNER_LANDMARKS = (
    268, 493, 1914, 2044, 1401, 3615, 4240, 4114, 2734, 2509, 978, 4527, 4942, 4857, 1140, 2075,
    1147, 4269, 3360, 1507, 1542, 1537, 1528, 1518, 1511, 3742, 3751, 3756, 3721, 3725, 3732, 5708,
    5695, 2081, 0, 4275, 6200, 6213, 6346, 6461, 5518, 5957, 5841, 5702, 5711, 5533, 6216, 6207,
    6470, 5517, 5966,
)  # fmt: skip
NOT_EXPRESSIONS = ("identity", "generic", "Pupil")


def convert(folder: Path) -> dict[str, NDArray[np.generic]]:
    """Read the repository's folder FaceXModel and give the arrays."""
    names = sorted(path.stem for path in folder.glob("*.obj"))
    if MESH not in names:
        raise InputError(f"{folder} holds no {MESH}.obj; name ICT-FaceKit's folder FaceXModel.")
    neutral = read_places(folder / f"{MESH}.obj")
    if len(neutral) != VERTICES:
        raise InputError(f"{MESH}.obj has {len(neutral)} vertices, not {VERTICES}: other release.")
    part_of_all = _parts(len(neutral))
    kept = np.flatnonzero(part_of_all < 255)
    new = np.full(len(neutral), -1)
    new[kept] = np.arange(len(kept))
    modes = [
        _steps(read_places(folder / f"identity{k:03d}.obj")[kept] - neutral[kept])
        for k in range(MODES)
    ]
    expressions = [name for name in names if not name.startswith(NOT_EXPRESSIONS)]
    return {
        "v0": neutral[kept],
        "ids": np.stack(modes),
        "id_step": np.array(STEP),
        **_sparse_shapes(folder, expressions, neutral, kept),
        "ex_step": np.array(STEP),
        "ex_names": np.array(expressions),
        **_topology(folder / f"{MESH}.obj", part_of_all, new),
        "part": part_of_all[kept],
        "lm68": new[np.array(JAW_LINE + INNER_LANDMARKS)].astype(np.uint16),
        "orig": kept.astype(np.uint16),
    }


def read_places(path: Path) -> NDArray[np.float32]:
    """The vertices (N, 3) of an OBJ file."""
    lines = [line[2:] for line in path.read_bytes().split(b"\n") if line.startswith(b"v ")]
    return np.array(b" ".join(lines).split(), np.float64).reshape(-1, 3).astype(np.float32)


def read_faces(
    path: Path,
) -> tuple[NDArray[np.float32], list[list[int]], list[list[int]]]:
    """Texture places (M, 2) of an OBJ file, and per face the corners' vertices and places."""
    places: list[list[float]] = []
    corners: list[list[int]] = []
    textures: list[list[int]] = []
    for line in path.read_text().splitlines():
        words = line.split()
        if line.startswith("vt "):
            places.append([float(word) for word in words[1:3]])
        elif line.startswith("f "):
            pairs = [word.split("/") for word in words[1:]]
            corners.append([int(pair[0]) - 1 for pair in pairs])
            textures.append([int(pair[1]) - 1 for pair in pairs])
    return np.array(places, np.float32), corners, textures


def _parts(count: int) -> NDArray[np.uint8]:
    parts = np.full(count, 255, np.uint8)
    for part, first, end in PARTS:
        parts[first:end] = part
    for first, end in UNSEEN:
        parts[first:end] = 255
    return parts


def _steps(offsets: NDArray[np.float32]) -> NDArray[np.int16]:
    return np.asarray(np.clip(np.rint(offsets / STEP), -32768, 32767), np.int16)


def _sparse_shapes(
    folder: Path, names: Sequence[str], neutral: NDArray[np.float32], kept: NDArray[np.int64]
) -> dict[str, NDArray[np.generic]]:
    """Only the vertices that an expression moves by more than one step."""
    ends, indices, values = [0], [], []
    for name in names:
        offsets = _steps(read_places(folder / f"{name}.obj")[kept] - neutral[kept])
        moved = np.flatnonzero(np.abs(offsets).max(axis=1) > 1)
        indices.append(moved.astype(np.uint16))
        values.append(offsets[moved])
        ends.append(ends[-1] + len(moved))
    return {
        "ex_ptr": np.array(ends, np.int32),
        "ex_idx": np.concatenate(indices),
        "ex_val": np.concatenate(values),
    }


def _topology(
    path: Path, parts: NDArray[np.uint8], new: NDArray[np.int64]
) -> dict[str, NDArray[np.generic]]:
    """Triangles over render vertices: one per pair of a vertex and its texture place."""
    places, corners, textures = read_faces(path)
    render: dict[tuple[int, int], int] = {}
    triangles, triangle_parts = [], []
    for face, texture in zip(corners, textures, strict=True):
        if any(parts[vertex] == 255 for vertex in face):
            continue
        index = [render.setdefault(pair, len(render)) for pair in zip(face, texture, strict=True)]
        for k in range(1, len(index) - 1):
            triangles.append((index[0], index[k], index[k + 1]))
            triangle_parts.append(parts[face[0]])
    pairs = np.array(list(render))
    return {
        "tri": np.array(triangles, np.uint16),
        "tri_part": np.array(triangle_parts, np.uint8),
        "rv": new[pairs[:, 0]].astype(np.uint16),
        "uv": places[pairs[:, 1]],
    }


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description="Convert ICT-FaceKit's meshes to facekit.npz.")
    parser.add_argument("folder", type=Path, help="ICT-FaceKit's folder FaceXModel")
    parser.add_argument("out", type=Path, help="file to write, facekit.npz")
    arguments = parser.parse_args()
    try:
        arrays = convert(arguments.folder)
    except UnderstudyError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    with arguments.out.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **arrays)
    return 0


if __name__ == "__main__":
    sys.exit(main())
