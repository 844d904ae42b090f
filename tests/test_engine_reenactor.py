"""The step follows a face, holds it, lets go of it and takes it back, and never jumps."""

from collections.abc import Sequence
from dataclasses import replace
from threading import Event, Thread

import numpy as np
import pytest

from engine.easing import EASE_IN_S, EASE_OUT_S, HOLD_S
from engine.faces.face import LANDMARKS, Face
from engine.frame import Pixels
from engine.motion import Edit
from engine.reenactor import Look, Reenactor
from tests.fakes import (
    DiscTracker,
    Shift,
    ShiftedPortrait,
    ShiftMixer,
    ShiftModel,
    disc_face,
    disc_frame,
    disc_picture,
)

PORTRAIT = disc_picture(160, 120, (80, 60))
RATE = 30


def reenactor(edit: Edit | None = None) -> Reenactor[Shift]:
    made = Reenactor(model=ShiftModel(), tracker=DiscTracker())
    made.look = Look(edit=edit or Edit())
    made.set_portrait(PORTRAIT, disc_face((80, 60), 20))
    return made


def disc_x(picture: np.ndarray) -> float:
    """Where the portrait's disc is, pixels from its own place."""
    face = DiscTracker().find(picture)
    assert face is not None
    return float(face.landmarks[468, 0]) - 80


def shown(centres: Sequence[tuple[float, float] | None]) -> list[float]:
    """Where the portrait's face is shown for a face that is at these places, frame by frame."""
    made = reenactor()
    return [
        disc_x(made.step(disc_frame(index, centre)).pixels) for index, centre in enumerate(centres)
    ]


def seconds(duration_s: float) -> int:
    """Frames that cover a duration."""
    return round(duration_s * RATE)


class Counting(ShiftedPortrait):
    """Made for each stream by itself."""

    made = 0

    def for_stream(self) -> "Counting":
        type(self).made += 1
        return Counting(picture=self.picture)


def test_a_portrait_that_streams_share_has_its_memory_in_each_stream() -> None:
    shared = Counting(picture=PORTRAIT)
    streams = [reenactor(), reenactor()]
    for index, stream in enumerate(streams):
        stream.look = Look(portrait=shared)
        for frame in range(3):
            stream.step(disc_frame(frame, (60, 60)))
        assert Counting.made == index + 1
    streams[0].restart()
    streams[0].step(disc_frame(3, (60, 60)))
    assert Counting.made == len(streams) + 1


def test_the_portrait_follows_the_face_from_the_first_frame_on() -> None:
    assert shown([(60, 60), (70, 60), (85, 60)]) == pytest.approx([0, 10, 25], abs=0.6)


def test_before_any_face_the_portrait_is_still() -> None:
    made = reenactor()
    np.testing.assert_array_equal(made.step(disc_frame(0, None)).pixels, PORTRAIT)


def test_a_face_that_comes_late_is_eased_in() -> None:
    places = shown([None] * 5 + [(60, 60)] + [(90, 60)] * 20)
    assert places[:5] == [0] * 5
    assert 0 <= places[6] < 6
    assert places[-1] == pytest.approx(30, abs=0.6)


def test_a_lost_face_is_held_and_then_let_go_of() -> None:
    held, gone = seconds(HOLD_S), seconds(HOLD_S + EASE_OUT_S) + 2
    places = shown([(60, 60), (90, 60)] + [None] * gone)
    assert places[1 : 1 + held] == pytest.approx([30] * held, abs=0.6)
    assert places[-1] == 0
    falling = np.diff(places[1 + held :])
    assert np.all(falling <= 0)


def test_a_face_lost_for_less_than_the_hold_is_followed_again_at_once() -> None:
    places = shown([(60, 60), (90, 60)] + [None] * (seconds(HOLD_S) - 2) + [(95, 60)])
    assert places[-1] == pytest.approx(35, abs=0.6)


