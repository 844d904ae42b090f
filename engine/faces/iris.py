"""Lids and iris of one eye from its crop: MediaPipe's iris_landmark network.

The plain mesh cannot close its eyes; this network can, so its lids replace the mesh's.
"""

from math import atan2, hypot

import numpy as np
from numpy.typing import NDArray

from engine.faces.models import Network
from engine.faces.roi import Square
from engine.frame import Pixels

SIZE = 64
MARGIN = 2.3
"""Crop side over eye width, as the network was trained."""
IRIS_POINTS = 5

RIGHT_LIDS = (
    *(33, 7, 163, 144, 145, 153, 154, 155, 133),  # lower, outer to inner corner
    *(246, 161, 160, 159, 158, 157, 173),  # upper, without the corners
)
LEFT_LIDS = (
    *(263, 249, 390, 373, 374, 380, 381, 382, 362),
    *(466, 388, 387, 386, 385, 384, 398),
)
"""Mesh indices of the network's first 16 contour points, in its order."""
INNER_CORNER = 8
"""Where the inner corner stands in those lists; the outer one stands first."""


class IrisNetwork:
    """Reads one eye at a time."""

    def __init__(self) -> None:
        self._network = Network("iris_landmark.tflite")

    def refine(self, picture: Pixels, landmarks: NDArray[np.float32]) -> None:
        """Overwrite the lids and fill in the irises of (478, 3) landmarks, both eyes."""
        self._refine_eye(picture, landmarks, RIGHT_LIDS, 468, is_mirrored=False)
        self._refine_eye(picture, landmarks, LEFT_LIDS, 473, is_mirrored=True)

    def _refine_eye(
        self,
        picture: Pixels,
        landmarks: NDArray[np.float32],
        lids: tuple[int, ...],
        iris: int,
        *,
        is_mirrored: bool,
    ) -> None:
        contour, centre = self._read(
            picture, square_of_eye(landmarks, lids, is_mirrored=is_mirrored)
        )
        rows = list(lids)
        # The network's z has another zero; the mesh's keeps lids and cheeks on one surface.
        landmarks[rows, :2] = contour[:16, :2]
        # Centre, then the picture's right, top, left, bottom: right and left swap in a mirror.
        order = [0, 3, 2, 1, 4] if is_mirrored else [0, 1, 2, 3, 4]
        landmarks[iris : iris + IRIS_POINTS, :2] = centre[order, :2]
        landmarks[iris : iris + IRIS_POINTS, 2] = landmarks[rows, 2].mean()

    def _read(
        self, picture: Pixels, square: Square
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """(71, 3) contours and (5, 3) iris in pixels of the picture."""
        np.divide(square.cut(picture, SIZE), np.float32(255), out=self._network.input[0])
        self._network.run()
        contour = self._network.output("output_eyes_contours_and_brows").reshape(-1, 3)
        iris = self._network.output("output_iris").reshape(-1, 3)
        return square.points_to_picture(contour, SIZE), square.points_to_picture(iris, SIZE)


def square_of_eye(
    landmarks: NDArray[np.float32], lids: tuple[int, ...], *, is_mirrored: bool
) -> Square:
    """The crop of an eye from its two corners, turned so that they lie level."""
    outer, inner = landmarks[lids[0], :2], landmarks[lids[INNER_CORNER], :2]
    along = outer - inner if is_mirrored else inner - outer
    middle = (outer + inner) / 2
    return Square(
        x=float(middle[0]),
        y=float(middle[1]),
        side=hypot(*along.tolist()) * MARGIN,
        angle_rad=atan2(*along[::-1].tolist()),
        is_mirrored=is_mirrored,
    )
