"""Reads a clip once: when each picture is shown, and every face in it. Ten seconds a file.

Where it was broken off, it goes on with the next ten seconds, as if nothing had happened: what the
tracker knew stands in the file before.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from engine.faces.brow_strip import HEIGHT, WIDTH, BrowStrip, Grey, strip_of
from engine.faces.face import LANDMARKS, Face
from engine.frame import Pixels
from engine.progress import Progress
from stream.edit.film import Film, FilmFrame
from stream.edit.glance import Span, film_parts, is_in
from stream.edit.workplace import SEGMENT_S, read_arrays, write_arrays
from stream.files.bounded_queue import ahead
from stream.files.clips import Clip

AHEAD = 3
"""Pictures decoded beforehand; one of 4K has 25 MB."""
TIMED = 25
"""Of a driver's pictures that nobody looks at, one of so many tells the time."""


class FaceFinder(Protocol):
    """Finds all faces of a stream; see `engine/faces/several.py`."""

    def find(self, picture: Pixels) -> list[Face]:
        """The faces of the next picture."""
        ...

    def state(self) -> dict[str, NDArray[Any]]:
        """All it knows."""
        ...

    def restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Go on from there."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Seen:
    """A picture on its way to the finder."""

    tick: int
    """The film's own time of it; counts frames where there is none."""
    time_s: float
    pixels: Pixels | None
    """None where nobody looks."""


class StoppedError(Exception):
    """The user asked to stop; what was done so far is kept."""


def analyse_film(
    film: Film,
    folder: Path,
    make_finder: Callable[[], FaceFinder],
    progress: Progress,
    stop: Event,
    glance: tuple[Sequence[int], Sequence[Span]] | None = None,
) -> None:
    """Read the film that is edited; `glance`: all pictures' times, and the parts to look at."""

    def seen(begin: int, ticks: list[int]) -> Iterator[Seen]:
        if glance is not None:
            for number, frame in film_parts(film, *glance, begin):
                yield _unseen(film, glance[0], number) if frame is None else _seen(film, frame)
            return
        for frame in film.frames_from(begin, [*ticks]) if begin else film.frames():
            yield _seen(film, frame)

    count = film.clip.stated_frames
    if glance is not None:
        first = glance[0][0]
        count = sum(is_in(glance[1], float((t - first) * film.time_base)) for t in glance[0])
    progress.begin("reading the film", count)
    _analyse(seen, folder, make_finder, progress, stop)


def analyse_clip(
    clip: Clip,
    folder: Path,
    make_finder: Callable[[], FaceFinder],
    progress: Progress,
    stop: Event,
    parts: Sequence[Span] | None = None,
) -> None:
    """Read a driving clip, or these parts of it."""

    def seen(begin: int, ticks: list[int]) -> Iterator[Seen]:
        if parts is not None:
            yield from (each for each in _clip_parts(clip, parts) if each.tick >= begin)
            return
        for number, frame in enumerate(clip.frames()):
            if number >= begin:
                yield Seen(tick=number, time_s=frame.captured_ns / 1e9, pixels=frame.pixels)

    progress.begin("reading the driver", clip.stated_frames if parts is None else None)
    _analyse(seen, folder, make_finder, progress, stop)


def chunk(folder: Path, number: int) -> Path:
    """The file of these ten seconds."""
    return folder / f"faces-{number:05d}.npz"


def is_whole(folder: Path) -> bool:
    """Whether the clip was read to its end."""
    return (folder / "size.npz").is_file()


def _seen(film: Film, frame: FilmFrame) -> Seen:
    tick = frame.picture.pts
    assert tick is not None  # the film has seen to it
    return Seen(tick=tick, time_s=frame.time_s, pixels=film.pixels(frame.picture))


def _unseen(film: Film, ticks: Sequence[int], number: int) -> Seen:
    time_s = float((ticks[number] - ticks[0]) * film.time_base)
    return Seen(tick=ticks[number], time_s=time_s, pixels=None)


def _clip_parts(clip: Clip, parts: Sequence[Span]) -> Iterator[Seen]:
    """All pictures; those that nobody looks at are not made RGB, and their times are guessed."""
    rate, last, last_s = float(clip.rate), -1, -1.0 / float(clip.rate)

    def is_wanted(number: int) -> bool:
        return number % TIMED == 0 or is_in(parts, last_s + (number - last) / rate)

    for number, frame in clip.numbered(is_wanted):
        time_s = frame.captured_ns / 1e9
        step_s = (time_s - last_s) / (number - last)
        for between in range(last + 1, number):
            yield Seen(tick=between, time_s=time_s - (number - between) * step_s, pixels=None)
        pixels = frame.pixels if is_in(parts, time_s) else None
        yield Seen(tick=number, time_s=time_s, pixels=pixels)
        last, last_s = number, time_s


