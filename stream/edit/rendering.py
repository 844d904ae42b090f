"""Retouches a planned film, frame by frame and ten seconds at a time, in constant memory."""

from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from threading import Event

import numpy as np
from numpy.typing import NDArray

from engine.editing import Box, Cut, Patch
from engine.frame import Pixels
from engine.progress import Progress
from engine.stats import StageTimes, timed
from stream.edit import planes
from stream.edit.analysis import StoppedError
from stream.edit.encoders import Encoding
from stream.edit.film import FilmFrame
from stream.edit.planning import Planned
from stream.edit.segments import piece, write_piece
from stream.edit.workplace import SEGMENT_S, read_arrays, write_arrays
from stream.files.bounded_queue import ahead

AHEAD = 4
"""Pictures decoded before they are retouched."""
CUTS_KEPT = 32
"""Lenders' cuts in memory, about a megabyte each at 1080p."""
NEAR = 200
"""Frames that are decoded on the way to a lender rather than sought."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """What was done in all pieces."""

    pieces: Sequence[Path]
    changed: int
    covered: Mapping[int, NDArray[np.float32]]
    """The number of a face -> (N,) share of it before which something lies."""


class Retoucher:
    """Retouches single frames; holds what they borrow."""

    def __init__(self, planned: Planned, times: StageTimes | None = None) -> None:
        self._planned = planned
        self._film = planned.film
        self._cuts: dict[int, OrderedDict[int, Cut]] = {
            face: OrderedDict() for face in planned.plans
        }
        self.times = times or StageTimes()

    def fetch(self, begin: int, end: int) -> None:
        """Have at hand what these frames borrow."""
        wanted: dict[int, list[int]] = {}
        for face, plan in self._planned.plans.items():
            cuts = self._cuts[face]
            for index in plan.lenders(begin, end):
                if index in cuts:
                    cuts.move_to_end(index)
                else:
                    wanted.setdefault(index, []).append(face)
        for index, pixels in self._pictures(sorted(wanted)):
            for face in wanted[index]:
                box = self._planned.plans[face].region(index)
                assert box is not None  # a lender shows the face
                self._cuts[face][index] = _cut(pixels, box)
        for face, plan in self._planned.plans.items():
            needed, cuts = set(plan.lenders(begin, end)), self._cuts[face]
            for index in [index for index in cuts if index not in needed]:
                if len(cuts) <= CUTS_KEPT:
                    break
                del cuts[index]

    def patches(self, frame: FilmFrame) -> dict[int, Patch]:
        """What becomes of a frame whose lenders were fetched, by the number of the face."""
        regions = {
            face: box
            for face, plan in self._planned.plans.items()
            if (box := plan.region(frame.index)) is not None
        }
        if not regions:
            return {}
        took: dict[str, int] = {}
        with timed(took, "to RGB"):
            pixels = self._film.pixels(frame.picture)
        found: dict[int, Patch] = {}
        with timed(took, "retouch"):
            for face, box in regions.items():
                plan = self._planned.plans[face]
                patch = plan.retouch(frame.index, _cut(pixels, box), self._cuts[face])
                if patch is not None:
                    found[face] = patch
        self.times.add(took)
        return found

    def finished(self, frame: FilmFrame, patches: Mapping[int, Patch]) -> FilmFrame:
        """The frame with the patches in its planes."""
        took: dict[str, int] = {}
        film = self._film
        with timed(took, "to planes"):
            planes.apply(
                frame.picture, list(patches.values()), film.layout, film.orientation, film.size
            )
        self.times.add(took)
        return frame

    def _pictures(self, indices: Sequence[int]) -> Iterator[tuple[int, Pixels]]:
        """Some frames of the film, by growing number."""
        ticks = self._planned.tracks.ticks.tolist()
        position = 0
        while position < len(indices):
            last = position
            while last + 1 < len(indices) and indices[last + 1] - indices[last] <= NEAR:
                last += 1
            group = set(indices[position : last + 1])
            with closing(self._film.frames_from(indices[position], ticks)) as frames:
                for frame in frames:
                    if frame.index in group:
                        yield frame.index, self._film.pixels(frame.picture)
                    if frame.index >= indices[last]:
                        break
            position = last + 1


def render(
    planned: Planned,
    folder: Path,
    encoding: Encoding,
    progress: Progress,
    stop: Event,
    times: StageTimes,
) -> Rendered:
    """Write all pieces that are not there yet.

    Raises:
        StoppedError: the user asked to stop; whole pieces stay.
    """
    retoucher = Retoucher(planned, times)
    spans = _spans(planned.tracks.times_s)
    progress.begin("retouching", planned.tracks.frames)
    pieces, changed = list[Path](), 0
    covered = {face: np.zeros(planned.tracks.frames, np.float32) for face in planned.plans}
    for number, (begin, end) in enumerate(spans):
        path = piece(folder, number)
        record = path.with_suffix(".npz")
        if not (path.is_file() and record.is_file()):
            _write(planned, retoucher, encoding, path, begin, end, progress, stop)
        else:
            for _ in range(begin, end):
                progress.advance()
        arrays = read_arrays(record)
        changed += int(arrays["changed"].sum())
        for face, shares in covered.items():
            shares[begin:end] = arrays[f"covered_{face}"]
        pieces.append(path)
    return Rendered(pieces=pieces, changed=changed, covered=covered)


def _write(
    planned: Planned,
    retoucher: Retoucher,
    encoding: Encoding,
    path: Path,
    begin: int,
    end: int,
    progress: Progress,
    stop: Event,
) -> None:
    """One piece, and what is to be told of it."""
    retoucher.fetch(begin, end)
    changed = np.zeros(end - begin, np.bool_)
    covered = {face: np.zeros(end - begin, np.float32) for face in planned.plans}

    def frames() -> Iterator[FilmFrame]:
        ticks = planned.tracks.ticks.tolist()
        with closing(ahead(planned.film.frames_from(begin, ticks), AHEAD)) as decoded:
            for frame in decoded:
                if frame.index >= end:
                    return
                if stop.is_set():
                    raise StoppedError
                patches = retoucher.patches(frame)
                changed[frame.index - begin] = bool(patches)
                for face, patch in patches.items():
                    covered[face][frame.index - begin] = patch.covered
                yield retoucher.finished(frame, patches)
                progress.advance()

    write_piece(path, planned.film, encoding, frames())
    write_arrays(
        path.with_suffix(".npz"),
        {"changed": changed, **{f"covered_{face}": shares for face, shares in covered.items()}},
    )


def _spans(times_s: NDArray[np.float64]) -> list[tuple[int, int]]:
    """First frame and last + 1 of each ten seconds that have one."""
    number = (times_s / SEGMENT_S + 1e-9).astype(int)
    edges = np.flatnonzero(np.diff(number)) + 1
    return list(zip([0, *edges.tolist()], [*edges.tolist(), len(times_s)], strict=True))


def _cut(pixels: Pixels, box: Box) -> Cut:
    left, top, right, bottom = box
    return Cut(pixels=np.ascontiguousarray(pixels[top:bottom, left:right]), corner=(left, top))