@pytest.mark.parametrize("lost_s", [0.6, 0.7, 0.9, 1.1, 1.3, 5.0])
def test_a_face_that_returns_elsewhere_makes_no_jump(lost_s: float) -> None:
    """Swing: 40 px one way before, 40 px the other way after. Smoothstep moves at most 1.5 / T."""
    gap = seconds(lost_s)
    places = shown([(60, 60), (100, 60)] + [None] * gap + [(20, 60)] * 40)
    assert places[-1] == pytest.approx(-40, abs=0.6)
    steepest = 40 * 1.5 / (EASE_IN_S * RATE)
    assert np.abs(np.diff(places[1:])).max() <= steepest + 1.2  # whole pixels on both sides


def test_a_stalled_source_does_not_turn_easing_into_a_jump() -> None:
    made = reenactor()
    made.step(disc_frame(0, (60, 60)))
    made.step(disc_frame(1, (90, 60)))
    late = made.step(disc_frame(10 * RATE, None))
    assert 15 < disc_x(late.pixels) <= 30


def test_a_clock_that_is_set_back_does_not_lose_the_face() -> None:
    made = reenactor()
    made.step(disc_frame(900, (60, 60)))
    places = [disc_x(made.step(disc_frame(index, (90, 60))).pixels) for index in range(3)]
    assert places == pytest.approx([30] * 3, abs=0.6)


def test_calibrating_makes_the_frame_the_neutral_one() -> None:
    made = reenactor()
    assert made.calibrate(disc_frame(0, (100, 60)))
    assert disc_x(made.step(disc_frame(1, (90, 60))).pixels) == pytest.approx(-10, abs=0.6)


def test_calibrating_by_a_frame_without_a_face_changes_nothing() -> None:
    made = reenactor()
    made.calibrate(disc_frame(0, (100, 60)))
    assert not made.calibrate(disc_frame(1, None))
    assert disc_x(made.step(disc_frame(2, (90, 60))).pixels) == pytest.approx(-10, abs=0.6)


def test_recalibrating_takes_the_next_face() -> None:
    made = reenactor()
    made.step(disc_frame(0, (60, 60)))
    made.recalibrate()
    places = [
        disc_x(made.step(disc_frame(index, (x, 60))).pixels)
        for index, x in enumerate([90, 95], start=1)
    ]
    assert places == pytest.approx([0, 5], abs=0.6)


def test_an_edit_acts_from_the_next_frame_on() -> None:
    made = reenactor(Edit(gains={"pose": 2.0}))
    made.step(disc_frame(0, (60, 60)))
    doubled = made.step(disc_frame(1, (70, 60)))
    made.look = replace(made.look, edit=Edit(mode="expression"))
    off = made.step(disc_frame(2, (70, 60)))
    assert [disc_x(doubled.pixels), disc_x(off.pixels)] == pytest.approx([20, 0], abs=0.6)


def test_a_portrait_can_be_swapped_between_frames() -> None:
    made = reenactor()
    made.step(disc_frame(0, (60, 60)))
    made.set_portrait(disc_picture(64, 80, (30, 40), radius=9), disc_face((30, 40), 9))
    assert made.step(disc_frame(1, (60, 60))).pixels.shape == (80, 64, 3)


def test_restarting_forgets_the_driver() -> None:
    made = reenactor()
    made.step(disc_frame(0, (60, 60)))
    made.restart()
    assert disc_x(made.step(disc_frame(1, (90, 60))).pixels) == 0


def test_a_frame_keeps_its_moment_and_records_each_stage() -> None:
    done = reenactor().step(disc_frame(7, (60, 60)))
    assert done.captured_ns == disc_frame(7, None).captured_ns
    assert list(done.stages_ns) == ["find", "read", "render"]
    assert min(done.stages_ns.values()) > 0


def test_a_source_that_stops_lets_the_portrait_ease_to_rest() -> None:
    made = reenactor()
    made.step(disc_frame(0, (60, 60)))
    made.step(disc_frame(1, (90, 60)))
    places = [
        disc_x(made.idle(disc_frame(index, None).captured_ns).pixels)
        for index in range(2, seconds(HOLD_S + EASE_OUT_S) + 5)
    ]
    assert places[0] == pytest.approx(30, abs=0.6)
    assert places[-1] == 0
    assert np.all(np.diff(places) <= 0)


