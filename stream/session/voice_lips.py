"""Lips that a microphone moves in a live stream: when they are wanted, and how late they are.

Sound is heard in one thread, lips are asked for in the frame loop's. What a sound looks like is
known HELD_S after it (the listener looks ahead, and packets come in their own time), and lips lead
their sound, so while lips come from sound, the sound goes out `DELAY_S` later than the pictures.
"""

from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from typing import Protocol

import av
import numpy as np
from av import AudioFrame, AudioResampler
from numpy.typing import NDArray

from engine.faces.face import Face, Tracker
from engine.faces.mouth_view import MouthView
from engine.frame import Pixels
from engine.motion import LipShape
from engine.speech.articulation import CURVES, LEAD_S, Mouth
from engine.speech.features import FRAME_S
from engine.speech.mel import RATE_HZ
from engine.speech.track import Hearing, shape_at

_PACKET_S = 0.04
"""A packet of 20 ms is there when it is over, and not always in time."""
HELD_S = Hearing.LATE_S + _PACKET_S
"""From a sound to the picture that shows it: 140 ms."""
DELAY_S = HELD_S + LEAD_S
"""From a picture to the sound that belongs to it: 220 ms."""

TAKE_S, GIVE_BACK_S = 0.25, 0.6
"""The mouth must be hidden for so long, and then be seen again for so long."""
_KEPT = 300
"""Frames of 10 ms that are remembered."""
_FOLLOWS = 0.02
"""Share of what a piece is off by, by which the whole stream moves."""
_WAITS_S = 0.2
"""So long a sound that is late keeps the lips where they are; then they close."""
_NOTHING = np.zeros(0, np.float32)
_GAP_S = 0.5
"""After a longer silence of the microphone itself, another stream begins."""


class VoiceLips:
    """Keeps `engine.model.Lips` of a microphone that is heard."""

    def __init__(self) -> None:
        self.is_wanted = False
        """Whether anybody may ask: else nothing is heard, which costs 2 % of a core."""
        self.is_shown = False
        """Whether the lips on show are these, and sound is to be DELAY_S late."""
        self._lock = Lock()
        self._resampler: AudioResampler | None = None
        self._format: tuple[str, str, int] | None = None
        self._stream: _Stream | None = None

    def put(self, sound: AudioFrame, start_ns: int) -> None:
        """A piece of sound that began at this moment of the clock which stamps the pictures."""
        samples = self._samples(sound) if self.is_wanted else _NOTHING
        if not len(samples):
            return
        with self._lock:
            if self._stream is None or self._stream.is_over(start_ns / 1e9):
                self._stream = _Stream(start_ns / 1e9)
            self._stream.hear(samples, start_ns / 1e9)

    def at(self, captured_ns: int) -> LipShape:
        """The lips at a moment: those of the sound HELD_S before; closed where none is known."""
        with self._lock:
            if self._stream is None:
                return LipShape()
            return self._stream.shape(captured_ns / 1e9 - HELD_S)

    def restart(self) -> None:
        """Nothing: a microphone goes on, whatever the pictures do."""

    def _samples(self, sound: AudioFrame) -> NDArray[np.float32]:
        shape = (sound.format.name, sound.layout.name, sound.sample_rate)
        if self._resampler is None or shape != self._format:
            self._resampler = AudioResampler(format="fltp", layout="mono", rate=RATE_HZ)
            self._format = shape
        try:
            parts = [part.to_ndarray()[0] for part in self._resampler.resample(sound)]
        except (av.FFmpegError, ValueError):
            return _NOTHING
        return np.nan_to_num(np.concatenate(parts)) if parts else _NOTHING


