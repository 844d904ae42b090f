"""The job of `understudy live`: what was asked for, whether it can end well, and what was done."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from engine.errors import InputError, OutputError
from engine.faces.face import Tracker
from engine.framing import Framing
from engine.motion import Edit
from stream.files.clip_writer import check_output
from stream.files.growing_file import tell_left_behind
from stream.files.motion_file import check_motion_output
from stream.files.motion_layout import FAMILY
from stream.live.lips import LipsSource
from stream.session.portraits import FacePicture, fitted, open_portrait


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveJob:
    """What to run, as the user asked for it."""

    camera: str
    """auto, a device, a clip, or an rtsp://, rtmp:// or http:// address."""
    portraits: Sequence[Path]
    """Up to nine, one for each of the keys 1-9; the first is shown first."""
    virtual_camera: str | None = None
    """The device, `auto`, or none."""
    preview: bool = False
    out: Path | None = None
    record_motion: Path | None = None
    family: str = FAMILY
    """Of the model, whose motion file is written."""
    edit: Edit = field(default_factory=Edit)
    framing: Framing = "full"
    size: int = 512
    """Shorter side of the result, in pixels."""
    adapts: bool = True
    """Render smaller pictures, enlarged, where the machine is too slow."""
    loop: bool = False
    """Run a clip again and again."""
    lips: LipsSource | None = None
    """Where the lips come from besides the driver's face."""
    force: bool = False
    """Replace files that exist."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveReport:
    """What was done."""

    frames: int
    drops: int
    written: int
    """Frames in the file."""
    recorded: int
    """Motions in the motion file."""
    returns: int
    """How often the source died and came back."""


def check_job(job: LiveJob) -> None:
    """Refuse what cannot end well before a camera is opened."""
    if not (job.virtual_camera or job.preview or job.out or job.record_motion):
        raise InputError(
            "nothing would be shown: add --virtual-camera, --preview or --out FILE (or several)."
        )
    if len(job.portraits) > 9:
        raise InputError(f"the keys 1-9 choose portraits, and {len(job.portraits)} were given.")
    if job.out is not None:
        check_output(job.out, force=job.force)
    if job.record_motion is not None:
        check_motion_output(job.record_motion, force=job.force)
    for path in (job.out, job.record_motion):
        if path is not None:
            tell_left_behind(path.parent)
        is_read = path is not None and path.exists() and Path(job.camera).exists()
        if is_read and path is not None and path.samefile(job.camera):
            raise OutputError(f"{path} is read by this run itself. Choose another output.")


def open_portraits(job: LiveJob, tracker: Tracker) -> list[FacePicture]:
    """All of one size, so that one can take another's place at once; their notes are of that.

    The first one says how large the output is, the others fit into it.
    """
    if not job.portraits:
        raise ValueError("at least one portrait is needed")
    made: list[FacePicture] = []
    for path in job.portraits:
        canvas = made[0].size if made else None
        made.append(fitted(open_portrait(path, tracker), job.framing, job.size, canvas))
    return made