def test_a_step_under_way_is_not_touched_by_a_new_look() -> None:
    """The mixer stands for another thread: it swaps portrait and edit in the middle of a step."""
    made = reenactor(Edit(gains={"pose": 2.0}))
    made.step(disc_frame(0, (60, 60)))

    class Swapping(ShiftMixer):
        def mix(
            self, motion: Shift | None, edit: Edit, captured_ns: int
        ) -> tuple[Shift | None, Edit]:
            made.look = Look(
                portrait=ShiftedPortrait(picture=disc_picture(64, 80, (30, 40), radius=9)),
                edit=Edit(mode="expression"),
            )
            return motion, edit

    made.alter(lambda look: replace(look, mixer=Swapping()))
    under_way = made.step(disc_frame(1, (70, 60))).pixels
    assert under_way.shape == PORTRAIT.shape
    assert disc_x(under_way) == pytest.approx(20, abs=0.6)
    assert made.step(disc_frame(2, (70, 60))).pixels.shape == (80, 64, 3)


def test_two_threads_that_alter_the_look_do_not_undo_each_other() -> None:
    made = reenactor()
    begun, altered = Event(), Event()

    def slowly(look: Look[Shift]) -> Look[Shift]:
        begun.set()
        altered.wait(0.2)
        return replace(look, edit=Edit(mode="pose"))

    slow = Thread(target=made.alter, args=(slowly,))
    slow.start()
    assert begun.wait(5)
    other = ShiftedPortrait(picture=PORTRAIT)
    made.alter(lambda look: replace(look, portrait=other))
    altered.set()
    slow.join()
    assert (made.look.portrait, made.look.edit) == (other, Edit(mode="pose"))


def test_stepping_without_a_portrait_is_a_wrong_call() -> None:
    made = Reenactor(model=ShiftModel(), tracker=DiscTracker())
    with pytest.raises(RuntimeError, match="set_portrait"):
        made.step(disc_frame(0, (60, 60)))


