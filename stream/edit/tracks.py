"""The faces of a clip that was read, person by person; landmarks come from the disk when needed."""

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.faces.brow_strip import BrowStrip
from engine.faces.face import LANDMARKS
from engine.faces.steady import REACH, steadied
from stream.edit.analysis import chunk
from stream.edit.workplace import read_arrays

KEPT = 3
"""Files of ten seconds kept in memory, about 4 MB of landmarks and 2.5 of brows each and face."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody in the clip."""

    number: int
    """The finder's own."""
    frames: int
    first_s: float
    """When they are first seen."""
    side_px: float
    """Mean height of the face."""


class Tracks:
    """What `analysis.py` has read of one clip."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        whole = read_arrays(folder / "size.npz")
        self.size: tuple[int, int] = (int(whole["size"][0]), int(whole["size"][1]))
        """Height and width of the pictures."""
        self._chunks: OrderedDict[int, dict[str, NDArray[Any]]] = OrderedDict()
        times, ticks, shots, looked, owners, heights = [], [], [], [], [], []
        self._starts = [0]
        for number in range(int(whole["chunks"])):
            arrays = read_arrays(chunk(folder, number))
            times.append(arrays["times_s"])
            ticks.append(arrays["ticks"])
            shots.append(arrays["shots"])
            looked.append(arrays["looked"])
            owners.append(np.column_stack([arrays["frame"] + self._starts[-1], arrays["person"]]))
            heights.append(np.ptp(arrays["landmarks"][:, :468, 1], axis=1))
            self._starts.append(self._starts[-1] + len(arrays["ticks"]))
        self.times_s: NDArray[np.float64] = np.concatenate(times)
        self.ticks: NDArray[np.int64] = np.concatenate(ticks)
        self.shots: NDArray[np.int64] = np.concatenate(shots)
        self.looked: NDArray[np.bool_] = np.concatenate(looked)
        """(N,) whether anybody looked for faces there."""
        self._owners: NDArray[np.int64] = np.concatenate(owners).reshape(-1, 2).astype(np.int64)
        self._heights: NDArray[np.float64] = np.concatenate(heights)

    @property
    def frames(self) -> int:
        """How many pictures the clip has."""
        return len(self.ticks)

    def people(self) -> list[Person]:
        """Everybody, who is seen longest and largest first."""
        found = []
        for number in np.unique(self._owners[:, 1]).tolist():
            own = self._owners[:, 1] == number
            found.append(
                Person(
                    number=int(number),
                    frames=int(np.count_nonzero(own)),
                    first_s=float(self.times_s[self._owners[own][0, 0]]),
                    side_px=float(self._heights[own].mean()),
                )
            )
        return sorted(found, key=lambda person: -person.frames * person.side_px)

    def track(self, person: int) -> "PersonTrack":
        """One person's faces."""
        frames = self._owners[self._owners[:, 1] == person, 0]
        return PersonTrack(self, person, frames)

    def raw(self, person: int, begin: int, end: int) -> NDArray[np.float32]:
        """(end - begin, 478, 3) px as tracked; NaN where the person is not seen."""
        found = np.full((end - begin, LANDMARKS, 3), np.nan, np.float32)
        for arrays, own, places in self._seen(person, begin, end):
            found[places] = arrays["landmarks"][own]
        return found

    def brows(self, person: int, begin: int, end: int) -> list[BrowStrip | None]:
        """What they look like; None where the person is not seen."""
        found: list[BrowStrip | None] = [None] * (end - begin)
        for arrays, own, places in self._seen(person, begin, end):
            for row, place in zip(own.tolist(), places.tolist(), strict=True):
                scale, x, y = arrays["brows_map"][row].tolist()
                found[place] = BrowStrip(grey=arrays["brows"][row], scale=scale, shift=(x, y))
        return found

    def _seen(
        self, person: int, begin: int, end: int
    ) -> Iterator[tuple[dict[str, NDArray[Any]], NDArray[np.int64], NDArray[np.int64]]]:
        """File by file: what it holds, the person's rows in it, their frames after `begin`."""
        first = int(np.searchsorted(self._starts, begin, side="right")) - 1
        for number in range(first, len(self._starts) - 1):
            start = self._starts[number]
            if start >= end:
                break
            arrays = self._chunk(number)
            frames = arrays["frame"] + start
            own = np.flatnonzero((arrays["person"] == person) & (frames >= begin) & (frames < end))
            yield arrays, own, np.asarray(frames[own] - begin, np.int64)

    def _chunk(self, number: int) -> dict[str, NDArray[Any]]:
        arrays = self._chunks.pop(number, None)
        if arrays is None:
            arrays = read_arrays(chunk(self._folder, number))
        self._chunks[number] = arrays
        while len(self._chunks) > KEPT:
            self._chunks.popitem(last=False)
        return arrays


class PersonTrack:
    """Keeps `engine.editing.FaceTrack`."""

    def __init__(self, tracks: Tracks, person: int, frames: NDArray[np.int64]) -> None:
        self._tracks = tracks
        self._person = person
        self.seen: NDArray[np.bool_] = np.zeros(tracks.frames, np.bool_)
        self.seen[frames] = True

    @property
    def times_s(self) -> NDArray[np.float64]:
        """(N,) after the first frame."""
        return self._tracks.times_s

    @property
    def shots(self) -> NDArray[np.int64]:
        """(N,) of each frame."""
        return self._tracks.shots

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the pictures."""
        return self._tracks.size

    def landmarks(self, begin: int, end: int) -> NDArray[np.float32]:
        """(end - begin, 478, 3) px with a steady head; NaN where the person is not seen."""
        low, high = max(0, begin - REACH), min(self._tracks.frames, end + REACH)
        raw = self._tracks.raw(self._person, low, high)
        steady = steadied(raw, self._tracks.shots[low:high])
        return steady[begin - low : end - low]

    def brows(self, begin: int, end: int) -> list[BrowStrip | None]:
        """What the brows of these frames look like; None where the person is not seen."""
        return self._tracks.brows(self._person, begin, end)
