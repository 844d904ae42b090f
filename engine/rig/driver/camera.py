"""Has the camera moved, or the driver? What lies behind the head is asked.

A handheld camera shakes head and background alike, and the portrait's own camera stands still: so
what the background goes, the head is brought back by. Where nothing is to be seen behind the head,
or its parts disagree, the camera is taken to stay where it was.
"""

import logging
from dataclasses import dataclass
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.faces.face import Face
from engine.faces.roi import as_pixels
from engine.frame import Pixels
from engine.geometry import Array
from engine.rig.landmarks import CHIN, FOREHEAD

logger = logging.getLogger(__name__)

MOVES = "the driver's camera moves: what it moves isn't taken for the driver's own movement"

_SIDE_PX = 128
"""Longer side of the small pictures."""

_BESIDE, _ABOVE, _BODY = 0.75, 0.95, 2.2
"""In face heights from the middle of the face: what is nearer beside or above may be hair, and
below the chin a body."""

_CORNERS, _LEAST_CORNERS, _LEAST_A_SIDE = 24, 5, 2
"""Places that are looked at, and how many must agree, in all and on either side of the head: of
one side alone nobody knows whether it is hair."""

_CLEAR = 8e-4
"""Least eigenvalue, as OpenCV has it, of a corner: plain walls have less."""

_AGREE_PX, _LEAST_SHARE = 0.6, 0.5
"""How far from the median of all ways, in px of small pictures, and what share of those that are
seen must be so near to it."""

_WINDOW_PX, _LEVELS, _BORDER_PX = 11, 1, 2.0
"""Of the optical flow: with a level more, corners near the border are lost; those that have come so
near to it are left out."""

_EVERY = 3
"""A camera that stood still is looked at again after so many frames."""

_SHAKES = 0.002
"""Of the picture's longer side, root mean square over `_MEMORY_S`: a camera that moves."""

_HELD = 0.5
"""A head that goes so little of what lies behind it, in squares, is held by its camera: somebody
films himself and walks, or sits in a train."""

_SWAY_S, _MEMORY_S = 1.0, 2.0
"""Slower movement than the first isn't compared; how long it counts."""

_EASE_S = 0.5
"""How long it takes to believe otherwise."""


@dataclass(slots=True, kw_only=True, eq=False)
class _Key:
    """The background that others are compared with."""

    grey: Pixels
    corners: NDArray[np.float32]
    """(N, 1, 2) px."""
    is_left: NDArray[np.bool_]
    """(N,) of the head."""


class Camera:
    """Remembers the background of one shot's first picture."""

    def __init__(self) -> None:
        self._was_told = False
        self.restart()

    def restart(self) -> None:
        """Take the next picture for the one with the camera in its place."""
        self._key: _Key | None = None
        self._frames = 0
        self._offset = np.zeros(2)
        """Of the background from its first place, right and down, px of small pictures."""
        self._usual = np.zeros((2, 2))
        """Places of head and background of late, in longer sides."""
        self._squares = np.zeros(2)
        """Mean squares of how far both are from there."""
        self._moves = False
        self._share = 0.0
        """0..1: how much is taken out."""
        self._seen_ns: int | None = None

    def standing(self, picture: Pixels, face: Face, captured_ns: int | None) -> tuple[Pixels, Face]:
        """Picture and face as if the camera had not moved since the first picture.

        Args:
            picture: of the size that the first one had.
            face: in it.
            captured_ns: the picture's moment; None where it is none of the stream's next.

        Returns:
            Both as they came where the camera stands or nothing is known of it.
        """
        longer = max(picture.shape[:2])
        scale = longer / _SIDE_PX
        if self._key is None:
            self._key = _key(_small(picture), face, scale)
        if len(self._key.corners) < _LEAST_CORNERS:
            return picture, face
        self._frames += 1
        is_due = self._moves or self._share > 0.0 or self._frames % _EVERY == 0
        if is_due or captured_ns is None:
            self._look(_small(picture), self._key)
            if captured_ns is not None:
                self._judge(face.landmarks[:, :2].mean(axis=0) / longer, captured_ns)
        way = self._offset * scale * self._share
        if not way.any():
            return picture, face
        return _shifted(picture, -np.round(way).astype(int)), face.moved(1.0, (-way[0], -way[1]))

    def _look(self, small: Pixels, key: _Key) -> None:
        """Find how far the background lies from where it was; nothing new where it can't tell."""
        if small.shape != key.grey.shape:
            return
        guess = key.corners + self._offset.astype(np.float32)
        there, found, _ = cv2.calcOpticalFlowPyrLK(
            key.grey,
            small,
            key.corners,
            guess,
            winSize=(_WINDOW_PX, _WINDOW_PX),
            maxLevel=_LEVELS,
            criteria=(cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 10, 0.02),
            flags=cv2.OPTFLOW_USE_INITIAL_FLOW,
        )
        ways, there = (there - key.corners)[:, 0], there[:, 0]
        beyond = np.array(small.shape[::-1]) - _BORDER_PX
        seen = (found[:, 0] > 0) & ((there > _BORDER_PX) & (there < beyond)).all(axis=1)
        if seen.sum() < _LEAST_CORNERS:
            return
        off = np.linalg.norm(ways - np.median(ways[seen], axis=0), axis=1)
        agree = seen & (off < _AGREE_PX)
        sides = min((agree & key.is_left).sum(), (agree & ~key.is_left).sum())
        enough = max(_LEAST_CORNERS, _LEAST_SHARE * seen.sum())
        if agree.sum() >= enough and sides >= _LEAST_A_SIDE:
            self._offset = ways[agree].mean(axis=0).astype(np.float64)

    def _judge(self, head: Array, now_ns: int) -> None:
        """Does the camera move, and does it hold the head? `head` (2,) in longer sides."""
        places = np.stack([head, self._offset / _SIDE_PX])
        if self._seen_ns is None:
            self._usual, self._seen_ns = places, now_ns
            return
        elapsed_s = max(now_ns - self._seen_ns, 0) / 1e9
        self._seen_ns = now_ns
        self._usual += (places - self._usual) * (1.0 - np.exp(-elapsed_s / _SWAY_S))
        squares = ((places - self._usual) ** 2).sum(axis=1)
        self._squares += (squares - self._squares) * (1.0 - np.exp(-elapsed_s / _MEMORY_S))
        of_head, of_background = self._squares
        if of_background > _SHAKES**2:
            self._moves = bool(of_head > _HELD * of_background)
            self._tell()
        step = elapsed_s / _EASE_S
        self._share = float(np.clip(self._share + (step if self._moves else -step), 0.0, 1.0))

    def _tell(self) -> None:
        """Say once that the camera moves."""
        if self._moves and not self._was_told:
            self._was_told = True
            logger.warning(MOVES)