class Cast(DiscTracker):
    """Says which person of which shot each face is; the one it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.shot = self.person = 0

    def find(self, picture: Pixels, now_ns: int | None = None) -> Face | None:
        face = super().find(picture, now_ns)
        return face and replace(face, shot=self.shot, person=self.person)


def cast() -> tuple[Cast, Reenactor[Shift]]:
    tracker = Cast()
    made = Reenactor(model=ShiftModel(), tracker=tracker)
    made.set_portrait(PORTRAIT, disc_face((80, 60), 20))
    return tracker, made


def test_another_person_is_read_against_a_neutral_face_of_their_own() -> None:
    tracker, made = cast()
    for index, x in enumerate((60, 90)):
        made.step(disc_frame(index, (x, 60)))
    tracker.person = 1
    places = [disc_x(made.step(disc_frame(index, (20, 60))).pixels) for index in range(2, 40)]
    assert places[-1] == 0
    steepest = 30 * 1.5 / (EASE_IN_S * RATE)
    assert np.abs(np.diff([30, *places])).max() <= steepest + 1.2


def test_the_first_person_returns_to_their_own_neutral_face_through_rest() -> None:
    tracker, made = cast()
    made.step(disc_frame(0, (60, 60)))
    tracker.person = 1
    for index in range(1, 40):
        made.step(disc_frame(index, (20 + index / 2, 60)))
    tracker.person = 0
    places = [disc_x(made.step(disc_frame(index, (95, 60))).pixels) for index in range(40, 80)]
    assert min(abs(place) for place in places) <= 1
    assert places[-1] == pytest.approx(35, abs=0.6)
    assert np.abs(np.diff(places)).max() <= 35 * 1.5 / (EASE_IN_S * RATE) + 1.2


def test_a_new_shot_carries_no_motion_over() -> None:
    tracker, made = cast()
    for index, x in enumerate((60, 90)):
        made.step(disc_frame(index, (x, 60)))
    tracker.shot, tracker.person = 1, 1
    places = [
        disc_x(made.step(disc_frame(index, (x, 60))).pixels)
        for index, x in enumerate((20, 25, 30), start=2)
    ]
    assert places == pytest.approx([0, 5, 10], abs=0.6)


def test_the_users_neutral_face_is_that_persons_alone() -> None:
    tracker, made = cast()
    assert made.calibrate(disc_frame(0, (50, 60)))
    assert disc_x(made.step(disc_frame(1, (60, 60))).pixels) == pytest.approx(10, abs=0.6)
    tracker.shot, tracker.person = 1, 1
    assert disc_x(made.step(disc_frame(2, (60, 60))).pixels) == 0
    assert made.neutral == "automatic"


def test_whose_neutral_face_it_is_comes_back_with_the_person() -> None:
    tracker, made = cast()
    assert made.neutral == "none yet"
    made.calibrate(disc_frame(0, (50, 60)))
    said = [made.neutral]
    for index, person in enumerate((0, 1, 0)):
        tracker.person = person
        made.step(disc_frame(index, (60, 60)))
        said.append(made.neutral)
    assert said == ["yours", "yours", "automatic", "yours"]


def test_the_users_neutral_face_stays_in_a_new_shot_of_the_same_person() -> None:
    """The picture stalled and jumped, or a phone was turned: nobody calibrates for that again."""
    tracker, made = cast()
    assert made.calibrate(disc_frame(0, (50, 60)))
    made.step(disc_frame(1, (60, 60)))
    tracker.shot = 1
    made.step(disc_frame(2, (65, 60)))
    assert made.neutral == "yours"


def test_a_neutral_face_may_be_given_for_a_shot_that_is_yet_to_come() -> None:
    tracker, made = cast()
    coming = replace(disc_face((100, 60), 20), shot=1, person=1)
    made.calibrate(disc_frame(0, (100, 60)), coming)
    assert disc_x(made.step(disc_frame(0, (60, 60))).pixels) == 0
    tracker.shot, tracker.person = 1, 1
    assert disc_x(made.step(disc_frame(1, (110, 60))).pixels) == pytest.approx(10, abs=0.6)


def test_recalibrating_searches_for_the_largest_face_again() -> None:
    tracker, made = cast()
    made.step(disc_frame(0, (60, 60)))
    made.recalibrate()
    assert tracker.resets == 0  # by the thread that steps, not by the one that asks
    assert made.neutral == "next face"
    made.step(disc_frame(1, None))
    assert (tracker.resets, made.neutral) == (1, "next face")
    assert disc_x(made.step(disc_frame(2, (90, 60))).pixels) == 0
    assert (tracker.resets, made.neutral) == (1, "yours")


@pytest.mark.parametrize("kind", ["equal", "nan", "tiny", "on a line"])
def test_what_cannot_be_a_face_is_none(kind: str) -> None:
    """Also as the first one: it must not become the neutral face."""
    points = disc_face((100, 60), 20).landmarks
    landmarks = {
        "equal": np.full_like(points, 50),
        "nan": points * np.float32(np.nan),
        "tiny": points * np.float32(1e-3),
        "on a line": points * np.array([1, 0, 0], np.float32),
    }[kind]

    class Broken(DiscTracker):
        def find(self, picture: Pixels, now_ns: int | None = None) -> Face | None:
            return super().find(picture) or Face(landmarks=landmarks, confidence=1.0)

    made = Reenactor(model=ShiftModel(), tracker=Broken())
    made.set_portrait(PORTRAIT, disc_face((80, 60), 20))
    assert landmarks.shape == (LANDMARKS, 3)
    np.testing.assert_array_equal(made.step(disc_frame(0, None)).pixels, PORTRAIT)
    assert not made.sees_face
    assert not made.calibrate(disc_frame(1, None))
    places = [disc_x(made.step(disc_frame(index, (90, 60))).pixels) for index in range(2, 20)]
    assert places[-1] == 0
