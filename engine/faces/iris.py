"""Where does an eye look? The picture itself is asked; a tracker's iris is half a guess.

MediaPipe's network reads an eye that looks far aside as looking less far, and takes the corners
along with it: the whole eye seems to slide. So a dark disc of the iris's size is looked for between
the lids: the one that parts what is seen there best into a dark and a bright (Otsu 1979). Then the
corners get back what they went along. An eye that looks ahead keeps its landmarks: there the
network errs by less than what is found trembles.
"""

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.faces.face import Face
from engine.faces.topology import (
    LEFT_EYE,
    LEFT_EYE_INNER,
    LEFT_EYE_OUTER,
    LEFT_IRIS,
    LID_POINTS,
    RIGHT_EYE,
    RIGHT_EYE_INNER,
    RIGHT_EYE_OUTER,
    RIGHT_IRIS,
)
from engine.frame import Pixels
from engine.geometry import Array, smoothstep

_PX = 36
"""Of an eye's width, in which it is looked at."""

_HALF_WIDTH, _HALF_HEIGHT = 0.85, 0.55
"""Eye widths around the middle of its corners that are looked at."""

_EDGE = 0.03
"""Eye widths inside the lids' landmarks that lashes and their shade may cover."""

_PULL = np.array([1.5, 40.0])
"""What it costs to lie an eye's width from where the network has it, in shares of what is parted:
little across the eye; up and down lids hide the edges, and what is found there trembles."""

_DIM, _CLEAR = 0.35, 0.55
"""Share of what differs between the lids that the disc must explain to be believed at all, and
wholly."""

_FAINT, _STRONG = 8.0, 18.0
"""The same of the levels by which it is darker than the white."""

_NARROW, _OPEN = 0.10, 0.20
"""The same of the opening, in eye widths."""

_ASIDE = 0.05, 0.15
"""Way of the network's iris from the middle of its eye, in eye widths, up to which all stays as it
is, and from which on the picture is followed wholly."""

_LEAST_SEEN = 0.35
"""Share of a disc, or of the opening, that must lie between the lids."""

_LEAST_EYE_PX = 6.0
"""Of a smaller eye nothing is seen."""

_TAKEN_ALONG = 0.18
"""Of the iris's way aside, what the network's corners go along with it. Six rendered heads say 0.17
to 0.21, less where the head is turned the same way."""

Plane = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Eye:
    """Rows of the landmarks."""

    corners: tuple[int, int]
    """At the picture's left and right, of a head upright."""
    lids: list[int]
    """Around the opening."""
    skin: list[int]
    """Lids, and the two rings around them."""
    iris: slice


def _rows(points: tuple[int, ...]) -> tuple[list[int], list[int]]:
    """The lids as an outline, and the skin that goes along; the topology lists ring by ring."""
    lower, upper = points[:9], points[9:LID_POINTS]
    return [*lower, *reversed(upper)], list(points[: 3 * LID_POINTS])


_EYES = tuple(
    _Eye(corners=corners, lids=_rows(points)[0], skin=_rows(points)[1], iris=iris)
    for corners, points, iris in (
        ((RIGHT_EYE_OUTER, RIGHT_EYE_INNER), RIGHT_EYE, RIGHT_IRIS),
        ((LEFT_EYE_INNER, LEFT_EYE_OUTER), LEFT_EYE, LEFT_IRIS),
    )
)


def with_irises(picture: Pixels, face: Face) -> Face:
    """The face with the irises of eyes that look aside where the picture shows them.

    An eye that is shut, small or not clear keeps its iris; depths stay.
    """
    landmarks = face.landmarks.copy()
    for eye in _EYES:
        _mend(picture, landmarks, eye)
    return replace(face, landmarks=landmarks)


def _mend(picture: Pixels, landmarks: NDArray[np.float32], eye: _Eye) -> None:
    """One eye, in place."""
    points = landmarks[:, :2].astype(np.float64)
    first, last = points[eye.corners[0]], points[eye.corners[1]]
    along, width = last - first, float(np.hypot(*(last - first)))
    if not width > _LEAST_EYE_PX:
        return
    view = _View.of((first + last) / 2.0, along / width, width)
    in_view = view.to_view(points)
    aside = abs(float(in_view[eye.iris.start, 0] - view.middle[0])) / _PX
    far = float(smoothstep(*_ASIDE, np.asarray(aside)))
    if far == 0.0:
        return
    found = _find(view.cut(picture), in_view, eye)
    if found is not None:
        by, trust = found
        landmarks[eye.iris, :2] += (far * trust * view.scale * (by @ view.axes)).astype(np.float32)
    _hold(landmarks, eye, view, far)