def _analyse(
    read: Callable[[int, list[int]], Iterator[Seen]],
    folder: Path,
    make_finder: Callable[[], FaceFinder],
    progress: Progress,
    stop: Event,
) -> None:
    if is_whole(folder):
        return
    finder = make_finder()
    number, ticks, state = 0, list[int](), dict[str, NDArray[Any]]()
    while chunk(folder, number).is_file():
        arrays = read_arrays(chunk(folder, number))
        ticks += arrays["ticks"].tolist()
        state = {k[6:]: v for k, v in arrays.items() if k.startswith("state_")}
        number += 1
    if state:
        finder.restore(state)
    size = (0, 0)
    found = _Found()
    with closing(ahead(_beginning(read, ticks), AHEAD)) as pictures:
        for seen in pictures:
            if stop.is_set():
                raise StoppedError
            if int(seen.time_s / SEGMENT_S + 1e-9) > number:
                write_arrays(chunk(folder, number), found.arrays(finder))
                number, found = number + 1, _Found()
                while int(seen.time_s / SEGMENT_S + 1e-9) > number:  # a picture stood so long
                    write_arrays(chunk(folder, number), found.arrays(finder))
                    number += 1
            found.add(seen, [] if seen.pixels is None else finder.find(seen.pixels))
            if seen.pixels is not None:
                size = seen.pixels.shape[0], seen.pixels.shape[1]
                progress.advance()
    if found.ticks:
        write_arrays(chunk(folder, number), found.arrays(finder))
        number += 1
    for before in range(number - 1, -1, -1):
        if size[0]:
            break  # else all had been read, and only this was missing
        size = tuple(read_arrays(chunk(folder, before))["size"].tolist())
    write_arrays(folder / "size.npz", {"size": np.array(size), "chunks": np.array(number)})


def _beginning(
    read: Callable[[int, list[int]], Iterator[Seen]], ticks: list[int]
) -> Iterator[Seen]:
    """The pictures after those that were read before."""
    if not ticks:
        yield from read(0, ticks)
        return
    # From the last one that is known: the next one's own time is not.
    for seen in read(len(ticks) - 1, ticks):
        if seen.tick > ticks[-1]:
            yield seen


class _Found:
    """What ten seconds show."""

    def __init__(self) -> None:
        self.ticks: list[int] = []
        self._times: list[float] = []
        self._looked: list[bool] = []
        self._shots: list[int] = []
        self._faces: list[tuple[int, Face]] = []
        self._brows: list[BrowStrip] = []
        self._size = (0, 0)

    def add(self, seen: Seen, faces: list[Face]) -> None:
        index = len(self.ticks)
        self.ticks.append(seen.tick)
        self._times.append(seen.time_s)
        self._looked.append(seen.pixels is not None)
        self._shots.append(faces[0].shot if faces else -1)
        if seen.pixels is not None:
            self._faces += [(index, face) for face in faces]
            self._brows += [strip_of(seen.pixels, face) for face in faces]
            self._size = seen.pixels.shape[0], seen.pixels.shape[1]

    def arrays(self, finder: FaceFinder) -> dict[str, NDArray[Any]]:
        landmarks = [face.landmarks for _, face in self._faces]
        state = finder.state()
        # A picture without faces belongs to the shot that goes on.
        shot = int(state["numbers"][0]) if "numbers" in state else 0
        shots = np.array(self._shots, np.int64)
        for index in range(len(shots) - 1, -1, -1):
            shot = shot if shots[index] < 0 else int(shots[index])
            shots[index] = shot
        return {
            "ticks": np.array(self.ticks, np.int64),
            "times_s": np.array(self._times, np.float64),
            "shots": shots,
            "looked": np.array(self._looked, np.bool_),
            "frame": np.array([index for index, _ in self._faces], np.int64),
            "person": np.array([face.person for _, face in self._faces], np.int64),
            "confidence": np.array([face.confidence for _, face in self._faces], np.float32),
            "landmarks": np.array(landmarks, np.float32).reshape(-1, LANDMARKS, 3),
            "brows": _stacked([strip.grey for strip in self._brows]),
            "brows_map": np.array(
                [(strip.scale, *strip.shift) for strip in self._brows], np.float64
            ).reshape(-1, 3),
            "size": np.array(self._size, np.int64),
            **{f"state_{name}": array for name, array in state.items()},
        }


def _stacked(greys: list[Grey]) -> NDArray[np.uint8]:
    """(faces, HEIGHT, WIDTH), also of none."""
    return np.array(greys, np.uint8).reshape(-1, HEIGHT, WIDTH)
