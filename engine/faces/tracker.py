"""The default tracker: one face followed through a stream of pictures, offline, on the CPU.

Detection runs only while nothing is tracked: the crop of a picture comes from the landmarks of the
one before.
"""

from math import hypot

import numpy as np

from engine.faces.detection import Detection, FaceDetector
from engine.faces.face import LANDMARKS, Face
from engine.faces.iris import IrisNetwork
from engine.faces.mesh import MESH_POINTS, MeshNetwork, square_of_detection, square_of_mesh
from engine.faces.roi import Square
from engine.frame import Pixels

LEAST_CONFIDENCE = 0.5
"""Below this the mesh lies on something that is not a face (MediaPipe's value)."""
SETTLING_PASSES = 2
"""A detector's box is coarse; the mesh's own box, twice, is where tracking would end up."""


class MeshTracker:
    """Finds one face: the largest at first, later the one nearest to the last."""

    def __init__(self) -> None:
        self._detector = FaceDetector()
        self._mesh = MeshNetwork()
        self._iris = IrisNetwork()
        self._square: Square | None = None
        self._last: tuple[float, float] | None = None

    def find(self, picture: Pixels) -> Face | None:
        """The face in the picture; None where there is none."""
        face = self._follow(picture) or self._search(picture)
        self._square = None if face is None else square_of_mesh(face.landmarks[:MESH_POINTS])
        if self._square is not None:
            self._last = (self._square.x, self._square.y)
        return face

    def reset(self) -> None:
        """Forget the last face: the next picture is searched as if it were the first."""
        self._square = None
        self._last = None

    def _follow(self, picture: Pixels) -> Face | None:
        """The face where the last picture had it."""
        return None if self._square is None else self._place(picture, self._square)

    def _search(self, picture: Pixels) -> Face | None:
        """The face somewhere in the picture."""
        faces = self._detector.find_all(picture)
        if not faces:
            return None
        square: Square = square_of_detection(self._choose(faces))
        face = self._place(picture, square)
        for _ in range(SETTLING_PASSES):
            if face is not None:
                face = self._place(picture, square_of_mesh(face.landmarks[:MESH_POINTS]))
        return face

    def _choose(self, faces: list[Detection]) -> Detection:
        """The face nearest to the last one; the largest where there was none."""
        if self._last is None:
            return max(faces, key=lambda face: face.side)
        x, y = self._last
        return min(faces, key=lambda face: hypot(face.centre[0] - x, face.centre[1] - y))

    def _place(self, picture: Pixels, square: Square) -> Face | None:
        """Mesh and irises in one square; None where the network sees no face there."""
        landmarks = np.empty((LANDMARKS, 3), np.float32)
        landmarks[:MESH_POINTS], confidence = self._mesh.place(picture, square)
        if confidence < LEAST_CONFIDENCE:
            return None
        self._iris.refine(picture, landmarks)
        return Face(landmarks=landmarks, confidence=confidence)
