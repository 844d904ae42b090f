"""The hand-over at a camera's own pace: a filmed head, a hand drawn before its mouth, and a voice.

Told the time as a stream is, so that a busy machine changes nothing.
"""

from dataclasses import dataclass
from functools import cache
from itertools import islice

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from engine.faces.face import Face
from engine.faces.mesh_tracker import MeshTracker
from engine.frame import Frame, Pixels
from engine.motion import Edit
from engine.rig.model import RigModel
from engine.rig.motion.factors import factor_weights
from engine.rig.motion.mixer import FADE_S
from engine.rig.motion.motion import RigMotion
from stream.files.clips import Clip
from stream.session.voice_lips import GIVE_BACK_S, TAKE_S, MouthWatch, VoiceLips
from tests.chromium import BUNDLED
from tests.covering import covered
from tests.speech_here import RATE, voiced

pytestmark = pytest.mark.slow

FRAMES, HAND = 135, range(40, 90)
"""Of four and a half seconds at 30 a second, and those in which the hand is there."""
PIECE_S = 0.02
_LIP_MIDDLES = (13, 14)
"""The middles of the upper and the lower lip's inner edges."""
LIPS = factor_weights()["lips"][:, None] > 0


class Seen:
    """A tracker that tells again what another one found."""

    def __init__(self, faces: dict[int, Face | None]) -> None:
        self._faces = faces

    def find(self, picture: Pixels, now_ns: int | None = None) -> Face | None:
        assert now_ns is not None
        return self._faces[now_ns]

    def reset(self) -> None:
        pass


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """What became of a stream."""

    told: list[tuple[float, bool]]
    """When the lips changed hands, in seconds, and whether they were the voice's then."""
    mixed: list[RigMotion]
    driver: list[RigMotion]
    times_s: NDArray[np.float64]

    def gaps_cm(self, since_s: float, until_s: float) -> NDArray[np.float64]:
        """How much further apart the lips are than at rest, picture by picture."""
        kept = (self.times_s >= since_s) & (self.times_s < until_s)
        motions = [m for m, keep in zip(self.mixed, kept, strict=True) if keep]
        upper, lower = _LIP_MIDDLES
        return np.array([abs(m.offsets[lower, 1] - m.offsets[upper, 1]) for m in motions])


@cache
def filmed(*, with_hand: bool) -> tuple[list[Frame], dict[int, Face | None]]:
    """The bundled clip, and what a tracker finds in it behind the hand."""
    bare, tracker, frames = MeshTracker(), MeshTracker(), []
    faces: dict[int, Face | None] = {}
    for number, frame in enumerate(islice(Clip(BUNDLED).frames(), FRAMES)):
        face = bare.find(frame.pixels, frame.captured_ns)
        if with_hand and number in HAND:
            assert face is not None
            frame = Frame(pixels=covered(frame.pixels, face), captured_ns=frame.captured_ns)
        frames.append(frame)
        faces[frame.captured_ns] = tracker.find(frame.pixels, frame.captured_ns)
    return frames, faces


def driven(sound: NDArray[np.float32], *, with_hand: bool = True) -> Shown:
    """What a live session does with pictures and pieces of sound as they come."""
    frames, faces = filmed(with_hand=with_hand)
    model, told, began_ns = RigModel(), [], frames[0].captured_ns
    driver, mixer, voice = model.driver(), model.mixer(), VoiceLips()
    voice.is_wanted = True

    def hand_over(to_voice: bool) -> None:
        told.append(((frame.captured_ns - began_ns) / 1e9, to_voice))
        if to_voice:
            mixer.speak(voice)
        else:
            mixer.release("lips")

    watch = MouthWatch(Seen(faces), hand_over, voice.is_heard)
    watch.is_on = True
    put = 0
    mixed: list[RigMotion] = []
    live: list[RigMotion] = []
    for frame in frames:
        since_s = (frame.captured_ns - began_ns) / 1e9
        while (put + 1) * PIECE_S <= since_s:
            voice.put(_piece(sound, put), began_ns + round(put * PIECE_S * 1e9))
            put += 1
        face = watch.find(frame.pixels, frame.captured_ns)
        assert face is not None
        if not live:
            driver.calibrate(frame.pixels, face)
        live.append(driver.read(frame.pixels, face, frame.captured_ns))
        motion, _ = mixer.mix(live[-1], Edit(), frame.captured_ns)
        assert motion is not None
        mixed.append(motion)
    times_s = np.array([frame.captured_ns - began_ns for frame in frames]) / 1e9
    return Shown(told, mixed, live, times_s)


def _piece(sound: NDArray[np.float32], number: int) -> av.AudioFrame:
    count = round(PIECE_S * RATE)
    samples = (sound[number * count : (number + 1) * count] * 32767).astype(np.int16)
    piece = av.AudioFrame.from_ndarray(samples[None], format="s16", layout="mono")
    piece.sample_rate = RATE
    return piece


VOICE = voiced(5.0)
TOOK_S, LEFT_S = HAND[0] / 30, (HAND[-1] + 1) / 30


def test_the_voice_has_the_lips_from_soon_after_the_hand_comes_until_soon_after_it_goes() -> None:
    shown = driven(VOICE)
    assert [to_voice for _, to_voice in shown.told] == [True, False]
    (took_s, _), (gave_s, _) = shown.told
    assert TAKE_S <= took_s - TOOK_S <= TAKE_S + 0.1
    assert GIVE_BACK_S <= gave_s - LEFT_S <= GIVE_BACK_S + 0.1


def test_behind_the_hand_the_lips_do_what_is_said_and_in_silence_nothing() -> None:
    speaking, silent = driven(VOICE), driven(np.zeros_like(VOICE))
    since_s, until_s = TOOK_S + TAKE_S + 0.1 + FADE_S, LEFT_S
    assert np.ptp(speaking.gaps_cm(since_s, until_s)) > 0.1
    assert silent.gaps_cm(since_s, until_s).max() < 0.01


def test_the_head_the_eyes_and_the_brows_stay_the_drivers_all_the_time() -> None:
    shown = driven(VOICE)
    for mixed, live in zip(shown.mixed, shown.driver, strict=True):
        np.testing.assert_array_equal(mixed.rotation, live.rotation)
        np.testing.assert_array_equal(mixed.aperture, live.aperture)
        np.testing.assert_allclose(
            np.where(LIPS, 0.0, mixed.offsets), np.where(LIPS, 0.0, live.offsets), atol=1e-6
        )
    before = shown.times_s < TOOK_S
    for mixed, live, is_before in zip(shown.mixed, shown.driver, before, strict=True):
        if is_before:
            np.testing.assert_array_equal(mixed.offsets, live.offsets)


def test_without_a_hand_the_lips_never_change_hands() -> None:
    assert driven(VOICE, with_hand=False).told == []
