"""One edit in memory, as `understudy edit` plans and makes it, for the benchmark's measures."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.editing import FaceTrack, Patch
from engine.faces.face import Face
from engine.faces.several import SeveralFaces
from engine.frame import Pixels
from engine.progress import Silence
from engine.rig.edit.editor import RigEditor
from stream.edit.asked import Driving, EditJob
from stream.edit.film import Film
from stream.edit.keys import Keys, Range
from stream.edit.planes import planes_of
from stream.edit.planning import Planned, plan
from stream.edit.rendering import Retoucher
from stream.edit.tracks import Tracks
from stream.edit.workplace import Workplace, key_of, key_of_clip

SECONDS = 4.8
"""Of a clip that are looked at."""
STILL = [Driving(source=None, sliders={"jawOpen": 0.0})]
"""A face at rest, for what is left of the source when nothing is asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Of the result file: its lines, and the numbers in them."""

    lines: Sequence[str]
    figures: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Made:
    """One frame before and after."""

    index: int
    own: Pixels
    new: Pixels
    patches: Sequence[Patch]
    mask: NDArray[np.float32]
    """(H, W) of all patches."""
    outside: int
    """Samples of the planes that differ outside the mask; must be 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """An edit that was planned."""

    planned: Planned
    retoucher: Retoucher
    facts: Mapping[str, float] = field(default_factory=dict)

    def made(self, indices: Sequence[int]) -> Iterator[Made]:
        """These frames, by growing number."""
        wanted = set(indices)
        film = self.planned.film
        ticks = self.planned.tracks.ticks.tolist()
        for frame in film.frames_from(min(indices), ticks):
            if frame.index in wanted:
                own = film.pixels(frame.picture)
                before = [plane.copy() for plane in planes_of(frame.picture)]
                self.retoucher.fetch(frame.index, frame.index + 1)
                found = self.retoucher.patches(frame)
                self.retoucher.finished(frame, found)
                patches = list(found.values())
                mask = _mask(patches, own.shape[:2])
                yield Made(
                    index=frame.index,
                    own=own,
                    new=film.pixels(frame.picture),
                    patches=patches,
                    mask=mask,
                    outside=_outside(before, planes_of(frame.picture), mask),
                )
            if frame.index >= max(indices):
                return


def planned(
    place: Path,
    source: Path,
    drivings: Sequence[Driving],
    *,
    end_s: float | None = None,
    **asked: object,
) -> Run:
    """Plan an edit; what was read of the clips stays in `place` for the next one."""
    job = EditJob(
        source=source,
        drivings=drivings,
        out=place / f"{source.stem}.mkv",
        **{"keys": Keys(range=Range(end_s=end_s)), **asked},  # type: ignore[arg-type]
    )
    with Workplace(job.out) as room:
        found = plan(job, Film(source), room, RigEditor(), SeveralFaces, Silence(), Event())
    return Run(
        planned=found, retoucher=Retoucher(found), facts=next(iter(found.plans.values())).facts
    )


def indices(run: Run, every: int) -> list[int]:
    """Frames of the first seconds."""
    times = run.planned.tracks.times_s
    return [index for index in range(0, len(times), every) if times[index] < SECONDS]


def track_of(run: Run) -> FaceTrack:
    """The face that is edited."""
    return run.planned.tracks.track(run.planned.people[0].number)


def driver_track(place: Path, driver: Path) -> FaceTrack:
    """The driver's face, as the last plan with it has read it."""
    folder = next(place.glob(f"*.edit/driver0-{key_of('driver', key_of_clip(driver))}"))
    tracks = Tracks(folder)
    return tracks.track(tracks.people()[0].number)


def face_of(track: FaceTrack, index: int) -> Face:
    """A frame's."""
    return Face(landmarks=track.landmarks(index, index + 1)[0], confidence=1.0)


def tracked(pictures: Sequence[Pixels]) -> list[Face | None]:
    """The first face of each picture, by a fresh tracker."""
    finder = SeveralFaces()
    return [next(iter(finder.find(picture)), None) for picture in pictures]


def _mask(patches: Sequence[Patch], size: tuple[int, ...]) -> NDArray[np.float32]:
    mask = np.zeros(size, np.float32)
    for patch in patches:
        left, top, right, bottom = patch.box
        mask[top:bottom, left:right] = np.maximum(mask[top:bottom, left:right], patch.mask)
    return mask


def _outside(
    before: Sequence[NDArray[np.integer]],
    after: Sequence[NDArray[np.integer]],
    mask: NDArray[np.float32],
) -> int:
    """Of upright films only."""
    count = int(((before[0] != after[0]) & (mask <= 0.0)).sum())
    rows, columns = before[1].shape
    down, across = mask.shape[0] // rows, mask.shape[1] // columns
    # A chroma sample is weighed from its pixels and one beside them.
    near = np.pad(mask[: rows * down, : columns * across], ((0, 0), (1, 1)))
    widest = np.maximum(np.maximum(near[:, :-2], near[:, 1:-1]), near[:, 2:])
    cells = widest.reshape(rows, down, columns, across).max(axis=(1, 3))
    for one, other in zip(before[1:], after[1:], strict=True):
        count += int(((one != other) & (cells <= 0.0)).sum())
    return count
