"""The 468 points of a face from its upright crop: MediaPipe's face_landmark network."""

from math import atan2, exp

import numpy as np
from numpy.typing import NDArray

from engine.faces.detection import Detection
from engine.faces.models import Network
from engine.faces.roi import Square
from engine.frame import Pixels

SIZE = 192
MESH_POINTS = 468
MARGIN = 1.5
"""Crop side over the face's longer side, as the network was trained."""
RIGHT_EYE_OUTER = 33
LEFT_EYE_OUTER = 263


class MeshNetwork:
    """Places the mesh in a square of a picture."""

    def __init__(self) -> None:
        self._network = Network("face_landmark.tflite")

    def place(self, picture: Pixels, square: Square) -> tuple[NDArray[np.float32], float]:
        """(468, 3) in pixels of the picture, and how sure the network is that a face is there."""
        np.divide(square.cut(picture, SIZE), np.float32(255), out=self._network.input[0])
        self._network.run()
        points = self._network.output("conv2d_21").reshape(MESH_POINTS, 3)
        logit = float(self._network.output("conv2d_31").reshape(()))
        return square.points_to_picture(points, SIZE), 1.0 / (1.0 + exp(-max(logit, -100.0)))


def square_of_detection(face: Detection) -> Square:
    """The crop for a face that was just detected."""
    (right_x, right_y), (left_x, left_y) = face.right_eye, face.left_eye
    return Square(
        x=face.centre[0],
        y=face.centre[1],
        side=face.side * MARGIN,
        angle_rad=atan2(left_y - right_y, left_x - right_x),
    )


def square_of_mesh(points: NDArray[np.float32]) -> Square:
    """The crop for the next picture, from the (468, 3) points of this one."""
    eyes = points[LEFT_EYE_OUTER, :2] - points[RIGHT_EYE_OUTER, :2]
    angle = atan2(float(eyes[1]), float(eyes[0]))
    cos, sin = np.cos(angle), np.sin(angle)
    to_upright = np.array([[cos, sin], [-sin, cos]])
    upright = points[:, :2] @ to_upright.T
    low, high = upright.min(axis=0), upright.max(axis=0)
    x, y = to_upright.T @ ((low + high) / 2)
    side = float((high - low).max()) * MARGIN
    return Square(x=float(x), y=float(y), side=side, angle_rad=angle)
