"""The pinhole camera that looks along -z at the head, and its projection in numpy."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

NEAR, FAR = 30.0, 260.0
"""Depth range in FaceKit units from the camera; depth is stored linearly."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Camera:
    """Where the camera is and how wide it sees. Lengths in FaceKit units."""

    focal: float
    """Distance over half the picture's side."""
    centre_x: float
    centre_y: float
    distance: float
    """From the origin of the head along +z."""

    def project(self, points: NDArray[np.float32], size_px: int) -> NDArray[np.float32]:
        """Picture coordinates (M, 3) of points (M, 3): pixel centres at integers, y down.

        z is in pixels too, smaller is nearer, 0 at the plane of the neck joint's z.
        """
        depth = self.distance - points[:, 2]
        half = size_px / 2
        x = (points[:, 0] - self.centre_x) * self.focal / depth
        y = (points[:, 1] - self.centre_y) * self.focal / depth
        z = -points[:, 2] * self.focal / self.distance
        picture = np.stack([(x + 1) * half - 0.5, (1 - y) * half - 0.5, z * half], axis=1)
        return picture.astype(np.float32)


def framed(distance: float, half_height: float, centre: tuple[float, float]) -> Camera:
    """A camera that shows 2 * half_height at the depth of the face's surface."""
    face_depth = 4.0
    focal = (distance - face_depth) / half_height
    return Camera(focal=focal, centre_x=centre[0], centre_y=centre[1], distance=distance)
