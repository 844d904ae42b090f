"""The guide of an enrolment on made faces: each prompt is met by what it asks for, and held."""

from dataclasses import replace

import pytest

from engine.errors import InputError
from engine.faces.face import Face
from stream.session.guide import HOLD_S, REACT_S, Guide
from stream.session.prompts import PROMPTS, Measures, Prompt, measured, nearness, straightness
from tests.faces_made import made_face
from tests.people_filmed import FACES

REST = FACES["straight"]
DONE = FACES


def near(prompt: Prompt, face: Face) -> float:
    return nearness(prompt, measured(face), measured(REST))


LONG_S = REACT_S + HOLD_S + 0.1
"""Enough for one prompt, and not for two."""


def hold(guide: Guide, now: Measures, began_s: float, lasts_s: float = LONG_S) -> float:
    """See the same face 20 times a second; when it ends."""
    moment_s = began_s
    while moment_s < began_s + lasts_s:
        guide.see(now, round(moment_s * 1e9))
        moment_s += 0.05
    return moment_s


@pytest.mark.parametrize("prompt", PROMPTS)
def test_whoever_does_what_is_asked_for_is_there(prompt: Prompt) -> None:
    assert near(prompt, DONE[prompt]) == 1.0


@pytest.mark.parametrize("prompt", [each for each in PROMPTS if each != "straight"])
def test_a_face_at_rest_is_far_from_all_that_is_asked_for(prompt: Prompt) -> None:
    assert near(prompt, REST) < 0.35


@pytest.mark.parametrize(
    ("prompt", "other"),
    [
        ("left", "right"), ("right", "left"), ("eyes", "brows"), ("brows", "eyes"),
        ("aah", "smile"), ("smile", "aah"), ("pucker", "ee"), ("ee", "pucker"), ("ooh", "smile"),
        ("pucker", "aah"),
    ],
)  # fmt: skip
def test_another_expression_does_not_do(prompt: Prompt, other: Prompt) -> None:
    assert near(prompt, DONE[other]) < 1.0


@pytest.mark.parametrize("yaw", [-35.0, 35.0])
def test_a_turned_face_or_an_open_mouth_is_not_straight(yaw: float) -> None:
    assert straightness(measured(made_face(yaw=yaw))) < 0.1
    assert straightness(measured(DONE["aah"])) < 0.5
    assert straightness(measured(made_face(mouthSmileLeft=0.8))) < 1.0  # a smirk
    for prompt in PROMPTS[1:]:
        assert straightness(measured(DONE[prompt])) < 1.0 or prompt == "brows", prompt


def test_a_face_is_measured_the_same_however_large_and_wherever_it_is() -> None:
    far = measured(made_face(512, scale=0.6, shift=(60.0, -20.0), roll=6.0))
    for name in Measures.__slots__:
        assert getattr(far, name) == pytest.approx(getattr(measured(REST), name), abs=0.02), name


def test_it_leads_through_all_prompts_in_their_order() -> None:
    guide, moment_s = Guide(), 0.0
    for number, prompt in enumerate(PROMPTS):
        assert guide.standing.prompt == prompt
        assert guide.standing.done == PROMPTS[:number]
        moment_s = hold(guide, measured(DONE[prompt]), moment_s)
    standing = guide.standing
    assert (standing.prompt, standing.done, standing.missing) == (None, PROMPTS, ())


def test_what_is_not_held_is_not_ticked() -> None:
    guide = Guide()
    moment_s = hold(guide, measured(REST), 0.0)
    smile = measured(DONE["smile"])
    moment_s = hold(guide, measured(REST), moment_s, REACT_S)
    for _ in range(6):
        moment_s = hold(guide, smile, moment_s, HOLD_S / 3)
        assert guide.standing.nearness == 1.0
        moment_s = hold(guide, measured(REST), moment_s, HOLD_S)
        assert guide.standing.nearness < 0.35
    assert guide.standing.prompt == "smile"


def test_what_was_asked_for_before_does_not_tick_what_comes_next_at_once() -> None:
    guide = Guide()
    moment_s = hold(guide, measured(REST), 0.0)
    moment_s = hold(guide, measured(DONE["smile"]), moment_s)
    assert near("ee", DONE["smile"]) == 1.0
    hold(guide, measured(DONE["smile"]), moment_s, HOLD_S + 0.1)  # would do, were it new
    assert guide.standing.prompt == "ee"


def test_frames_far_apart_do_not_count_as_held() -> None:
    guide = Guide()
    guide.see(measured(REST), 0)
    guide.see(measured(REST), 60_000_000_000)
    assert guide.standing.prompt == "straight"


def test_what_was_skipped_can_be_asked_for_again() -> None:
    guide = Guide()
    moment_s = hold(guide, measured(REST), 0.0)
    guide.skip("smile")
    assert (guide.standing.prompt, guide.standing.skipped) == ("ee", ("smile",))
    guide.skip("smile")  # a second click of the same button
    assert guide.standing.prompt == "ee"
    guide.ask("smile")
    assert (guide.standing.prompt, guide.standing.skipped) == ("smile", ())
    hold(guide, measured(DONE["smile"]), moment_s)
    assert guide.standing.prompt == "ee"
    guide.ask("smile")  # done: nothing to ask for
    assert guide.standing.prompt == "ee"


def test_when_all_was_done_or_skipped_nothing_is_asked_for_and_it_says_what_is_missing() -> None:
    guide = Guide()
    moment_s = hold(guide, measured(REST), 0.0)
    hold(guide, measured(DONE["smile"]), moment_s)
    for prompt in PROMPTS[2:]:
        guide.skip(prompt)
    standing = guide.standing
    assert standing.prompt is None
    assert standing.missing == standing.skipped == PROMPTS[2:]
    assert standing.has_enough


def test_one_that_cannot_close_the_lips_may_skip_the_first() -> None:
    guide = Guide()
    with pytest.raises(InputError, match="no face has been seen"):
        guide.skip("straight")
    parted, wide = measured(made_face(jawOpen=0.15)), measured(made_face(jawOpen=0.8))
    moment_s = hold(guide, wide, 0.0)
    hold(guide, parted, moment_s)
    assert guide.standing.prompt == "straight"
    guide.skip("straight")
    assert guide.standing.done == ("straight",)
    assert guide.neutral == parted


def test_nothing_comes_before_the_neutral_face() -> None:
    guide = Guide()
    with pytest.raises(InputError, match="look straight ahead first"):
        guide.ask("smile")
    assert not guide.standing.has_enough
    hold(guide, measured(REST), 0.0)
    assert not guide.standing.has_enough


def test_the_neutral_face_is_the_middle_of_what_was_held() -> None:
    guide, rest = Guide(), measured(REST)
    for number in range(40):
        blinked = number % 5 == 4  # brows that a blink misplaces
        guide.see(replace(rest, brows_cm=9.0) if blinked else rest, number * 50_000_000)
    assert guide.neutral == rest
