"""The nodes around a face as a mesh: where they go, and which of them is seen there.

A backward field on the nodes: their triangles are drawn where they go, the nearer ones over the
farther ones, with the nodes' own places for colours. However far something is stretched, it is
found, and what folds is hidden behind what lies before it.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.geometry import Array
from engine.rig.warp.grid import SampleGrid
from engine.rig.warp.inverse import inverse
from engine.rig.warp.mesh_flow import draws_triangles, rasterized

FINER = 2
"""Points of the field between one node and the next: what hides what has edges."""

_MARGIN = 100.0
"""Around the nodes, in distances of theirs: as far goes on what their rim does."""


class NodeMesh:
    """The mesh of one portrait; what does not depend on the frame is made once."""

    def __init__(self, points: Array, spacing: int) -> None:
        """`points` is (rows, columns, 2) px, of the field; every second is a node."""
        rows, columns = points.shape[:2]
        left, top = points[0, 0].astype(int).tolist()
        self._seen = SampleGrid(left=left, top=top, step=spacing, columns=columns, rows=rows)
        self._points = points.astype(np.float32)
        margin = _MARGIN * spacing
        nodes = points[::FINER, ::FINER]
        wide = np.pad(nodes, ((1, 1), (1, 1), (0, 0)), mode="edge")
        wide[0, :, 1] -= margin
        wide[-1, :, 1] += margin
        wide[:, 0, 0] -= margin
        wide[:, -1, 0] += margin
        self._wide = wide.reshape(-1, 2)
        count = np.arange(nodes[..., 0].size).reshape(nodes.shape[:2])
        self._of_nodes = np.pad(count, 1, mode="edge").ravel()
        """What goes on beyond the rim does as this node."""
        self._low = wide.min(axis=(0, 1)).astype(np.float32)
        self._extent = np.ptp(wide, axis=(0, 1)).astype(np.float32)
        self._colours = np.ones((wide[..., 0].size, 3), np.float32)  # the third says: covered
        self._colours[:, :2] = ((wide - self._low) / self._extent).reshape(-1, 2)
        self._triangles = _triangles(*wide.shape[:2])

    def backward(self, forward: Array, depth: Array) -> NDArray[np.float32]:
        """(rows, columns, 2) px from the output to the portrait, at the field's points.

        Args:
            forward: (nodes, 2) px, how far they go.
            depth: (nodes,) px away from the viewer, once they are there.
        """
        if not draws_triangles():
            return self._by_steps(forward)
        scene = np.empty((len(self._wide), 3))
        np.add(self._wide, forward.take(self._of_nodes, axis=0), out=scene[:, :2])
        scene[:, 2] = depth.take(self._of_nodes)
        drawn = rasterized(scene, self._triangles, self._colours, self._seen)
        found: NDArray[np.float32] = drawn[..., :2] * self._extent + self._low
        found -= self._points
        found[drawn[..., 2] < 0.5] = 0.0
        return found

    def _by_steps(self, forward: Array) -> NDArray[np.float32]:
        """The same with an OpenCV that cannot draw: on a GPU, which draws the face, any will do."""
        rows, columns = self._points.shape[:2]
        nodes = forward.reshape(-(-rows // FINER), -(-columns // FINER), 2).astype(np.float32)
        x, y = np.meshgrid(np.arange(columns), np.arange(rows))
        places = np.stack([x, y], axis=-1).astype(np.float32) / FINER
        finer = cv2.remap(nodes, places, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)  # type: ignore[call-overload]
        return inverse(np.asarray(finer, np.float32), self._seen.step)


def _triangles(rows: int, columns: int) -> NDArray[np.int32]:
    """(T, 3) two for each cell of a grid."""
    nodes = np.arange(rows * columns).reshape(rows, columns)
    corners = nodes[:-1, :-1], nodes[:-1, 1:], nodes[1:, :-1], nodes[1:, 1:]
    a, b, c, d = (each.ravel() for each in corners)
    return np.concatenate([np.stack([a, c, b], 1), np.stack([b, c, d], 1)]).astype(np.int32)
