"""The default tracker: one face followed through a stream of pictures, offline, on the CPU.

The crop of a picture comes from the landmarks of the one before. Detection runs only while nothing
is tracked, and when tracking is unsure.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np

from engine.faces.detection import FaceDetector
from engine.faces.face import Face
from engine.faces.identity import Identity
from engine.faces.iris import with_irises
from engine.faces.mesh import MARGIN, MeshNetwork, follow, square_of_detection, square_of_mesh
from engine.faces.roi import Square
from engine.frame import Pixels

LEAST_CONFIDENCE = 0.5
"""Below this the mesh says itself that it lies on no face (MediaPipe's value)."""
SURE_CONFIDENCE = 0.9
"""Below this a tracked face is looked at by the detector, too."""
LOOK_EVERY = 30
"""The mesh can slip onto a shoulder and still say 1.0, so the detector looks once in a while."""
WATCH_EVERY = 10
"""Pictures between two looks for the driver while somebody else is followed."""
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
    """Finds one face: the largest at first, later the same person's."""

    def __init__(self) -> None:
        self._detector = FaceDetector()
        self._mesh = MeshNetwork()
        self._identity = Identity(self._stood)
        self._square: Square | None = None
        self._followed = 0
        self._has_searched = False

    def find(self, picture: Pixels, now_ns: int | None = None) -> Face | None:
        """The face in the picture; None where there is none."""
        self._fit(self._identity.see(picture, now_ns))
        face = self._follow(picture)
        if face is None:
            self._square = None
            face = self._search(picture)
        self._identity.note(picture, face)
        if face is not None:
            now = square_of_mesh(face.landmarks)
            self._square = now if self._square is None else follow(self._square, now)
        return None if face is None else with_irises(picture, face)

    def reset(self) -> None:
        """Forget the last face: the next picture is searched as if it were the first."""
        self._identity.reset()
        self._square = None
        self._followed = 0
        self._has_searched = False

    def _fit(self, scale: float | None) -> None:
        """Look where the face is in the same view at this scale; all over another view."""
        if scale is None:
            self._square = None
            self._has_searched = False
        elif self._square is not None:
            self._square = self._square.scaled(scale)

    def _follow(self, picture: Pixels) -> Face | None:
        """The face where the last picture had it."""
        if self._square is None:
            return None
        self._followed += 1
        if self._identity.has_substitute and self._followed % WATCH_EVERY == 0:
            driver = self._search_driver(picture)
            if driver is not None:
                self._square = None
                return driver
        # A crop from before a cut may hold a face, but not in its middle.
        place = self._settle if self._identity.has_jumped else self._place
        face = place(picture, self._square)
        if face is None:
            return None
        if face.confidence < SURE_CONFIDENCE or self._followed % LOOK_EVERY == 0:
            score = self._score(picture, square_of_mesh(face.landmarks))
            if score < LEAST_TRACKED_SCORE:
                return None
        return self._identity.named(picture, face)

    def _search(self, picture: Pixels) -> Face | None:
        """The face somewhere in the picture: everywhere in the first, in turn in the next ones."""
        look = self._detector.find_some if self._has_searched else self._detector.find_all
        self._has_searched = True
        self._followed = 0
        identity = self._identity
        squares = map(square_of_detection, look(picture))
        found = self._settled(picture, filter(identity.may_be, squares))
        return next((face for each in found if (face := identity.named(picture, each))), None)

    def _search_driver(self, picture: Pixels) -> Face | None:
        """The driver, who was away, beside the face that is followed meanwhile."""
        identity = self._identity
        squares = map(square_of_detection, self._detector.find_some(picture))
        found = self._settled(picture, filter(identity.may_be_driver, squares))
        named = (identity.named_driver(picture, each) for each in found)
        return next((face for face in named if face is not None), None)

    def _settled(self, picture: Pixels, squares: Iterable[Square]) -> Iterator[Face]:
        """The faces in some squares, the likeliest first."""
        for square in sorted(squares, key=self._identity.rank)[:MOST_CANDIDATES]:
            if self._score(picture, square) >= LEAST_SCORE:
                face = self._settle(picture, square)
                if face is not None:
                    yield face

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

    def _stood(self, picture: Pixels, square: Square) -> bool:
        """Whether an earlier picture had a face there."""
        return self._score(picture, square) >= LEAST_TRACKED_SCORE

    def _score(self, picture: Pixels, square: Square) -> float:
        """What the detector says of a crop."""
        return self._detector.score_closely(picture, replace(square, side=square.side / MARGIN))
