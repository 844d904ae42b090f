"""The 478 points of a face from its upright crop: MediaPipe's attention mesh network.

The network places a coarse mesh of 468 points, then lips, eyes and irises again, each by a part of
its own. The coarse mesh alone cannot close its eyes and reads a wide-open mouth a fifth too small.
"""

from math import atan2, exp, hypot

import numpy as np
from numpy.typing import NDArray

from engine.faces.attention import extensions
from engine.faces.detection import Detection
from engine.faces.face import LANDMARKS
from engine.faces.models import Network
from engine.faces.roi import Square
from engine.faces.topology import (
    LEFT_EYE,
    LEFT_EYE_OUTER,
    LEFT_IRIS,
    LID_POINTS,
    LIPS,
    MESH_POINTS,
    RIGHT_EYE,
    RIGHT_EYE_OUTER,
    RIGHT_IRIS,
)
from engine.frame import Pixels

SIZE = 192
MARGIN = 1.5
"""Crop side over the face's longer side, as the network was trained."""

REFINED = (
    ("output_lips", list(LIPS)),
    ("output_left_eye", list(RIGHT_EYE)),  # the network's left is the picture's
    ("output_right_eye", list(LEFT_EYE)),
    ("output_left_iris", list(range(RIGHT_IRIS.start, RIGHT_IRIS.stop))),
    ("output_right_iris", list(range(LEFT_IRIS.start, LEFT_IRIS.stop))),
)
"""Which points each further output places again; they keep the depth of the mesh."""


RIGHT_LIDS = list(RIGHT_EYE[:LID_POINTS])
LEFT_LIDS = list(LEFT_EYE[:LID_POINTS])

FREE_SHIFT = 0.15
"""A crop so much off (of its side, or radians) moves the landmarks by 0.2 % of a face, no more."""
LEAST_FOLLOW = 0.1
"""The share of a small offset that a crop makes up per picture."""


class MeshNetwork:
    """Places the mesh in a square of a picture."""

    def __init__(self) -> None:
        self._network = Network("face_landmark_with_attention.tflite", *extensions())
        self._points = np.zeros((LANDMARKS, 3), np.float32)

    def place(self, picture: Pixels, square: Square) -> tuple[NDArray[np.float32], float]:
        """(478, 3) in pixels of the picture, and how sure the network is that a face is there."""
        np.divide(square.cut(picture, SIZE), np.float32(255), out=self._network.input[0])
        self._network.run()
        points = self._points
        points[:MESH_POINTS] = self._network.output("output_mesh_identity").reshape(-1, 3)
        for name, rows in REFINED:
            points[rows, :2] = self._network.output(name).reshape(-1, 2)
        points[RIGHT_IRIS, 2] = points[RIGHT_LIDS, 2].mean()
        points[LEFT_IRIS, 2] = points[LEFT_LIDS, 2].mean()
        logit = float(self._network.output("conv_faceflag").reshape(()))
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
    """The crop for the next picture, from the landmarks (478, 3) of this one."""
    eyes = points[LEFT_EYE_OUTER, :2] - points[RIGHT_EYE_OUTER, :2]
    angle = atan2(float(eyes[1]), float(eyes[0]))
    cos, sin = np.cos(angle), np.sin(angle)
    to_upright = np.array([[cos, sin], [-sin, cos]])
    upright = points[:MESH_POINTS, :2] @ to_upright.T
    low, high = upright.min(axis=0), upright.max(axis=0)
    x, y = to_upright.T @ ((low + high) / 2)
    side = float((high - low).max()) * MARGIN
    return Square(x=float(x), y=float(y), side=side, angle_rad=angle)


def follow(last: Square, now: Square) -> Square:
    """The next crop: slow to follow small moves of the face, quick to follow large ones.

    Each move of the crop moves the landmarks a little within the face, so a crop that trembles
    makes them tremble: following slowly takes a fifth off their jitter and costs no accuracy.
    """
    offset = max(
        hypot(now.x - last.x, now.y - last.y) / last.side,
        abs(now.side / last.side - 1.0),
        abs(now.angle_rad - last.angle_rad),
    )
    share = min(1.0, max(LEAST_FOLLOW, offset / FREE_SHIFT))
    return Square(
        x=last.x + share * (now.x - last.x),
        y=last.y + share * (now.y - last.y),
        side=last.side + share * (now.side - last.side),
        angle_rad=last.angle_rad + share * (now.angle_rad - last.angle_rad),
    )
