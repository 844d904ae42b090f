"""Lips that a microphone moves live: when they take over, and how late they are."""

from fractions import Fraction

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from engine.faces.face import Face
from engine.frame import Pixels
from engine.speech.articulation import CURVES, JAW, LEAD_S
from engine.speech.track import lips_of
from stream.session import voice_lips as module
from stream.session.voice_lips import (
    DELAY_S,
    GIVE_BACK_S,
    HELD_S,
    TAKE_S,
    HandOver,
    MouthWatch,
    VoiceLips,
)
from tests.fakes import DiscTracker, disc_picture
from tests.speech_here import voiced

SECOND = 1_000_000_000
PIECE = 960
"""20 ms at 48 kHz, as WebRTC brings them."""
FRAME_NS = SECOND // 30


def pieces(samples: NDArray[np.float32]) -> list[av.AudioFrame]:
    places = np.arange(len(samples) * 3) / 3
    fine = np.interp(places, np.arange(len(samples)), samples)
    found = []
    for begin in range(0, len(fine) - PIECE + 1, PIECE):
        whole = (np.clip(fine[begin : begin + PIECE], -1, 1) * 32767).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(whole[None], format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = 48_000, begin, Fraction(1, 48_000)
        found.append(frame)
    return found


def hear(lips: VoiceLips, samples: NDArray[np.float32], began_ns: int) -> None:
    for number, piece in enumerate(pieces(samples)):
        lips.put(piece, began_ns + number * 20_000_000)


def test_a_mouth_is_shown_as_late_as_it_says_and_moves_as_the_whole_sound_would() -> None:
    sound, began_ns = voiced(1.5), 50 * SECOND
    lips = VoiceLips()
    lips.is_wanted = True
    whole = lips_of([sound]).mouth.curves[:, JAW]
    shown, told = [], pieces(sound)
    for number, piece in enumerate(told):
        start_ns = began_ns + number * 20_000_000
        lips.put(piece, start_ns)
        now_ns = start_ns + 20_000_000
        shown.append(lips.at(now_ns).arkit.get("jawOpen", 0.0))
    moments = (np.arange(len(told)) + 1) * 0.02 - HELD_S
    expected = np.interp(moments, (np.arange(len(whole)) + 0.5) / 100, whole, left=0.0)
    assert max(shown) > 0.05
    np.testing.assert_allclose(shown[8:], expected[8:], atol=0.03)
    assert pytest.approx(HELD_S + LEAD_S) == DELAY_S


def test_nothing_is_heard_until_somebody_wants_it() -> None:
    lips = VoiceLips()
    hear(lips, voiced(1.0), 0)
    assert lips.at(SECOND // 2).arkit == {}


def test_a_microphone_that_falls_silent_leaves_closed_lips() -> None:
    lips = VoiceLips()
    lips.is_wanted = True
    hear(lips, voiced(1.0), 0)
    assert lips.at(5 * SECOND).arkit == {}
    hear(lips, voiced(1.0), 9 * SECOND)
    assert any(lips.at(9 * SECOND + k * FRAME_NS).arkit for k in range(10, 30))


def test_only_the_last_seconds_are_kept() -> None:
    lips = VoiceLips()
    lips.is_wanted = True
    hear(lips, voiced(5.0), 0)
    assert lips._stream is not None
    assert lips._stream._mouth.curves.shape == (module._KEPT, len(CURVES))
    assert any(lips.at(round(4.8 * SECOND) + k * 10_000_000).arkit for k in range(20))


def hands(seen: list[bool]) -> list[bool]:
    """Whose the lips are, picture by picture at 30 a second."""
    over, whose = HandOver(), []
    for number, mouth in enumerate(seen):
        over.see(number * FRAME_NS, mouth=mouth)
        whose.append(over.is_voices)
    return whose


def test_a_mouth_that_stays_hidden_gives_its_lips_to_the_voice_and_gets_them_back() -> None:
    whose = hands([True] * 30 + [False] * 60 + [True] * 60)
    took, gave = whose.index(True), len(whose) - whose[::-1].index(True)
    assert (took - 30) / 30 == pytest.approx(TAKE_S, abs=0.05)
    assert (gave - 90) / 30 == pytest.approx(GIVE_BACK_S, abs=0.05)


def test_a_hand_that_passes_changes_nothing_and_a_flicker_does_not_give_back() -> None:
    assert not any(hands(([True] * 20 + [False] * 5) * 4))
    assert all(hands([False] * 30 + ([True] * 8 + [False] * 2) * 10)[12:])


class Eye:
    """In place of the look at the pixels: a grey picture hides the mouth."""

    def look(self, picture: Pixels, face: Face | None, captured_ns: int) -> bool:
        return face is not None and int(picture[0, 0, 0]) == 90


def watch(monkeypatch: pytest.MonkeyPatch) -> tuple[MouthWatch, list[bool]]:
    monkeypatch.setattr(module, "MouthView", Eye)
    told: list[bool] = []
    return MouthWatch(DiscTracker(), told.append), told


SEEN = disc_picture(64, 64, (32, 32))
HIDDEN = np.zeros_like(SEEN)


def test_a_watch_hands_over_only_while_it_is_on(monkeypatch: pytest.MonkeyPatch) -> None:
    watching, told = watch(monkeypatch)
    for number in range(30):
        watching.find(HIDDEN, number * FRAME_NS)
    assert told == []
    watching.is_on = True
    for number in range(30, 60):
        watching.find(HIDDEN, number * FRAME_NS)
    assert told == [True]
    watching.is_on = False
    watching.find(HIDDEN, 60 * FRAME_NS)
    assert told == [True, False]


def test_a_camera_that_is_off_hides_the_mouth(monkeypatch: pytest.MonkeyPatch) -> None:
    watching, told = watch(monkeypatch)
    watching.is_on = True
    watching.find(SEEN, 0)
    assert not watching.sees_nothing(SECOND)
    assert watching.sees_nothing(2 * SECOND)
    for number in range(30):
        watching.find(SEEN, 3 * SECOND + number * FRAME_NS)
    assert told == [True, False]
