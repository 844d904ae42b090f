"""The optional tracker: MediaPipe's own Face Landmarker, for those who have it.

It smooths landmarks over time and follows whichever face it is surest of; it needs two to three
times as long as the default tracker, and a model file that we may not ship.
"""

import hashlib
import importlib
import logging
import weakref
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from engine.errors import MachineError
from engine.faces.face import Face
from engine.faces.identity import Identity
from engine.faces.iris import with_irises
from engine.folders import user_cache
from engine.frame import Pixels
from engine.installing import install_extra

logger = logging.getLogger(__name__)

TASK = "face_landmarker.task"
TASK_URL = (
    "https://storage.googleapis.com/mediapipe-models/face_landmarker/face_landmarker/"
    f"float16/1/{TASK}"
)
TASK_SHA256 = "64184e229b263107bc2b804c6625db1341ff2bb731874b0bcc2fe6544e0bc9ff"

FRAME_MS = 33
"""MediaPipe smooths by time and a tracker is told none: every picture counts as 1/30 s."""


class MediaPipeTracker:
    """Finds one face; the same points in the same places as the default tracker."""

    def __init__(self, task: Path | None = None) -> None:
        """`task`: the model file; without one, that in the user's cache."""
        # MediaPipe keeps the stack of whoever imports it, and all that lies on it, for ever. The
        # stack of a thread is short.
        with ThreadPoolExecutor(1) as thread:
            self._mediapipe, self._vision = thread.submit(_import).result()
        self._task = find_task(task)
        self._landmarker = self._open()
        self._identity = Identity()
        self._now_ms = 0

    def find(self, picture: Pixels, now_ns: int | None = None) -> Face | None:
        """The face in the picture; None where there is none, or somebody else's."""
        self._identity.see(picture, now_ns)
        face = self._find(picture)
        named = None if face is None else self._identity.named(picture, face)
        self._identity.note(picture, named)
        return named

    def reset(self) -> None:
        """Forget the last face: the next picture is searched as if it were the first."""
        self._identity.reset()
        self._close()
        self._landmarker = self._open()

    def _find(self, picture: Pixels) -> Face | None:
        image = self._mediapipe.Image(
            image_format=self._mediapipe.ImageFormat.SRGB, data=np.ascontiguousarray(picture)
        )
        self._now_ms += FRAME_MS
        faces = self._landmarker.detect_for_video(image, self._now_ms).face_landmarks
        if not faces:
            return None
        height, width = picture.shape[:2]
        places = np.array([(point.x, point.y, point.z) for point in faces[0]], np.float32)
        places *= np.array([width, height, width], np.float32)
        # MediaPipe keeps its presence score to itself; it has passed its own threshold.
        if not np.isfinite(places).all():
            return None
        return with_irises(picture, Face(landmarks=places, confidence=1.0))

    def _open(self) -> Any:  # noqa: ANN401 (MediaPipe has no types)
        vision = self._vision
        options = vision.FaceLandmarkerOptions(
            base_options=self._mediapipe.tasks.BaseOptions(model_asset_path=str(self._task)),
            running_mode=vision.RunningMode.VIDEO,
            num_faces=1,
        )
        try:
            landmarker = vision.FaceLandmarker.create_from_options(options)
        except (RuntimeError, ValueError) as error:
            raise MachineError(
                f"MediaPipe cannot use {self._task} ({error}): {_where_to_get_it()}"
            ) from error
        # Not left to the collector: at the end of the program its own closing fails, noisily.
        self._close = weakref.finalize(self, landmarker.close)
        self._close.atexit = False
        return landmarker


def find_task(task: Path | None) -> Path:
    """The model file the user named, or the one in the user's cache."""
    path = task or user_cache() / TASK
    try:
        content = path.read_bytes()
    except OSError as error:
        raise MachineError(
            f"the mediapipe tracker needs {TASK}; {path} cannot be read ({error.strerror}): "
            f"{_where_to_get_it()}"
        ) from error
    if hashlib.sha256(content).hexdigest() != TASK_SHA256:
        logger.warning("%s is not the file the tracker was tested with: %s", path, TASK_SHA256)
    return path


def _import() -> tuple[Any, Any]:
    """MediaPipe and its vision tasks; imported only here, because it takes a second."""
    try:
        return (
            importlib.import_module("mediapipe"),
            importlib.import_module("mediapipe.tasks.python.vision"),
        )
    except ImportError as error:
        raise MachineError(
            f"the mediapipe tracker needs MediaPipe ({error}): "
            f"run `{install_extra('mediapipe')}`, or use the tracker mesh"
        ) from error


def _where_to_get_it() -> str:
    return (
        f"download {TASK_URL} (SHA-256 {TASK_SHA256}, Apache-2.0) to {user_cache() / TASK}, "
        "or name the file, or use the tracker mesh"
    )
