"""Which stretches of a film become clips, and why the others don't: plain arithmetic on boxes.

The paper's framing (DPE, Sec. 4.1; FOMM's VoxCeleb): one box for the whole clip, in which the head
moves freely. A stretch ends where the shot or the person changes, where the face is lost, where a
second one comes in, and where the head leaves the box that it would need.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from engine.faces.crop import CropBox, framing
from engine.faces.face import Face
from training.clips.alignment import OF_478

POINTS = (*OF_478, 13, 14, 61, 291, 159, 145, 386, 374, 105, 334)
"""Of MediaPipe's: those of the alignment, then lips, lids and brows."""

FREE_SHIFT, FREE_SCALE = 0.16, 1.35
"""How far the head may go from the box's middle, in its side, and how much it may grow: with the
face at 0.58 of the side its edges then still lie within."""
SECOND_FACE = 0.4
"""Of the first one's size, from where a second face counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What a clip must be."""

    size: int = 256
    """Side of its pictures in pixels."""
    least_side: float = 0.75
    """Of `size`: a box with fewer pixels of the film would be enlarged too far."""
    least_frames: int = 24
    most_frames: int = 600
    """A longer stretch becomes several clips: one is read into memory at a time."""
    least_motion: float = 0.0025
    """Of the box's side: mean deviation of the points over the clip. A still picture that is
    filmed stays below."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Span:
    """Frames `first` up to, not including, `first + len(points)`, seen through one box."""

    first: int
    box: CropBox
    points: NDArray[np.float32]
    """(N, 19, 2) `POINTS` in pixels of the film."""


@dataclass(slots=True)
class SpanFinder:
    """Takes a film's faces frame by frame; stretches end in `spans` or in `refused`."""

    rules: Rules
    spans: list[Span] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)
    """Reason -> frames."""
    _boxes: list[CropBox] = field(default_factory=list)
    _points: list[NDArray[np.float32]] = field(default_factory=list)
    _who: tuple[int, int] = (-1, -1)
    _count: int = 0

    def add(self, faces: Sequence[Face]) -> None:
        """The faces of the next frame."""
        face = self._only(faces)
        if face is None:
            self._end()
        else:
            box, who = framing(face), (face.shot, face.person)
            if who != self._who or not self._fits(box) or self._is_full():
                self._end()
            self._who = who
            self._boxes.append(box)
            self._points.append(face.landmarks[list(POINTS), :2].astype(np.float32))
        self._count += 1

    def finish(self) -> None:
        """The film is over."""
        self._end()

    def _only(self, faces: Sequence[Face]) -> Face | None:
        if not faces:
            self.refused["lost face"] += 1
            return None
        sizes = [face.box[3] - face.box[1] for face in faces]
        largest = int(np.argmax(sizes))
        if sum(size >= SECOND_FACE * sizes[largest] for size in sizes) > 1:
            self.refused["two faces"] += 1
            return None
        return faces[largest]

    def _fits(self, box: CropBox) -> bool:
        return not self._boxes or _holds(_union([*self._boxes, box]), [*self._boxes, box])

    def _is_full(self) -> bool:
        return len(self._boxes) >= self.rules.most_frames

    def _end(self) -> None:
        if not self._boxes:
            return
        boxes, points = self._boxes, np.array(self._points)
        box = _union(boxes)
        reason = self._reason(box, points)
        if reason is None:
            first = self._count - len(boxes)
            self.spans.append(Span(first=first, box=box, points=points))
        else:
            self.refused[reason] += len(boxes)
        self._boxes, self._points = [], []

    def _reason(self, box: CropBox, points: NDArray[np.float32]) -> str | None:
        if len(points) < self.rules.least_frames:
            return "too short"
        if box.side < self.rules.least_side * self.rules.size:
            return "too small"
        if float(points.std(axis=0).mean()) < self.rules.least_motion * box.side:
            return "static"
        return None


def _union(boxes: Sequence[CropBox]) -> CropBox:
    """The box in whose middle the boxes' middles move, as large as the largest of them."""
    x, y = [box.x for box in boxes], [box.y for box in boxes]
    side = max(box.side for box in boxes)
    return CropBox(x=(min(x) + max(x)) / 2, y=(min(y) + max(y)) / 2, side=side)


def _holds(whole: CropBox, boxes: Sequence[CropBox]) -> bool:
    smallest = min(box.side for box in boxes)
    if whole.side > FREE_SCALE * smallest:
        return False
    reach = FREE_SHIFT * whole.side
    return all(abs(box.x - whole.x) <= reach and abs(box.y - whole.y) <= reach for box in boxes)
