"""Where MediaPipe's 468 mesh points lie on FaceKit's surface, found by looking at renders.

Each sighting is a rendered head, whose mesh is known, with the landmarks that a tracker found on
it. The surface point under each landmark is averaged over many people and three views. Lids and
lips, which the eye judges, are not left to the tracker: their contours are FaceKit's own edges, so
that lids meet and lips part exactly where the mesh does; the tracker only says where along them.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import dijkstra
from scipy.spatial import cKDTree

from training import face_mesh
from training.heads.camera import Camera
from training.heads.facekit import FaceKit, Part

PARTED_JAW = 0.25
"""jawOpen in the sightings and in the search: upper and lower lip must not touch."""
LOWEST, BACKMOST, WIDEST = -5.2, -1.0, 7.9
"""Bounds of the face on the mean head: y + 0.45 z, which runs along the jaw; z; x, for the ears."""
NEIGHBOURS = 32
"""Triangles tried for the nearest surface point."""

# Landmark contours, and the Multi-PIE points of FaceKit through which the same edge runs.
CONTOURS: tuple[tuple[tuple[int, ...], tuple[int, ...]], ...] = (
    (face_mesh.RIGHT_EYE_UPPER, (36, 37, 38, 39)),
    (face_mesh.RIGHT_EYE_LOWER, (36, 41, 40, 39)),
    (face_mesh.LEFT_EYE_UPPER, (42, 43, 44, 45)),
    (face_mesh.LEFT_EYE_LOWER, (42, 47, 46, 45)),
    (face_mesh.OUTER_LIP_UPPER, (48, 49, 50, 51, 52, 53, 54)),
    (face_mesh.OUTER_LIP_LOWER, (48, 59, 58, 57, 56, 55, 54)),
    (face_mesh.INNER_LIP_UPPER, (60, 61, 62, 63, 64)),
    (face_mesh.INNER_LIP_LOWER, (60, 67, 66, 65, 64)),
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sighting:
    """One render and what a tracker saw in it."""

    head: NDArray[np.float32]
    """(N, 3): the posed head, jaw at PARTED_JAW."""
    camera: Camera
    size_px: int
    yaw_rad: float
    """Positive: the subject's right half of the face is nearer to the camera."""
    landmarks: NDArray[np.float32]
    """(468, 2) in the picture, pixel centres at integers."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Correspondence:
    """Points on FaceKit's surface."""

    triangles: NDArray[np.int32]
    """(P, 3) vertices of the triangle around each point."""
    weights: NDArray[np.float32]
    """(P, 3), add up to 1."""

    def on(self, head: NDArray[np.float32]) -> NDArray[np.float32]:
        """Give the points (P, 3) on a head (N, 3), or any per-vertex quantity (N, ...)."""
        return np.asarray(np.einsum("pk,pk...->p...", self.weights, head[self.triangles]))


def find(
    facekit: FaceKit, sightings: list[Sighting], mesh_triangles: NDArray[np.int16]
) -> Correspondence:
    """Average the sightings, put them on the mean head, and make them symmetric."""
    parted = facekit.neutral + PARTED_JAW * facekit.expression_shape("jawOpen")
    skin = _face_area(facekit)
    places = np.stack([_surface_points(seen, skin, parted) for seen in sightings])
    _distrust_the_far_side(places, np.array([seen.yaw_rad for seen in sightings]))
    place = _robust_mean(places)
    mirror = face_mesh.mirror_points(place, mesh_triangles)[: face_mesh.MESH_POINTS]
    place += place[mirror] * np.array([-1, 1, 1], np.float32)
    place /= 2
    found = _nearest_on_surface(place, skin, parted)
    _replace_contours(found, place, facekit, parted)
    return found


