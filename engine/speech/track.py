"""The mouth of a sound over time: of a whole one, or of the last seconds of one that is heard."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from engine.motion import LipShape
from engine.speech.articulation import CURVES, LEAD_S, REACH, Articulation, Mouth, arkit_of
from engine.speech.features import FRAME_S
from engine.speech.listener import LOOK_AHEAD, Listener
from engine.speech.mel import HOP


class LipTrack:
    """Lips that a sound moves, from the first moment that is asked for on."""

    def __init__(self, mouth: Mouth) -> None:
        self.mouth = mouth
        """Frame t is of the ten milliseconds of sound from t / 100 s on."""
        self._began_ns: int | None = None

    def restart(self) -> None:
        """The next moment that is asked for is the sound's beginning."""
        self._began_ns = None

    def at(self, captured_ns: int) -> LipShape:
        """The lips at a moment; before and after the sound they are closed."""
        if self._began_ns is None:
            self._began_ns = captured_ns
        return shape_at(self.mouth, (captured_ns - self._began_ns) / 1e9 + LEAD_S)


def shape_at(mouth: Mouth, sound_s: float) -> LipShape:
    """The lips that make the sound of this moment, on a line between the frames around it."""
    count = len(mouth.curves)
    place = sound_s / FRAME_S - 0.5
    low = int(np.floor(place))
    if low < -1 or low >= count:
        return LipShape()
    share = place - low
    values, contact = np.zeros(len(CURVES)), 0.0
    for index, weight in ((low, 1.0 - share), (low + 1, share)):
        if 0 <= index < count:
            values += mouth.curves[index] * weight
            contact += float(mouth.contact[index]) * weight
    return LipShape(arkit=arkit_of(values), contact=contact)


def lips_of(pieces: Iterable[NDArray[np.floating]], listener: Listener | None = None) -> LipTrack:
    """Listen to a whole sound at 16 kHz, which comes in pieces."""
    hearing = Hearing(listener)
    mouths = [hearing.hear(piece) for piece in pieces]
    mouths.append(hearing.finish())
    return LipTrack(
        Mouth(
            np.concatenate([mouth.curves for mouth in mouths]),
            np.concatenate([mouth.contact for mouth in mouths]),
        )
    )


class Hearing:
    """From samples to a mouth, one stream of sound; frame t is of the sound at t / 100 s."""

    LATE_S = (LOOK_AHEAD + REACH) * FRAME_S
    """So much later than its sound a frame is known: 100 ms."""

    def __init__(self, listener: Listener | None = None) -> None:
        self._listener = Listener() if listener is None else listener
        self._articulation = Articulation()
        self._to_skip = LOOK_AHEAD

    def hear(self, samples: NDArray[np.floating]) -> Mouth:
        """(any number,) at 16 kHz, -1..1 -> the frames that are known now."""
        heard = self._listener.listen(samples)
        skipped = min(self._to_skip, len(heard.shares))
        self._to_skip -= skipped
        return self._articulation.follow(heard.shares[skipped:], heard.loudness[skipped:])

    def finish(self) -> Mouth:
        """The last frames, as if silence followed."""
        rest = self.hear(np.zeros(LOOK_AHEAD * HOP, np.float32))
        last = self._articulation.finish()
        return Mouth(
            np.concatenate([rest.curves, last.curves]),
            np.concatenate([rest.contact, last.contact]),
        )
