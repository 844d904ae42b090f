"""A time code that survives a screen and a camera: perspective, blur, exposure, moire.

Four ArUco markers (OpenCV's, 4 x 4 cells) at the corners say where the code lies, and which one it
is: markers 0 to 3 around what the page draws, 4 to 7 around what returns. Between them lie 24 bits,
each as two cells side by side, of which the lighter one tells the bit: no threshold is needed,
whatever the exposure. The bits are

- a number of ticks of `TICK_MS` in Gray code, 12 bits: while one turns into the next, one bit is
  between black and white, and both ways of reading it are right within a tick. The four that change
  most often stand there twice, apart from each other;
- what is asked for, 2 bits, and a checksum of 4 bits over that and the number's slow 8 bits;
- two bits that never change.

`page/code.js` draws the same.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.frame import Pixels

TICK_MS = 1000 / 60
"""One picture of a usual screen."""
TICKS = 1 << 12
"""Until the numbers begin anew: 68 s."""
WIDTH, HEIGHT = 20, 12
"""Of the whole code in units, with a white rim of one unit."""
MARKER = 4
CORNERS = ((1, 1), (15, 1), (1, 7), (15, 7))
"""Left and top of each marker, in units; its number is its place here, 4 more in what returns."""
COLUMNS, ROWS = 8, 6
DATA = (5.5, 1.0, 9.0, 10.0)
"""Left, top, width and height of the cells, in units."""
SLOW, FAST, KINDS, CHECK = 8, 4, 2, 4
UNIT_PX = 12
"""Of the flat picture that a filmed code is turned into."""
CLEAR = 0.25
"""Difference of a pair's cells over that of black and white, from which on a bit is clear."""
MOST_UNCLEAR = 2
NEAR = 0.35
"""How far a marker may lie from where another one says it should, over their distance."""

Homography = NDArray[np.float64]
Marker = tuple[int, NDArray[np.float64]]
"""Its number, and its (4, 2) corners in the picture."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A code that was found in a picture."""

    tick: int
    kind: int
    """What it asks for, 0..3."""
    is_returned: bool
    """Whether it has the markers of what returns."""
    width_px: float
    """Of its upper edge in the picture."""


def bits_of(tick: int, kind: int) -> list[int]:
    """The 24 bits in the order of their places."""
    gray = tick ^ tick >> 1
    slow = _split(gray >> FAST, SLOW)
    fast = _split(gray, FAST)
    return [1, *fast, *slow, *_split(kind, KINDS), *_split(check_of(gray >> FAST, kind), CHECK),
            *fast, 0]  # fmt: skip


def check_of(slow: int, kind: int) -> int:
    """CRC-4 (x^4 + x + 1) of the slow bits and the kind."""
    rest = (slow | kind << SLOW) << CHECK
    for place in range(SLOW + KINDS + CHECK - 1, CHECK - 1, -1):
        if rest >> place & 1:
            rest ^= 0b10011 << place - CHECK
    return rest


def draw(tick: int, kind: int, *, is_returned: bool = False, unit_px: int = UNIT_PX) -> Pixels:
    """(12 * unit, 20 * unit, 3): the code."""
    drawn = np.full((HEIGHT * unit_px, WIDTH * unit_px), 255, np.uint8)
    for number, (left, top) in enumerate(CORNERS):
        side = MARKER * unit_px
        marker = cv2.aruco.generateImageMarker(_markers(), number + 4 * is_returned, side)
        drawn[top * unit_px : top * unit_px + side, left * unit_px : left * unit_px + side] = marker
    for (x, y, right, bottom), is_white in zip(cells(), _cells(tick, kind), strict=True):
        rows = slice(round(y * unit_px), round(bottom * unit_px))
        drawn[rows, round(x * unit_px) : round(right * unit_px)] = 255 * is_white
    return np.repeat(drawn[..., None], 3, axis=2)


def cells() -> Iterator[tuple[float, float, float, float]]:
    """Left, top, right and bottom of each cell, row by row, in units."""
    left, top, width, height = DATA
    wide, high = width / COLUMNS, height / ROWS
    for row in range(ROWS):
        for column in range(COLUMNS):
            x, y = left + column * wide, top + row * high
            yield x, y, x + wide, y + high


class CodeReader:
    """Finds codes in the pictures of one camera."""

    def __init__(self, *, is_fixed: bool) -> None:
        """`is_fixed`: where codes lay in the last picture is tried first, which saves a search."""
        self._is_fixed = is_fixed
        self._detector = cv2.aruco.ArucoDetector(_markers())
        self._places: list[tuple[Homography, bool]] = []

    def read(self, picture: Pixels) -> list[Reading]:
        """All codes that can be read, the largest first."""
        grey = np.ascontiguousarray(picture[..., 1])
        found = self._at_places(grey) if self._is_fixed else []
        if found and len(found) == len(self._places):
            return found
        self._places = list(self._find(grey))
        return self._at_places(grey)

    def _at_places(self, grey: NDArray[np.uint8]) -> list[Reading]:
        found = [reading for place in self._places if (reading := _read_at(grey, *place))]
        return sorted(found, key=lambda reading: -reading.width_px)

    def _find(self, grey: NDArray[np.uint8]) -> Iterator[tuple[Homography, bool]]:
        """Where codes lie: from flat pixels to the picture's, by three or four markers of a set."""
        corners, numbers, _ = self._detector.detectMarkers(grey)
        # Of no markers at all OpenCV gives no numbers, but None.
        known = [] if not len(corners) else np.asarray(numbers).ravel().tolist()
        markers: list[Marker] = [
            (int(number), np.asarray(corner, np.float64).reshape(4, 2))
            for number, corner in zip(known, corners, strict=True)
            if number < 2 * len(CORNERS)
        ]
        while markers:
            number, seen = markers.pop(0)
            same = _set_of(number, seen, markers)
            if len(same) >= 3:
                markers = [each for each in markers if all(each is not other for other in same)]
                flat = np.concatenate([_flat_corners(other % 4) for other, _ in same])
                filmed = np.concatenate([each for _, each in same])
                place, _ = cv2.findHomography(flat, filmed)
                yield np.asarray(place, np.float64), number >= len(CORNERS)


