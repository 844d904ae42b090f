"""The topology of MediaPipe's 478-point face mesh: contours, triangles, and who mirrors whom.

Triangles come from the list of edges `FACEMESH_TESSELATION` in MediaPipe's wheel (Apache-2.0). That
list leaves the eyes and the mouth open; those three holes are filled here, after the skin.
Left and right are the subject's own.
"""

import ast
import zipfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from engine.errors import InputError

MESH_POINTS = 468
CONNECTIONS = "mediapipe/python/solutions/face_mesh_connections.py"
SKIN_TRIANGLES, EYE_TRIANGLES, MOUTH_TRIANGLES = 852, 14, 18
"""Order of `triangles`: skin, right eye, left eye, mouth."""

# Each contour runs from the subject's right to left: corner, arc, corner.
RIGHT_EYE_UPPER = (33, 246, 161, 160, 159, 158, 157, 173, 133)
RIGHT_EYE_LOWER = (33, 7, 163, 144, 145, 153, 154, 155, 133)
LEFT_EYE_UPPER = (362, 398, 384, 385, 386, 387, 388, 466, 263)
LEFT_EYE_LOWER = (362, 382, 381, 380, 374, 373, 390, 249, 263)
INNER_LIP_UPPER = (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308)
INNER_LIP_LOWER = (78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308)
OUTER_LIP_UPPER = (61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291)
OUTER_LIP_LOWER = (61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291)

RIGHT_IRIS = (468, 469, 470, 471, 472)
LEFT_IRIS = (473, 474, 475, 476, 477)
"""Centre, then the rim at +x (the subject's left), top, -x, bottom."""
IRIS_MIRROR = (473, 476, 475, 474, 477, 468, 471, 470, 469, 472)
"""The counterparts of 468..477."""

LEAST_EDGES_MIRRORED = 0.99
"""6 of the mesh's 1322 edges are diagonals that its other half draws the other way."""
PAIRING_ROUNDS = 8
NEIGHBOURS_COUNT = 3.0
"""What agreeing neighbours are worth, in squared units of length."""


def read_triangles(wheel: Path) -> NDArray[np.int16]:
    """Read the skin's triangles from MediaPipe's wheel and fill eyes and mouth: (898, 3).

    Counter-clockwise as seen from outside.
    """
    try:
        with zipfile.ZipFile(wheel) as archive:
            source = archive.read(CONNECTIONS).decode()
    except (OSError, KeyError, zipfile.BadZipFile) as error:
        raise InputError(
            f"{wheel} has no {CONNECTIONS} ({error}). "
            "Fetch it with `pip download --no-deps mediapipe==0.10.21`."
        ) from error
    edges = _tessellation(ast.parse(source))
    skin = np.array(edges, np.int16).reshape(-1, 3, 2)
    if skin.shape[0] != SKIN_TRIANGLES or (skin[:, :, 1] != np.roll(skin[:, :, 0], -1, 1)).any():
        raise InputError(f"{wheel} lists its edges otherwise than release 0.10.21 does.")
    holes = [
        _filled(RIGHT_EYE_UPPER, RIGHT_EYE_LOWER),
        _filled(LEFT_EYE_UPPER, LEFT_EYE_LOWER),
        _filled(INNER_LIP_UPPER, INNER_LIP_LOWER),
    ]
    return np.concatenate([skin[:, :, 0], *holes]).astype(np.int16)


def read_canonical(path: Path) -> NDArray[np.float32]:
    """Read MediaPipe's canonical face, canonical_face_model.obj: (468, 3) in cm."""
    try:
        rows = [line.split()[1:4] for line in path.read_text().splitlines() if line[:2] == "v "]
        places = np.array(rows, np.float32)
    except (OSError, ValueError) as error:
        raise InputError(f"{path} is not MediaPipe's canonical face ({error}).") from error
    if places.shape != (MESH_POINTS, 3):
        raise InputError(f"{path} has {len(places)} vertices, not {MESH_POINTS}.")
    return places


def mirror_points(places: NDArray[np.float32], triangles: NDArray[np.int16]) -> NDArray[np.int16]:
    """Find the left-right counterpart (478,) of every point.

    Pairs the points' places (468, 3), in a frame nearly symmetric about x = 0, with their own
    reflections, so that neighbours go to neighbours; then the edges prove it: all but the odd
    diagonal of a quad must fall on edges.
    """
    reflected = places * np.array([-1, 1, 1], np.float32)
    distance = np.linalg.norm(places[:, None] - reflected[None], axis=2)
    edges = _edges(triangles[:SKIN_TRIANGLES])
    touching = np.zeros((MESH_POINTS, MESH_POINTS), np.float32)
    for a, b in edges:
        touching[a, b] = touching[b, a] = 1
    pairs = np.asarray(linear_sum_assignment(distance**2)[1])
    for _ in range(PAIRING_ROUNDS):
        agreeing = touching @ touching[pairs]  # neighbours of a whose counterparts touch b
        agreeing /= touching.sum(axis=1, keepdims=True)
        pairs = np.asarray(linear_sum_assignment(distance**2 - NEIGHBOURS_COUNT * agreeing)[1])
    kept = sum((min(pairs[a], pairs[b]), max(pairs[a], pairs[b])) in edges for a, b in edges)
    if (pairs[pairs] != np.arange(MESH_POINTS)).any() or kept < LEAST_EDGES_MIRRORED * len(edges):
        raise ValueError(f"only {kept} of {len(edges)} edges are mirrored: are `places` symmetric?")
    return np.array([*pairs, *IRIS_MIRROR], np.int16)


def _edges(triangles: NDArray[np.int16]) -> set[tuple[int, int]]:
    return {
        (min(a, b), max(a, b))
        for corners in triangles.tolist()
        for a, b in zip(corners, [*corners[1:], corners[0]], strict=True)
    }


def _tessellation(module: ast.Module) -> list[tuple[int, int]]:
    """The edges in the order of the source, three to a triangle."""
    for statement in module.body:
        match statement:
            case ast.Assign(
                targets=[ast.Name(id="FACEMESH_TESSELATION")], value=ast.Call(args=[pairs])
            ):
                edges: list[tuple[int, int]] = ast.literal_eval(pairs)
                return edges
    raise InputError(f"{CONNECTIONS} names no FACEMESH_TESSELATION; use mediapipe 0.10.21.")


def _filled(upper: tuple[int, ...], lower: tuple[int, ...]) -> NDArray[np.int16]:
    """Close the hole between two arcs with the same corners, counter-clockwise from outside."""
    triangles = []
    last = len(upper) - 1
    for k in range(last):
        a, b, c, d = upper[k], upper[k + 1], lower[k], lower[k + 1]
        if k > 0:
            triangles.append((a, c, b))
        if k < last - 1:
            triangles.append((b, c, d))
    return np.array(triangles, np.int16)
