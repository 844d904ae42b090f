"""A model before a drive: its pictures, and the faces that a tracker finds in them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.quality.takes import Drive
from engine.faces.face import Face
from engine.faces.mesh_tracker import MeshTracker
from engine.frame import Pixels
from engine.model import Model
from engine.motion import MODES, Edit, Mode

STILL = "still picture"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Played:
    """One row: what was shown at each driving frame."""

    name: str
    pictures: list[Pixels]
    faces: list[Face | None]
    """None where no face is found any more."""


def play(model: Model[Any], drive: Drive, modes: Sequence[Mode] = MODES) -> dict[str, Played]:
    """The still picture's row, then one for each mode that the portrait can be shown in.

    The driver reads all frames; rows are of those of `drive.thinned()`.
    """
    portrait = model.enroll(drive.picture, drive.face, drive.appearances)
    driver = model.driver()
    driver.calibrate(drive.neutral.picture, drive.neutral.face)
    motions = [driver.read(frame.picture, frame.face, frame.captured_ns) for frame in drive.frames]
    shown, motions = drive.thinned(), motions[:: drive.stride]
    still = [drive.picture] * len(motions)
    rows = {STILL: Played(name=STILL, pictures=still, faces=[drive.face] * len(motions))}
    for mode in (mode for mode in modes if mode in portrait.modes):
        stream, edit = portrait.for_stream(), Edit(mode=mode)
        pictures = [stream.render(motion, edit) for motion in motions]
        rows[mode] = Played(name=mode, pictures=pictures, faces=tracked(pictures, shown))
    return rows


def tracked(pictures: Sequence[Pixels], drive: Drive) -> list[Face | None]:
    """The face of each picture, followed from one to the next."""
    tracker = MeshTracker()
    found = [
        tracker.find(picture, frame.captured_ns)
        for picture, frame in zip(pictures, drive.frames, strict=True)
    ]
    return [face if face is not None and face.is_plausible else None for face in found]
