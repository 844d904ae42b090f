"""The texture atlas: FaceKit's face tile on the left half, its head tile on the right half."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt

from training.heads.head_mesh import HeadMesh


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Atlas:
    """Where each texel lies on the mean head, and where the landmarks lie in the texture."""

    places: NDArray[np.float32]
    """(S, 2 S, 3): generic coordinates; texels off the mesh repeat the nearest."""
    landmarks: NDArray[np.float32]
    """(68, 2) in tiles, x right, y along v."""

    @property
    def size(self) -> int:
        """S, the height of the map of places."""
        return len(self.places)

    def curve(self, points: list[int], *, closed: bool, size: int) -> NDArray[np.float32]:
        """A smooth curve (M, 2), in texels of a texture of height `size`, through landmarks."""
        return smooth_curve(self.landmarks[points], closed=closed) * size

    def resized(self, field: NDArray[np.float32], size: int) -> NDArray[np.float32]:
        """A field (S, 2 S, ...) at another texture height."""
        if size == len(field):
            return field
        scaled = cv2.resize(field, (2 * size, size), interpolation=cv2.INTER_LINEAR)
        return np.asarray(scaled, np.float32)


def from_raster(mesh: HeadMesh, raster: NDArray[np.float32]) -> Atlas:
    """Build the atlas from the mesh drawn in texture space, (S, 2 S, 4) with coverage last."""
    empty = raster[..., 3] < 0.5
    rows, columns = distance_transform_edt(empty, return_distances=False, return_indices=True)
    first = np.full(len(mesh.neutral), -1)
    first[mesh.vertex_of[::-1]] = np.arange(len(mesh.vertex_of))[::-1]
    landmarks = mesh.uv[first[mesh.facekit.landmarks68]]
    return Atlas(places=raster[rows, columns, :3].astype(np.float32), landmarks=landmarks)


def smooth_curve(
    points: NDArray[np.float32], *, closed: bool, steps: int = 16
) -> NDArray[np.float32]:
    """A Catmull-Rom curve through points (N, D): `steps` points per span."""
    count = len(points)
    spans = count if closed else count - 1
    index = np.arange(spans)[:, None] + np.array([-1, 0, 1, 2])
    index = index % count if closed else np.clip(index, 0, count - 1)
    a, b, c, d = (points[index[:, k]][:, None] for k in range(4))
    t = np.linspace(0, 1, steps, endpoint=False)[None, :, None]
    curve = 0.5 * (
        2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3
    )
    curve = curve.reshape(-1, points.shape[1])
    if not closed:
        curve = np.concatenate([curve, points[-1:]])
    return np.asarray(curve, np.float32)


def filled(shape: tuple[int, int], outline: NDArray[np.float32]) -> NDArray[np.float32]:
    """A polygon (M, 2) as a mask (H, W) with smooth edges."""
    mask = np.zeros(shape, np.float32)
    cv2.fillPoly(mask, [np.rint(outline * 16).astype(np.int32)], 1.0, cv2.LINE_AA, 4)
    return mask


def stroked(
    shape: tuple[int, int], line: NDArray[np.float32], width: int, *, closed: bool
) -> NDArray[np.float32]:
    """A line (M, 2) as a mask (H, W) with smooth edges."""
    mask = np.zeros(shape, np.float32)
    points = np.rint(line * 16).astype(np.int32)
    cv2.polylines(mask, [points], closed, 1.0, width, cv2.LINE_AA, 4)
    return mask