def _small(picture: Pixels) -> Pixels:
    """(h, w) grey, its longer side `_SIDE_PX`."""
    height, width = picture.shape[:2]
    scale = _SIDE_PX / max(height, width)
    size = max(round(width * scale), 1), max(round(height * scale), 1)
    # Every so many pixels first: averaging all of a large picture costs ten times as much.
    thin = cv2.resize(picture, (2 * size[0], 2 * size[1]), interpolation=cv2.INTER_NEAREST)
    grey = cv2.cvtColor(thin, cv2.COLOR_RGB2GRAY)
    return np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), np.uint8)


def _key(small: Pixels, face: Face, scale: float) -> _Key:
    """The corners of a small picture that lie behind the head."""
    points = face.landmarks[:, :2] / scale
    top, chin = points[FOREHEAD], points[CHIN]
    middle, tall = (top + chin) / 2.0, float(np.linalg.norm(chin - top))
    mask = np.full(small.shape, 255, np.uint8)
    mask[_box(middle, tall, -_ABOVE, np.inf, _BESIDE)] = 0
    mask[_box(middle, tall, 0.5, np.inf, _BODY)] = 0
    mask[cv2.cornerMinEigenVal(small, 5) < _CLEAR] = 0
    found = cast(
        "NDArray[np.float32] | None",  # OpenCV's own types don't tell that there may be none
        cv2.goodFeaturesToTrack(small, _CORNERS, 0.01, 4.0, mask=mask, blockSize=5),
    )
    corners = np.zeros((0, 1, 2), np.float32) if found is None else found
    return _Key(grey=small, corners=corners, is_left=corners[:, 0, 0] < middle[0])


def _box(
    middle: Array, tall: float, top: float, bottom: float, aside: float
) -> tuple[slice, slice]:
    """Rows and columns about a middle (2,) px, in face heights."""
    left, right = (max(int(middle[0] + by * tall), 0) for by in (-aside, aside))
    first = max(int(middle[1] + top * tall), 0)
    last = None if np.isinf(bottom) else max(int(middle[1] + bottom * tall), 0)
    return slice(first, last), slice(left, right)


def _shifted(picture: Pixels, by: NDArray[np.int64]) -> Pixels:
    """Moved by whole px right and down; its borders go on."""
    height, width = picture.shape[:2]
    x, y = int(np.clip(by[0], 1 - width, width - 1)), int(np.clip(by[1], 1 - height, height - 1))
    part = picture[max(-y, 0) : height - max(y, 0), max(-x, 0) : width - max(x, 0)]
    return as_pixels(
        cv2.copyMakeBorder(part, max(y, 0), max(-y, 0), max(x, 0), max(-x, 0), cv2.BORDER_REPLICATE)
    )
