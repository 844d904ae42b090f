"""The default tracker: one face followed through a stream of pictures, offline, on the CPU.

The crop of a picture comes from the landmarks of the one before. Detection runs only while nothing
is tracked, and when tracking is unsure.
"""

from dataclasses import replace
from math import hypot

import numpy as np

from engine.faces.detection import Detection, FaceDetector
from engine.faces.face import Face
from engine.faces.mesh import MARGIN, MeshNetwork, follow, square_of_detection, square_of_mesh
from engine.faces.roi import Square
from engine.frame import Pixels

LEAST_CONFIDENCE = 0.5
"""Below this the mesh says itself that it lies on no face (MediaPipe's value)."""
SURE_CONFIDENCE = 0.9
"""Below this a tracked face is looked at by the detector, too."""
LOOK_EVERY = 30
"""The mesh can slip onto a shoulder and still say 1.0, so the detector looks once in a while."""
LEAST_SCORE = 0.7
"""Of a close look at a new face. In seven clips every face scored 0.87, nothing else 0.7."""
LEAST_TRACKED_SCORE = 0.5
"""Of a close look at a tracked face, which may be turned away or half covered."""
MOST_CANDIDATES = 4
"""How many detections are looked at closely; a patterned wall must not stall the stream."""
SETTLING_PASSES = 2
"""A detector's box is coarse; the mesh's own box, twice, is where tracking would end up."""
LEAST_SIDE_PX = 8.0
"""A smaller face has no landmarks, only guesses."""


class MeshTracker:
    """Finds one face: the largest at first, later the one nearest to the last."""

    def __init__(self) -> None:
        self._detector = FaceDetector()
        self._mesh = MeshNetwork()
        self._square: Square | None = None
        self._last: Square | None = None
        self._followed = 0
        self._has_searched = False

    def find(self, picture: Pixels) -> Face | None:
        """The face in the picture; None where there is none."""
        face = self._follow(picture)
        if face is None:
            self._square = None
            face = self._search(picture)
        if face is not None:
            now = square_of_mesh(face.landmarks)
            self._square = now if self._square is None else follow(self._square, now)
            self._last = now
        return face

    def reset(self) -> None:
        """Forget the last face: the next picture is searched as if it were the first."""
        self._square = None
        self._last = None
        self._followed = 0
        self._has_searched = False

    def _follow(self, picture: Pixels) -> Face | None:
        """The face where the last picture had it."""
        if self._square is None:
            return None
        self._followed += 1
        face = self._place(picture, self._square)
        if face is None:
            return None
        if face.confidence < SURE_CONFIDENCE or self._followed % LOOK_EVERY == 0:
            score = self._score(picture, square_of_mesh(face.landmarks))
            return face if score >= LEAST_TRACKED_SCORE else None
        return face

    def _search(self, picture: Pixels) -> Face | None:
        """The face somewhere in the picture: everywhere in the first, in turn in the next ones."""
        look = self._detector.find_some if self._has_searched else self._detector.find_all
        self._has_searched = True
        self._followed = 0
        for detection in sorted(look(picture), key=self._rank)[:MOST_CANDIDATES]:
            square = square_of_detection(detection)
            if self._score(picture, square) < LEAST_SCORE:
                continue
            face = self._settle(picture, square)
            if face is not None:
                return face
        return None

    def _rank(self, face: Detection) -> float:
        """Lowest for the face nearest to the last one; for the largest where there was none."""
        if self._last is None:
            return -face.side
        return hypot(face.centre[0] - self._last.x, face.centre[1] - self._last.y)

    def _settle(self, picture: Pixels, square: Square) -> Face | None:
        """The mesh where it stays if it is placed again."""
        face = self._place(picture, square)
        for _ in range(SETTLING_PASSES):
            if face is not None:
                face = self._place(picture, square_of_mesh(face.landmarks))
        return face

    def _place(self, picture: Pixels, square: Square) -> Face | None:
        """The mesh in one square; None where the network sees no face there."""
        if square.side < LEAST_SIDE_PX * MARGIN:
            return None
        landmarks, confidence = self._mesh.place(picture, square)
        if confidence < LEAST_CONFIDENCE or not np.isfinite(landmarks).all():
            return None
        return Face(landmarks=landmarks, confidence=confidence)

    def _score(self, picture: Pixels, square: Square) -> float:
        """What the detector says of a crop."""
        return self._detector.score_closely(picture, replace(square, side=square.side / MARGIN))