def _set_of(number: int, seen: NDArray[np.float64], others: list[Marker]) -> list[Marker]:
    """A marker and those that lie where it says the others of its code should."""
    own, _ = cv2.findHomography(_flat_corners(number % 4), seen)
    same: list[Marker] = [(number, seen)]
    for wanted in range(len(CORNERS)):
        if wanted == number % 4:
            continue
        centre = _flat_corners(wanted).mean(axis=0)
        there = cv2.perspectiveTransform(centre.reshape(1, 1, 2), own).reshape(2)
        reach = NEAR * float(np.linalg.norm(there - seen.mean(axis=0)))
        near = [
            (float(np.linalg.norm(each.mean(axis=0) - there)), place)
            for place, (other, each) in enumerate(others)
            if other == wanted + number // 4 * 4
        ]
        if near and min(near)[0] < reach:
            same.append(others[min(near)[1]])
    return same


def _read_at(grey: NDArray[np.uint8], place: Homography, is_returned: bool) -> Reading | None:  # noqa: FBT001
    size = (WIDTH * UNIT_PX, HEIGHT * UNIT_PX)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    flat = cv2.warpPerspective(grey, place, size, flags=flags).astype(np.float64)
    means = np.array([_middle_of(flat, cell) for cell in cells()]).reshape(-1, 2)
    differences = means[:, 0] - means[:, 1]
    contrast = np.percentile(np.abs(differences), 80)
    if contrast < 8.0:
        return None
    ends = np.array([[[0.0, 0.0]], [[float(WIDTH * UNIT_PX), 0.0]]])
    left, right = cv2.perspectiveTransform(ends, place).reshape(2, 2)
    width_px = float(np.linalg.norm(right - left))
    return _decoded(differences / contrast, is_returned=is_returned, width_px=width_px)


def _decoded(
    differences: NDArray[np.float64], *, is_returned: bool, width_px: float
) -> Reading | None:
    """(24,) from -1, a zero, to 1: the code; None where it cannot be trusted."""
    ends = np.cumsum([1, FAST, SLOW, KINDS, CHECK, FAST])
    first, fast, slow, kind, check, again, last = np.split(differences, ends)
    clear = np.abs(differences) >= CLEAR
    is_whole = first[0] > CLEAR and last[0] < -CLEAR and bool(np.all(clear[ends[1] : ends[4]]))
    if not is_whole or _joined(check) != check_of(_joined(slow), _joined(kind)):
        return None
    both = clear[ends[0] : ends[1]] & clear[ends[4] : ends[5]]
    if np.any((fast > 0)[both] != (again > 0)[both]) or np.sum(~both) > MOST_UNCLEAR:
        return None
    gray = _joined(fast + again) | _joined(slow) << FAST
    tick = gray
    for shift in (1, 2, 4, 8):
        tick ^= tick >> shift
    return Reading(tick=tick, kind=_joined(kind), is_returned=is_returned, width_px=width_px)


def ticks_between(earlier: int, later: int) -> int:
    """How many ticks, in -TICKS/2..TICKS/2."""
    return (later - earlier + TICKS // 2) % TICKS - TICKS // 2


def _middle_of(flat: NDArray[np.float64], cell: tuple[float, float, float, float]) -> float:
    left, top, right, bottom = (value * UNIT_PX for value in cell)
    wide, high = (right - left) / 4, (bottom - top) / 4
    rows = slice(round(top + high), round(bottom - high))
    return float(flat[rows, round(left + wide) : round(right - wide)].mean())


def _cells(tick: int, kind: int) -> list[int]:
    return [cell for bit in bits_of(tick, kind) for cell in (bit, 1 - bit)]


def _flat_corners(number: int) -> NDArray[np.float64]:
    left, top = CORNERS[number]
    square = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float64) * MARKER
    # OpenCV counts pixels from their middles, and finds a corner between black and white.
    moved: NDArray[np.float64] = square + np.array([left, top], np.float64)
    return moved * UNIT_PX - 0.5


def _split(value: int, bits: int) -> list[int]:
    return [value >> place & 1 for place in range(bits)]


def _joined(differences: NDArray[np.float64]) -> int:
    return int(sum(1 << place for place, value in enumerate(differences) if value > 0))


def _markers() -> cv2.aruco.Dictionary:
    return cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_4X4_50)