def _hold(landmarks: NDArray[np.float32], eye: _Eye, view: "_View", far: float) -> None:
    """Take back what corners and lids went along with the iris, in place."""
    in_view = view.to_view(landmarks[:, :2].astype(np.float64)) - view.middle
    aside = far * float(in_view[eye.iris.start, 0]) / (1.0 - _TAKEN_ALONG)
    share = np.clip(2.0 * in_view[eye.skin, 0] / _PX, -1.0, 1.0) ** 2
    back = -_TAKEN_ALONG * aside * share * view.scale
    landmarks[eye.skin, :2] += (back[:, None] * view.axes[0]).astype(np.float32)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _View:
    """An eye laid level and made `_PX` wide."""

    axes: Array
    """(2, 2): along the eye and down from it, in the picture."""
    centre: Array
    """(2,) px of the picture."""
    scale: float
    """Of the picture's px for one of the view's."""

    size = 2 * round(_HALF_WIDTH * _PX) + 1, 2 * round(_HALF_HEIGHT * _PX) + 1
    middle = (np.array(size) - 1.0) / 2.0

    @classmethod
    def of(cls, centre: Array, along: Array, width: float) -> "_View":
        """Around the middle of the corners."""
        axes = np.array([along, [-along[1], along[0]]])
        return cls(axes=axes, centre=centre, scale=width / _PX)

    def to_view(self, points: Array) -> Array:
        """(N, 2) px of the picture -> of the view."""
        return np.asarray((points - self.centre) @ self.axes.T / self.scale + self.middle)

    def cut(self, picture: Pixels) -> Pixels:
        """(h, w, 3) around the eye."""
        matrix = np.empty((2, 3))
        matrix[:, :2] = self.axes.T * self.scale
        matrix[:, 2] = self.centre - matrix[:, :2] @ self.middle
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        if self.scale > 1.5:  # warpAffine does not average
            picture, matrix = self._smaller(picture, matrix)
        return np.asarray(
            cv2.warpAffine(picture, matrix, self.size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
        )

    def _smaller(self, picture: Pixels, matrix: Array) -> tuple[Pixels, Array]:
        """The part around the eye, blurred; and `matrix` for it."""
        reach = self.scale * float(np.hypot(*self.middle)) + self.scale + 2.0
        high = np.array(picture.shape[1::-1])
        low = np.clip(np.floor(self.centre - reach), 0, high - 1).astype(int)
        beyond = np.clip(np.ceil(self.centre + reach), low + 1, high).astype(int)
        side = round(self.scale)
        part = cv2.blur(picture[low[1] : beyond[1], low[0] : beyond[0]], (side, side))
        shifted = matrix.copy()
        shifted[:, 2] -= low
        return np.asarray(part), shifted


def _find(view: Pixels, points: Array, eye: _Eye) -> tuple[Array, float] | None:
    """By how much the iris lies elsewhere, (2,) px of the view; and how sure that is."""
    opening = _opening(points[eye.lids], (view.shape[0], view.shape[1]))
    seen = float(opening.sum())
    radius = float(np.hypot(*(points[eye.iris.start + 1] - points[eye.iris.start + 3]))) / 2.0
    if seen < _PX or not 0.1 * _PX < radius < 0.4 * _PX:
        return None
    parts, darker = _parted(view, opening, radius)
    near = points[eye.iris.start]
    columns, rows = (np.arange(size) - at for size, at in zip(parts.shape[::-1], near, strict=True))
    pull = _PULL / _PX**2
    score = parts - pull[0] * columns**2 - pull[1] * rows[:, None] ** 2
    row, column = divmod(int(score.argmax()), score.shape[1])
    if not (0 < row < score.shape[0] - 1 and 0 < column < score.shape[1] - 1):
        return None
    place = np.array(
        [
            column + _top(score[row, column - 1 : column + 2]),
            row + _top(score[row - 1 : row + 2, column]),
        ]
    )
    steps = (
        (_DIM, _CLEAR, parts[row, column]),
        (_FAINT, _STRONG, darker[row, column]),
        (_NARROW, _OPEN, seen / _PX**2),
    )
    trust = np.prod([smoothstep(low, high, np.asarray(value)) for low, high, value in steps])
    return place - points[eye.iris.start], float(trust)


def _opening(lids: Array, size: tuple[int, int]) -> Plane:
    """1 between the lids, without their edge; 0 elsewhere."""
    inside = np.zeros(size, np.uint8)
    cv2.fillPoly(inside, [np.round(lids * 16).astype(np.int32)], 1, cv2.LINE_8, 4)
    side = 2 * round(_EDGE * _PX) + 1
    edge = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    return np.asarray(cv2.erode(inside, edge), np.float32)


def _parted(view: Pixels, opening: Plane, radius: float) -> tuple[Array, Array]:
    """For a disc around each pixel: what it explains of the opening's levels, and how dark it is.

    Red tells irises from white best: blue ones have least of it. Glints are taken out.
    """
    red = cv2.morphologyEx(view[..., 0], cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    low, high = np.percentile(red[opening > 0], [3, 97])
    levels = np.clip(red, low, high).astype(np.float32)
    count, total = float(opening.sum()), float((levels * opening).sum())
    mean = total / count
    variance = float(((levels - mean) ** 2 * opening).sum()) / count
    disc = _disc(radius)
    inside = cv2.filter2D(opening, -1, disc, borderType=cv2.BORDER_CONSTANT)
    dark = cv2.filter2D(levels * opening, -1, disc, borderType=cv2.BORDER_CONSTANT)
    beside = np.maximum(count - inside, 1.0)
    darker = np.maximum((total - dark) / beside - dark / np.maximum(inside, 1.0), 0.0)
    parts = inside * (count - inside) / count**2 * darker**2 / max(variance, 1.0)
    parts[inside < _LEAST_SEEN * min(count, float(disc.sum()))] = 0.0
    return parts.astype(np.float64), darker.astype(np.float64)


def _disc(radius: float) -> Plane:
    """Its edge softened by a pixel."""
    reach = np.arange(-int(radius + 2.0), int(radius + 2.0) + 1)
    away = np.hypot(reach, reach[:, None])
    return np.clip(radius + 0.5 - away, 0.0, 1.0).astype(np.float32)


def _top(values: Array) -> float:
    """Where a parabola through three values has its top, from the middle one."""
    before, at, after = values.tolist()
    bend = before - 2.0 * at + after
    return float(np.clip(0.5 * (before - after) / bend, -0.5, 0.5)) if bend < -1e-9 else 0.0