def _face_area(facekit: FaceKit) -> NDArray[np.int32]:
    """Skin without neck, ears and back: a landmark beside the jaw must not land far behind it."""
    skin = facekit.vertex_triangles[np.isin(facekit.triangle_parts, (Part.FACE, Part.HEAD))]
    middle = facekit.neutral[skin].mean(axis=1)
    above_neck = middle[:, 1] + 0.45 * middle[:, 2] > LOWEST
    kept = above_neck & (middle[:, 2] > BACKMOST) & (np.abs(middle[:, 0]) < WIDEST)
    return np.asarray(skin[kept], np.int32)


def _surface_points(
    seen: Sighting, skin: NDArray[np.int32], parted: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Points and trust (468, 4) on the mean head under each landmark; trust 0 where none is."""
    pixels = seen.camera.project(seen.head, seen.size_px)[:, :2]
    a, b, c = (pixels[skin[:, k]] for k in range(3))
    ab, ac = b - a, c - a
    area = ab[:, 0] * ac[:, 1] - ab[:, 1] * ac[:, 0]  # negative: faces the camera, as y is down
    depth = seen.head[skin][:, :, 2].mean(axis=1)
    facing = _facing(seen.head, skin)
    result = np.zeros((face_mesh.MESH_POINTS, 4), np.float32)
    front = area < -1e-6
    for k, point in enumerate(seen.landmarks):
        offset = point - a
        u = (offset[:, 0] * ac[:, 1] - offset[:, 1] * ac[:, 0]) / np.where(front, area, 1)
        v = (ab[:, 0] * offset[:, 1] - ab[:, 1] * offset[:, 0]) / np.where(front, area, 1)
        hits = np.flatnonzero(front & (u >= 0) & (v >= 0) & (u + v <= 1))
        if len(hits):
            hit = hits[depth[hits].argmax()]
            weights = np.array([1 - u[hit] - v[hit], u[hit], v[hit]])
            result[k, :3] = weights @ parted[skin[hit]]
            result[k, 3] = facing[hit] ** 2
    return result


def _distrust_the_far_side(places: NDArray[np.float32], yaws: NDArray[np.float64]) -> None:
    """Trackers slide the outline of the averted cheek along what is visible: leave it out."""
    frontal = places[np.abs(yaws) < np.radians(5)]
    seen_x = np.where(frontal[..., 3] > 0, frontal[..., 0], 0).sum(axis=0)
    side = np.sign(seen_x)
    for seen, yaw in zip(places, yaws, strict=True):
        if abs(yaw) >= np.radians(5):
            seen[side == np.sign(yaw), 3] = 0


def _facing(head: NDArray[np.float32], triangles: NDArray[np.int32]) -> NDArray[np.float32]:
    """Cosine between each triangle and the view: a grazing hit is an inexact one."""
    a, b, c = (head[triangles[:, k]] for k in range(3))
    normal = np.cross(b - a, c - a)
    return np.asarray(np.clip(normal[:, 2] / (np.linalg.norm(normal, axis=1) + 1e-9), 0, 1))


def _robust_mean(places: NDArray[np.float32]) -> NDArray[np.float32]:
    """Weighted mean (468, 3) of (S, 468, 4), far hits faded out around the weighted median."""
    points, trust = places[..., :3], places[..., 3]
    if (trust.max(axis=0) <= 0).any():
        lost = np.flatnonzero(trust.max(axis=0) <= 0).tolist()
        raise ValueError(f"landmarks {lost} never lie on the head: do pictures and meshes match?")
    known = np.where(trust[..., None] > 0, points, np.nan)
    mean = np.nanmedian(known, axis=0)
    for _ in range(5):
        distance = np.linalg.norm(points - mean, axis=2)
        weight = trust / (1 + (distance / 0.4) ** 2)
        mean = np.einsum("spk,sp->pk", points, weight) / weight.sum(axis=0)[:, None]
    return np.asarray(mean, np.float32)


def _nearest_on_surface(
    places: NDArray[np.float32], skin: NDArray[np.int32], head: NDArray[np.float32]
) -> Correspondence:
    """The closest point of the surface to each place (P, 3)."""
    near = cKDTree(head[skin].mean(axis=1)).query(places, NEIGHBOURS)[1]
    triangles = np.zeros((len(places), 3), np.int32)
    weights = np.zeros((len(places), 3), np.float32)
    for k, place in enumerate(places):
        candidates = [(_closest(place, head[skin[t]]), t) for t in near[k]]
        (distance, best), triangle = min(candidates, key=lambda item: item[0][0])
        del distance
        triangles[k], weights[k] = skin[triangle], best
    return Correspondence(triangles=triangles, weights=weights)


def _closest(
    place: NDArray[np.float32], corners: NDArray[np.float32]
) -> tuple[float, tuple[float, float, float]]:
    """Distance to a triangle, and the weights of the closest point."""
    a, b, c = corners.astype(np.float64)
    basis = np.stack([b - a, c - a], axis=1)
    u, v = np.linalg.lstsq(basis, place - a, rcond=None)[0]
    if u >= 0 and v >= 0 and u + v <= 1:
        options = [(1 - u - v, u, v)]
    else:
        options = [
            (1 - t, t, 0.0) for t in (_along(place, a, b),)
        ] + [(1 - t, 0.0, t) for t in (_along(place, a, c),)] + [
            (0.0, 1 - t, t) for t in (_along(place, b, c),)
        ]  # fmt: skip
    reach = [float(np.linalg.norm(w[0] * a + w[1] * b + w[2] * c - place)) for w in options]
    best = int(np.argmin(reach))
    return reach[best], options[best]


def _along(
    place: NDArray[np.float32], start: NDArray[np.float64], end: NDArray[np.float64]
) -> float:
    """Where on the segment the closest point is, 0..1."""
    edge = end - start
    return float(np.clip((place - start) @ edge / (edge @ edge + 1e-12), 0, 1))


def _replace_contours(
    found: Correspondence,
    place: NDArray[np.float32],
    facekit: FaceKit,
    head: NDArray[np.float32],
) -> None:
    """Put the points of lids and lips onto FaceKit's own edges, at the x the tracker gave them."""
    face = facekit.vertex_triangles[facekit.triangle_parts == Part.FACE]
    edges = np.concatenate([face[:, [0, 1]], face[:, [1, 2]], face[:, [2, 0]]])
    lengths = np.linalg.norm(head[edges[:, 0]] - head[edges[:, 1]], axis=1)
    graph = sparse.csr_matrix((lengths, edges.T), shape=(facekit.size, facekit.size))
    for contour, waypoints in CONTOURS:
        edge = _walk(graph, facekit.landmarks68[list(waypoints)])
        x = head[edge, 0]
        seen = place[list(contour), 0]
        share = (seen - seen[0]) / (seen[-1] - seen[0])
        wanted = x[0] + np.sort(np.clip(share, 0, 1)) * (x[-1] - x[0])
        climbing = np.maximum.accumulate(x)
        for point, target in zip(contour, wanted, strict=True):
            k = int(np.clip(np.searchsorted(climbing, target) - 1, 0, len(edge) - 2))
            t = float(np.clip((target - x[k]) / max(x[k + 1] - x[k], 1e-6), 0, 1))
            found.triangles[point] = (edge[k], edge[k + 1], edge[k])
            found.weights[point] = (1 - t, t, 0)


def _walk(graph: sparse.csr_matrix, waypoints: NDArray[np.int64]) -> NDArray[np.int64]:
    """The shortest path of vertices along edges through the waypoints, right to left."""
    path = [int(waypoints[0])]
    for start, end in pairwise(waypoints):
        previous = dijkstra(graph, indices=int(start), return_predecessors=True)[1]
        leg = [int(end)]
        while leg[-1] != start:
            leg.append(int(previous[leg[-1]]))
        path += leg[::-1][1:]
    return np.array(path, np.int64)
