"""A track whose brows are where the pictures show them; see `driver/brow_check.py`."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from engine.editing import FaceTrack
from engine.faces.brow_strip import BrowStrip
from engine.faces.canonical import to_picture
from engine.faces.clip_neutral import find_neutral
from engine.faces.face import Face
from engine.faces.steady import runs
from engine.geometry import Array
from engine.rig.driver.brow_check import BrowCheck, spread
from engine.rig.driver.reading import read_face
from engine.rig.edit.performers import BLOCK, sampled

_OVER = np.array([0.25, 0.5, 0.25])
"""Weights of three frames in a row: what is found trembles."""


class CheckedTrack:
    """Keeps `engine.editing.FaceTrack`."""

    def __init__(self, track: FaceTrack, higher: Array, up: Array) -> None:
        """`higher`: (N, 6) cm, by which the brows' parts are; `up`: (N, 3) px, a cm on the face."""
        self._track = track
        self._higher, self._up = higher.astype(np.float32), up.astype(np.float32)

    @property
    def times_s(self) -> NDArray[np.float64]:
        """(N,) after the first frame."""
        return self._track.times_s

    @property
    def shots(self) -> NDArray[np.int64]:
        """(N,) of each frame."""
        return self._track.shots

    @property
    def seen(self) -> NDArray[np.bool_]:
        """(N,) whether the person is."""
        return self._track.seen

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the pictures."""
        return self._track.size

    def landmarks(self, begin: int, end: int) -> NDArray[np.float32]:
        """(end - begin, 478, 3) px, brows corrected."""
        found = self._track.landmarks(begin, end).copy()
        by = self._higher[begin:end] @ spread().T.astype(np.float32)  # (frames, 468)
        found[:, :468] += by[..., None] * self._up[begin:end, None]
        return found

    def brows(self, begin: int, end: int) -> Sequence[BrowStrip | None]:
        """What they look like."""
        return self._track.brows(begin, end)


def checked(track: FaceTrack) -> FaceTrack:
    """The track, its brows looked for in each frame as they are in the most neutral one."""
    check = _find_check(track)
    if check is None:
        return track
    count = len(track.seen)
    higher, up = np.zeros((count, 6)), np.zeros((count, 3))
    for begin in range(0, count, BLOCK):
        end = min(begin + BLOCK, count)
        landmarks = track.landmarks(begin, end)
        for index, strip in enumerate(track.brows(begin, end), begin):
            if strip is None or not track.seen[index]:
                continue
            face = strip.face(Face(landmarks=landmarks[index - begin], confidence=1.0))
            reading = read_face(face)
            higher[index] = check.higher(reading, strip.pixels)
            placement = reading.placement
            way = placement.rotation[:, 1] * placement.scale / strip.scale
            up[index] = to_picture(way[None])[0]
    for begin, end in runs(track.seen, track.shots):
        padded = np.pad(higher[begin:end], ((1, 1), (0, 0)), mode="edge")
        higher[begin:end] = sum(
            weight * padded[k : k + end - begin] for k, weight in enumerate(_OVER)
        )
    return CheckedTrack(track, higher, up)


def _find_check(track: FaceTrack) -> BrowCheck | None:
    """By the most neutral frame; None where nobody is seen, or no picture was kept."""
    if not track.seen.any():
        return None
    indices, faces = sampled(track)
    neutral = find_neutral(faces)
    assert neutral is not None
    index = int(indices[neutral])
    strip = track.brows(index, index + 1)[0]
    if strip is None:
        return None
    return BrowCheck(read_face(strip.face(faces[neutral])), strip.pixels)
