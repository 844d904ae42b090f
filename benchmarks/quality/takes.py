"""A clip as square pictures with their faces, and what of it is a portrait, what drives."""

from collections import deque
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from benchmarks.squares import cut_square, square_around
from engine.appearances import Appearance
from engine.errors import InputError
from engine.faces.clip_neutral import find_neutral
from engine.faces.face import Face
from engine.faces.mesh_tracker import MeshTracker
from engine.frame import Pixels
from engine.rig.bank.cutting import cut
from engine.rig.bank.selection import select
from stream.files.clips import Clip
from stream.files.sound_file import samples_of

Protocol: TypeAlias = Literal["ours", "dpe"]

DPE_FRAMES = 400
"""The paper drives the last 400 frames of a video by its first, and others by the first 400."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Shown:
    """One frame of a clip with a face."""

    picture: Pixels
    face: Face
    captured_ns: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Drive:
    """A portrait and the frames that drive it."""

    name: str
    picture: Pixels
    face: Face
    appearances: tuple[Appearance, ...] = ()
    neutral: Shown
    """What the driver is calibrated by."""
    frames: list[Shown]
    rate: float
    """Frames per second of the clip."""
    stride: int = 1
    """Every n-th frame is shown; the driver sees all."""
    samples: NDArray[np.float32] | None = None
    """The clip's sound at 16 kHz from its first picture on; None where it has none."""

    def thinned(self) -> "Drive":
        """The frames that are shown."""
        return replace(self, frames=self.frames[:: self.stride])


def same_person(
    path: Path,
    size: int,
    *,
    protocol: Protocol,
    most: int,
    stride: int = 1,
    enrolled: bool = False,
) -> Drive:
    """A clip's own face, driven by the clip.

    `dpe`: the first frame is the portrait, the last `most` drive it. `ours`: of the first
    `2 most` frames the first half has the portrait, its neutral frame; the second half drives.
    `enrolled`: what the first half shows further belongs to the portrait, too.

    Raises:
        InputError: the clip has too few frames with a face.
    """
    if protocol == "dpe":
        first, *driven = _read(path, size, first=1, last=most)
        return _drive(path, first, first, driven, stride)
    seen = _read(path, size, first=2 * most)
    own, driven = seen[: len(seen) // 2], seen[len(seen) // 2 :]
    start = own[_neutral(own)]
    drive = _drive(path, start, start, driven, stride)
    return replace(drive, appearances=_appearances(own, start)) if enrolled else drive


def other_person(portrait: "Sitter", path: Path, size: int, *, most: int, stride: int = 1) -> Drive:
    """A portrait driven by the first `most` frames of a clip; their neutral one calibrates."""
    driven = _read(path, size, first=most)
    drive = _drive(path, driven[0], driven[_neutral(driven)], driven, stride)
    name = f"{portrait.name} by {path.stem}"
    return replace(drive, name=name, picture=portrait.picture, face=portrait.face)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sitter:
    """A portrait's picture, at the output's size."""

    name: str
    picture: Pixels
    face: Face


def _drive(path: Path, portrait: Shown, neutral: Shown, driven: list[Shown], stride: int) -> Drive:
    clip = Clip(path)
    return Drive(
        name=path.stem,
        picture=portrait.picture,
        face=portrait.face,
        neutral=neutral,
        frames=driven,
        rate=float(clip.rate),
        stride=stride,
        samples=_sound(clip),
    )


def _read(path: Path, size: int, *, first: int, last: int = 0) -> list[Shown]:
    """The first frames with a face, and the last; all are tracked, as they would be live."""
    tracker = MeshTracker()
    begin: list[Shown] = []
    end: deque[Shown] = deque(maxlen=last)
    square: tuple[int, int, int] | None = None
    for frame in Clip(path).frames():
        face = tracker.find(frame.pixels, frame.captured_ns)
        if face is None or not face.is_plausible:
            continue
        square = square or square_around(frame.pixels.shape[:2], face)
        left, top, side = square
        scale = size / side
        shown = Shown(
            picture=cut_square(frame.pixels, left, top, side, size),
            face=face.moved(scale, (-left * scale, -top * scale)),
            captured_ns=frame.captured_ns,
        )
        if len(begin) < first:
            begin.append(shown)
        elif last:
            end.append(shown)
        else:
            break
    found = [*begin, *end]
    if len(found) < 2:
        raise InputError(f"{path} has {len(found)} frames with a face: take it out of the folder.")
    return found


def _neutral(frames: list[Shown]) -> int:
    found = find_neutral([frame.face for frame in frames])
    assert found is not None  # each has a face
    return found


def _appearances(frames: list[Shown], start: Shown) -> tuple[Appearance, ...]:
    """What some frames show of a person further, as `understudy enroll` keeps it."""
    chosen = select([frame.face for frame in frames], start.face)
    return tuple(
        cut(part, frames[k].picture, frames[k].face, portrait=start.picture, own=start.face)
        for part, kept in chosen.items()
        for k in kept
    )


def _sound(clip: Clip) -> NDArray[np.float32] | None:
    with clip.sound() as sound:
        if sound is None:
            return None
        pieces = list(samples_of(sound))
    return np.concatenate(pieces) if pieces else None