class _Stream:
    """Sound without a gap, and the mouth of its last seconds."""

    def __init__(self, began_s: float) -> None:
        self._hearing = Hearing()
        self._began_s = self._ends_s = began_s
        self._dropped = 0
        self._mouth = Mouth(np.zeros((0, len(CURVES)), np.float32), np.zeros(0, np.float32))

    def is_over(self, start_s: float) -> bool:
        """Whether a piece that begins at this moment cannot be of it."""
        return abs(start_s - self._ends_s) > _GAP_S

    def hear(self, samples: NDArray[np.float32], start_s: float) -> None:
        """The next piece; where the stream lies on the clock follows what its pieces say."""
        drift_s = (start_s - self._ends_s) * _FOLLOWS
        self._began_s += drift_s
        self._ends_s += drift_s + len(samples) / RATE_HZ
        new = self._hearing.hear(samples)
        curves = np.concatenate([self._mouth.curves, new.curves])
        contact = np.concatenate([self._mouth.contact, new.contact])
        self._dropped += max(0, len(curves) - _KEPT)
        self._mouth = Mouth(curves[-_KEPT:], contact[-_KEPT:])

    def shape(self, moment_s: float) -> LipShape:
        """The lips of what sounded then; where that is not known yet, the last that are."""
        since_s = moment_s - self._began_s - self._dropped * FRAME_S
        known_s = (len(self._mouth.curves) - 0.5) * FRAME_S
        if known_s <= since_s < known_s + _WAITS_S:
            since_s = known_s
        return shape_at(self._mouth, since_s)


class HearsSound(Protocol):
    """What a piece of sound is put into."""

    def put(self, sound: AudioFrame, start_ns: int) -> None:
        """A piece that began at this moment of the clock which stamps the pictures."""
        ...


@dataclass(slots=True)
class HandOver:
    """Whether the lips are the voice's: with hysteresis, so that a passing hand changes nothing."""

    is_voices: bool = False
    _differs_since_ns: int | None = None

    def see(self, captured_ns: int, *, mouth: bool) -> bool:
        """Whether the mouth is seen in this picture; True where the lips change hands."""
        if mouth != self.is_voices:
            self._differs_since_ns = None
            return False
        if self._differs_since_ns is None or captured_ns < self._differs_since_ns:
            self._differs_since_ns = captured_ns
        wanted_s = GIVE_BACK_S if self.is_voices else TAKE_S
        if captured_ns - self._differs_since_ns < wanted_s * 1e9:
            return False
        self.is_voices = not self.is_voices
        self._differs_since_ns = None
        return True


class MouthWatch:
    """A tracker that also hands the lips over: to the voice while no mouth is seen, and back."""

    def __init__(self, tracker: Tracker, hand_over: Callable[[bool], None]) -> None:
        """`hand_over` is told, in the thread of the pictures, whether the lips are the voice's."""
        self.is_on = False
        """Whether lips change hands at all; looking costs a third of a millisecond."""
        self._tracker = tracker
        self._tell = hand_over
        self._view = MouthView()
        self._hand_over = HandOver()

    def find(self, picture: Pixels, now_ns: int | None = None) -> Face | None:
        """The wrapped tracker's face."""
        face = self._tracker.find(picture, now_ns)
        if now_ns is not None and self._turns():
            self._see(now_ns, mouth=self._view.look(picture, face, now_ns))
        return face

    def sees_nothing(self, now_ns: int) -> bool:
        """There is no picture at this moment; whether the lips are the voice's."""
        if self._turns():
            self._see(now_ns, mouth=False)
        return self._hand_over.is_voices

    def reset(self) -> None:
        """Forget the last face, and how its lips usually look."""
        self._tracker.reset()
        self._view = MouthView()

    def _turns(self) -> bool:
        """Whether to look; gives the lips back where that was turned off."""
        if not self.is_on and self._hand_over.is_voices:
            self._hand_over = HandOver()
            self._tell(False)  # noqa: FBT003 (a callback's one argument)
        return self.is_on

    def _see(self, now_ns: int, *, mouth: bool) -> None:
        if self._hand_over.see(now_ns, mouth=mouth):
            self._tell(self._hand_over.is_voices)
