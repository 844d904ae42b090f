"""A picture, a clip or a sound becomes a performance: it is read once, and then replays.

For families that read factors off pictures without a neutral face. Whoever takes several factors
from one file takes them from one performance.
"""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Generic

import numpy as np
from numpy.typing import NDArray

from engine.errors import InputError
from engine.faces.face import Tracker
from engine.model import MotionT, ReadsAhead, Recording
from engine.motion import Factor
from engine.pictures import NotAPictureError, open_picture
from engine.progress import Progress, Silence
from engine.speech.mel import log_mel
from stream.files.clips import Clip
from stream.files.motion_file import is_motion_file
from stream.files.motion_reader import load_motion
from stream.files.sound_file import SoundFile, is_sound_file, samples_of
from stream.render.look_ahead import FACE_ADVICE

STILL_RATE = Fraction(25)
"""Of a performance that is one picture: it lasts, whatever its rate."""


class Performances(Generic[MotionT]):
    """The files that factors come from, each read when it is first asked for."""

    def __init__(
        self,
        model: ReadsAhead[MotionT],
        *,
        family: str,
        make_tracker: Callable[[], Tracker],
        progress: Progress | None = None,
    ) -> None:
        self._model, self._family = model, family
        self._make_tracker = make_tracker
        self._progress = progress or Silence()
        self._seen: dict[Path, Recording[MotionT]] = {}
        self._heard: dict[Path, Recording[MotionT]] = {}

    def of(self, path: Path, factor: Factor) -> Recording[MotionT]:
        """The performance in a motion file, picture, clip or (for lips) sound.

        Raises:
            InputError: there is no such file, nothing of the factor in it, or no face.
        """
        if not path.is_file():
            raise InputError(f"there is no file {path}. Check the name and the folder.")
        if is_motion_file(path):
            return self._kept(self._seen, path, lambda: load_motion(path, self._family))
        if is_sound_file(path):
            if factor != "lips":
                raise InputError(f"{path} is a sound, and moves lips only, not {factor}.")
            return self.sound_of(path)
        if not self._model.can_come_from_pictures(factor):
            raise InputError(
                f"this bundle reads no {factor} off pictures. Give a sound, such as "
                "--source lips=speech.wav."
            )
        return self._kept(self._seen, path, lambda: self._performed(path))

    def sound_of(self, path: Path) -> Recording[MotionT]:
        """The lips of a sound, or of a clip's sound, from its first picture on."""
        return self._kept(self._heard, path, lambda: self._model.heard(log_mel(waveform(path))))

    def _kept(
        self,
        known: dict[Path, Recording[MotionT]],
        path: Path,
        read: Callable[[], Recording[MotionT]],
    ) -> Recording[MotionT]:
        place = path.resolve()
        if place not in known:
            known[place] = read()
        return known[place]

    def _performed(self, path: Path) -> Recording[MotionT]:
        try:
            picture = open_picture(path)
        except NotAPictureError:
            return self._of_clip(Clip(path))
        face = self._make_tracker().find(picture)
        if face is None:
            raise InputError(f"no face was found in {path}. {FACE_ADVICE}")
        motion = self._model.reader().read(picture, face, 0)
        return self._model.performed(np.zeros(1, np.int64), [motion], STILL_RATE)

    def _of_clip(self, clip: Clip) -> Recording[MotionT]:
        tracker, reader = self._make_tracker(), self._model.reader()
        times_ns: list[int] = []
        motions: list[MotionT | None] = []
        self._progress.begin(f"reading {clip.path.name}", clip.stated_frames)
        for frame in clip.frames():
            face = tracker.find(frame.pixels, frame.captured_ns)
            is_seen = face is not None and face.is_plausible
            times_ns.append(frame.captured_ns)
            motions.append(
                reader.read(frame.pixels, face, frame.captured_ns)
                if is_seen and face is not None
                else None
            )
            self._progress.advance()
        if not any(motion is not None for motion in motions):
            raise InputError(f"no face was found in the whole clip {clip.path}. {FACE_ADVICE}")
        since = np.array(times_ns, np.int64) - times_ns[0]
        return self._model.performed(since, motions, clip.rate)


def waveform(path: Path) -> NDArray[np.float32]:
    """The samples of a sound, or of a clip's sound, at 16 kHz in one channel.

    Raises:
        InputError: there is no sound in it.
    """
    if is_sound_file(path):
        pieces = list(SoundFile(path).pieces())
    else:
        with Clip(path).sound() as sound:
            if sound is None:
                raise InputError(f"{path} has no sound. Name one, as in lips=speech.wav.")
            pieces = list(samples_of(sound))
    return np.concatenate(pieces) if pieces else np.zeros(0, np.float32)
