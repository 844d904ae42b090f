"""The step follows a face, holds it, lets go of it and takes it back, and never jumps."""

from collections.abc import Sequence

import numpy as np
import pytest

from engine.easing import EASE_IN_S, EASE_OUT_S, HOLD_S
from engine.motion import Edit
from engine.reenactor import Reenactor
from tests.fakes import DiscTracker, Shift, ShiftModel, disc_face, disc_frame, disc_picture

PORTRAIT = disc_picture(160, 120, (80, 60))
RATE = 30


def reenactor(edit: Edit | None = None) -> Reenactor[Shift]:
    made = Reenactor(model=ShiftModel(), tracker=DiscTracker(), edit=edit)
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
    made.edit = Edit(mode="expression")
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


def test_stepping_without_a_portrait_is_a_wrong_call() -> None:
    made = Reenactor(model=ShiftModel(), tracker=DiscTracker())
    with pytest.raises(RuntimeError, match="set_portrait"):
        made.step(disc_frame(0, (60, 60)))
