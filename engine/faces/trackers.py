"""Makes the tracker that the user asked for by name."""

from pathlib import Path
from typing import Literal, TypeAlias, get_args

from engine.faces.face import Tracker
from engine.faces.mediapipe_tracker import MediaPipeTracker
from engine.faces.mesh_tracker import MeshTracker

TrackerName: TypeAlias = Literal["mesh", "mediapipe"]
"""mesh: the default, in the package. mediapipe: an extra, with a model file of the user's."""

TRACKERS: tuple[TrackerName, ...] = get_args(TrackerName)


def make_tracker(name: TrackerName = "mesh", *, task: Path | None = None) -> Tracker:
    """A tracker for one stream of pictures; `task` is the mediapipe tracker's model file."""
    if name == "mesh" and task is None:
        return MeshTracker()
    if name == "mesh":
        raise ValueError(f"the tracker mesh has no model file to choose, got task={task}")
    if name == "mediapipe":
        return MediaPipeTracker(task)
    raise ValueError(f"the tracker must be one of {', '.join(TRACKERS)}, got {name!r}")
