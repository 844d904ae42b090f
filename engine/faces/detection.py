"""Finds faces in a whole picture: BlazeFace short range, its anchors and its overlap removal.

Used when nothing is tracked, and to check what is. The network sees 128 x 128 pixels, so a face
under a tenth of the picture is lost in it: then the picture's parts are searched.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from engine.faces.models import Network
from engine.faces.roi import Square
from engine.frame import Pixels

SIZE = 128
LEAST_SCORE = 0.5
"""Enough for a candidate. Of random windows without a face, 5 % reach it, none reached 0.7."""
SAME_FACE_OVERLAP = 0.3
"""Boxes that share more of their union than this are one face (MediaPipe's value)."""
IN_TURN = 3
"""Parts per picture while a stream shows no face: its next pictures must not wait."""
CLOSE_LOOK = 2.0
"""Side of a close look over the face's: a face so framed scores 0.87 or more, whatever its size."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Detection:
    """One face: its box (brows to chin) and the eyes' centres, in pixels of the picture."""

    box: tuple[float, float, float, float]
    """Left, top, right, bottom."""
    right_eye: tuple[float, float]
    left_eye: tuple[float, float]
    score: float

    @property
    def centre(self) -> tuple[float, float]:
        """Centre of the box."""
        left, top, right, bottom = self.box
        return (left + right) / 2, (top + bottom) / 2

    @property
    def side(self) -> float:
        """Longer side of the box."""
        left, top, right, bottom = self.box
        return max(right - left, bottom - top)


class FaceDetector:
    """Finds every face of a picture, best first."""

    def __init__(self) -> None:
        self._network = Network("face_detection_short_range.tflite")
        self._anchors = anchors()
        self._turn = 0

    def find_all(self, picture: Pixels) -> list[Detection]:
        """The faces of the picture; of all its parts where the whole shows none (some 20 looks)."""
        return self._find(picture, list(parts(*picture.shape[1::-1])))

    def find_some(self, picture: Pixels) -> list[Detection]:
        """The same for one of a stream: only a few parts, the next ones in turn."""
        every = list(parts(*picture.shape[1::-1]))
        turn = [every[(self._turn + step) % len(every)] for step in range(min(IN_TURN, len(every)))]
        self._turn += IN_TURN
        return self._find(picture, turn)

    def _find(
        self, picture: Pixels, some_parts: list[tuple[int, int, int, int]]
    ) -> list[Detection]:
        height, width = picture.shape[:2]
        found = self._search(picture, square_at(0, 0, width, height))
        if not found:
            squares = (square_at(*part) for part in some_parts)
            found = [face for square in squares for face in self._search(picture, square)]
        return without_overlaps(found)

    def score_closely(self, picture: Pixels, face: Square) -> float:
        """How sure it is, on a closer look, that the square holds a face; 0..1."""
        self._look(picture, replace(face, side=face.side * CLOSE_LOOK))
        return float(scores(self._network.output("classificators")).max())

    def _search(self, picture: Pixels, square: Square) -> list[Detection]:
        """Faces in one level square of the picture."""
        self._look(picture, square)
        boxes, sure = decode(
            self._network.output("regressors")[0],
            scores(self._network.output("classificators")[0, :, 0]),
            self._anchors,
        )
        matrix = square.to_picture(SIZE)
        points = boxes @ matrix[:, :2].T + matrix[:, 2]  # (N, 4, 2)
        return [_detection(point, float(score)) for point, score in zip(points, sure, strict=True)]

    def _look(self, picture: Pixels, square: Square) -> None:
        np.divide(square.cut(picture, SIZE), np.float32(127.5), out=self._network.input[0])
        self._network.input -= 1.0
        self._network.run()


def anchors() -> NDArray[np.float64]:
    """(896, 2): where each output row looks, in pixels of the network's input.

    Two boxes in each cell of 8 pixels, then six in each cell of 16.
    """
    rows = []
    for stride, count in ((8, 2), (16, 6)):
        middle = (np.arange(SIZE // stride) + 0.5) * stride
        x, y = np.meshgrid(middle, middle)
        rows.append(np.repeat(np.stack([x, y], axis=-1).reshape(-1, 2), count, axis=0))
    return np.concatenate(rows)


def scores(logits: NDArray[np.float32]) -> NDArray[np.float64]:
    """From the network's logits to 0..1."""
    return 1.0 / (1.0 + np.exp(-np.clip(logits.astype(np.float64), -100, 100)))


def decode(
    regressors: NDArray[np.float32], sure: NDArray[np.float64], at: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Boxes that are faces, as corner, corner, right eye, left eye (N, 4, 2), and scores (N,).

    A row of `regressors` (896, 16) is centre, size, then six points (eyes first), all in input
    pixels and, but for the size, relative to the row's anchor.
    """
    chosen = sure >= LEAST_SCORE
    rows, at = regressors[chosen].astype(np.float64), at[chosen]
    centre, half = rows[:, 0:2] + at, rows[:, 2:4] / 2
    eyes = rows[:, 4:8].reshape(-1, 2, 2) + at[:, None]
    boxes = np.concatenate([(centre - half)[:, None], (centre + half)[:, None], eyes], axis=1)
    return boxes, sure[chosen]


def square_at(left: int, top: int, width: int, height: int) -> Square:
    """The level square around a part of the picture; the shorter side is padded."""
    x, y = left + width / 2 - 0.5, top + height / 2 - 0.5
    return Square(x=x, y=y, side=max(width, height), angle_rad=0.0)


def parts(width: int, height: int) -> Iterator[tuple[int, int, int, int]]:
    """Overlapping squares (left, top, width, height) of the shorter side, then of half of it."""
    short = min(width, height)
    for side in (short, short // 2):
        if side < SIZE // 2:
            return  # smaller parts would only be enlarged
        columns = max(1, -(-2 * (width - side) // side)) + 1
        rows = max(1, -(-2 * (height - side) // side)) + 1
        for top in np.unique(np.linspace(0, height - side, rows).astype(int)):
            for left in np.unique(np.linspace(0, width - side, columns).astype(int)):
                yield int(left), int(top), side, side


def without_overlaps(found: list[Detection]) -> list[Detection]:
    """One detection per face, best first: boxes that overlap are averaged by their scores."""
    waiting = sorted(found, key=lambda face: -face.score)
    faces = []
    while waiting:
        same = [face for face in waiting if overlap(waiting[0], face) > SAME_FACE_OVERLAP]
        faces.append(_average(same))
        waiting = [face for face in waiting[1:] if face not in same]
    return faces


def overlap(one: Detection, other: Detection) -> float:
    """Shared area over united area of two boxes; 1 for the same detection."""
    if one is other:
        return 1.0
    width = min(one.box[2], other.box[2]) - max(one.box[0], other.box[0])
    height = min(one.box[3], other.box[3]) - max(one.box[1], other.box[1])
    shared = max(width, 0.0) * max(height, 0.0)
    united = _area(one) + _area(other) - shared
    return shared / united if united > 0 else 0.0


def _area(face: Detection) -> float:
    left, top, right, bottom = face.box
    return max(right - left, 0.0) * max(bottom - top, 0.0)


def _average(same: list[Detection]) -> Detection:
    """The mean of one face's boxes, weighed by score, with the best score."""
    points = np.array([[*f.box, *f.right_eye, *f.left_eye] for f in same]).reshape(-1, 4, 2)
    weights = np.array([face.score for face in same])
    return _detection(np.average(points, axis=0, weights=weights), float(weights.max()))


def _detection(points: NDArray[np.float64], score: float) -> Detection:
    """From corner, corner, right eye, left eye (4, 2)."""
    (left, top), (right, bottom), right_eye, left_eye = points.tolist()
    return Detection(
        box=(left, top, right, bottom),
        right_eye=tuple(right_eye),
        left_eye=tuple(left_eye),
        score=score,
    )
