"""A coarse head of some hundred points: FaceKit's skin, thinned by collapsing edges.

Every point that stays is a vertex of FaceKit, so identities, expressions and neck weights carry
over. Collapses are chosen by quadric error (Garland and Heckbert 1997), with the point that stays
in its place.
"""

import heapq
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LENGTH_COST = 2e-3
"""Share of the squared edge length in the cost: flat regions keep triangles of even size."""
WORST_TURN = 0.2
"""Least cosine between a triangle's normals before and after: nothing may fold over."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Shell:
    """Part of a mesh's vertices, and triangles among them."""

    vertices: NDArray[np.int32]
    """(P,) into the mesh that was thinned."""
    triangles: NDArray[np.int16]
    """(T, 3) into `vertices`."""


def thin(points: NDArray[np.float32], triangles: NDArray[np.int32], count: int) -> Shell:
    """Collapse edges of a mesh, points (N, 3) and triangles (T, 3), until `count` points stay."""
    mesh = _Collapsing(points.astype(np.float64), triangles)
    mesh.run(count)
    kept = np.unique(mesh.triangles())
    renumbered = np.searchsorted(kept, mesh.triangles())
    return Shell(vertices=kept.astype(np.int32), triangles=renumbered.astype(np.int16))


class _Collapsing:
    """The mesh while it is thinned."""

    def __init__(self, points: NDArray[np.float64], triangles: NDArray[np.int32]) -> None:
        self._points = points
        self._faces: dict[int, tuple[int, int, int]] = {}
        self._around: dict[int, set[int]] = {}
        for k, (a, b, c) in enumerate(triangles.tolist()):
            self._faces[k] = (a, b, c)
            for vertex in (a, b, c):
                self._around.setdefault(vertex, set()).add(k)
        self._quadrics = self._plane_quadrics(triangles)
        self._rim = self._open_edges()
        self._version = dict.fromkeys(self._around, 0)
        self._heap: list[tuple[float, int, int, int, int]] = []

    def run(self, count: int) -> None:
        """Collapse the cheapest edge until `count` vertices are left."""
        for vertex in self._around:
            self._offer(vertex)
        while len(self._around) > count and self._heap:
            _, gone, kept, gone_version, kept_version = heapq.heappop(self._heap)
            current = (self._version.get(gone), self._version.get(kept))
            if current == (gone_version, kept_version) and self._is_clean(gone, kept):
                self._collapse(gone, kept)

    def triangles(self) -> NDArray[np.int64]:
        """What is left, in the original numbering."""
        return np.array(list(self._faces.values()), np.int64)

    def _plane_quadrics(self, triangles: NDArray[np.int32]) -> NDArray[np.float64]:
        a, b, c = (self._points[triangles[:, k]] for k in range(3))
        normal = np.cross(b - a, c - a)
        area = np.linalg.norm(normal, axis=1, keepdims=True)
        normal /= area + 1e-12
        plane = np.concatenate([normal, -np.einsum("ij,ij->i", normal, a)[:, None]], axis=1)
        quadric = np.einsum("ti,tj,t->tij", plane, plane, area[:, 0])
        total = np.zeros((len(self._points), 4, 4))
        for k in range(3):
            np.add.at(total, triangles[:, k], quadric)
        return total

    def _open_edges(self) -> set[int]:
        """Vertices on the rim of a hole; they may only slide along it, so they stay."""
        seen: dict[tuple[int, int], int] = {}
        for a, b, c in self._faces.values():
            for edge in ((a, b), (b, c), (c, a)):
                key = (min(edge), max(edge))
                seen[key] = seen.get(key, 0) + 1
        return {vertex for edge, uses in seen.items() if uses == 1 for vertex in edge}

    def _neighbours(self, vertex: int) -> set[int]:
        around = {v for face in self._around[vertex] for v in self._faces[face]}
        return around - {vertex}

    def _offer(self, vertex: int) -> None:
        """Put the collapses into and out of a vertex on the heap."""
        for other in self._neighbours(vertex):
            for gone, kept in ((vertex, other), (other, vertex)):
                if gone in self._rim and kept not in self._rim:
                    continue
                place = np.append(self._points[kept], 1.0)
                length = self._points[gone] - self._points[kept]
                cost = float(place @ self._quadrics[gone] @ place + LENGTH_COST * length @ length)
                entry = (cost, gone, kept, self._version[gone], self._version[kept])
                heapq.heappush(self._heap, entry)

    def _is_clean(self, gone: int, kept: int) -> bool:
        """Whether the collapse keeps a manifold and folds nothing over."""
        shared = self._around[gone] & self._around[kept]
        both = self._neighbours(gone) & self._neighbours(kept)
        if len(both) != len(shared) or (gone in self._rim and len(shared) != 1):
            return False
        for face in self._around[gone] - shared:
            before = self._points[list(self._faces[face])]
            moved = [kept if v == gone else v for v in self._faces[face]]
            old, new = _normal(before), _normal(self._points[moved])
            scale = np.linalg.norm(old) * np.linalg.norm(new)
            if scale < 1e-9 or old @ new < WORST_TURN * scale:
                return False
        return True

    def _collapse(self, gone: int, kept: int) -> None:
        for face in self._around[gone] & self._around[kept]:
            for vertex in self._faces.pop(face):
                self._around[vertex].discard(face)
        for face in self._around.pop(gone):
            a, b, c = (kept if v == gone else v for v in self._faces[face])
            self._faces[face] = (a, b, c)
            self._around[kept].add(face)
        self._quadrics[kept] += self._quadrics[gone]
        del self._version[gone]
        self._version[kept] += 1
        self._offer(kept)


def _normal(corners: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.cross(corners[1] - corners[0], corners[2] - corners[0]))
