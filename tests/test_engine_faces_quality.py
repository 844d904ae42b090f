"""The judge of an enrolment keeps the person of a clip, and names what is wrong with the rest."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine.faces.face import Face
from engine.faces.looks import Look, look_at
from engine.faces.quality import ADVICE, REASONS, Usual, judge, reason_by_itself, usual_look
from engine.faces.trackers import make_tracker
from engine.frame import Pixels
from engine.pictures import open_picture
from stream.files.bundled import ASSETS
from stream.files.clips import Clip
from tests.faces_spoiled import blurred, covered, darkened

pytestmark = pytest.mark.slow

DRIVING = Path(__file__).parents[2] / "shared" / "media" / "driving"
EVERY = 6

Seen = list[tuple[Pixels, Face]]


def frames_of(path: Path, *, every: int, most: int = 60) -> Seen:
    tracker, seen = make_tracker("mesh"), []
    for number, frame in enumerate(Clip(path).frames()):
        if number >= every * most:
            break
        if number % every == 0:
            face = tracker.find(frame.pixels, frame.captured_ns)
            if face is not None:
                seen.append((frame.pixels, face))
    return seen


@pytest.fixture(scope="module")
def clip() -> Seen:
    return frames_of(ASSETS / "driving.mp4", every=EVERY)


@pytest.fixture(scope="module")
def usual(clip: Seen) -> Usual:
    found = usual_look([look_at(*each) for each in clip])
    assert found is not None
    return found


@pytest.fixture(scope="module")
def strangers() -> list[Look]:
    """The bundled portraits: other people, each seen after a cut."""
    tracker = make_tracker("mesh")
    looks = []
    for path in sorted((ASSETS / "portraits").glob("*.png")):
        tracker.reset()
        picture = open_picture(path)
        face = tracker.find(picture)
        assert face is not None
        looks.append(look_at(picture, replace(face, shot=7)))
    return looks


def reasons(usual: Usual, looks: list[Look]) -> Counter[str | None]:
    return Counter(reason_by_itself(look) or usual.reason_against(look) for look in looks)


def test_the_person_of_a_clip_is_kept(clip: Seen, usual: Usual) -> None:
    """All but the farthest turned."""
    kept = reasons(usual, [look_at(*each) for each in clip])
    assert kept[None] > 0.8 * len(clip)
    assert not kept["another person"]


def test_other_people_are_rejected(usual: Usual, strangers: list[Look]) -> None:
    assert reasons(usual, strangers) == {"another person": len(strangers)}


def test_whoever_is_seen_most_often_is_the_person(clip: Seen, strangers: list[Look]) -> None:
    own = [look_at(*each) for each in clip[:10]]
    found = usual_look([*strangers, *own])
    assert found is not None
    assert reasons(found, own)[None] >= 8
    assert reasons(found, strangers) == {"another person": len(strangers)}


@pytest.mark.parametrize("place", [13, 1, 205])
def test_a_hand_is_noticed(clip: Seen, usual: Usual, place: int) -> None:
    tracker = make_tracker("mesh")
    for picture, face in clip[::10]:
        spoiled = covered(picture, face, place=place)
        tracker.reset()
        again = tracker.find(spoiled)
        if again is not None:  # what is no face any more is left out, too
            assert judge(spoiled, replace(again, shot=face.shot, person=face.person), usual)


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (blurred, "blurred"),
        (lambda picture, face: darkened(picture), "badly lit"),
        (lambda picture, face: np.full_like(picture, 250), "badly lit"),
    ],
)
def test_what_is_badly_filmed_is_rejected(
    clip: Seen, usual: Usual, spoil: Callable[[Pixels, Face], Pixels], reason: str
) -> None:
    for picture, face in clip[::10]:
        assert judge(spoil(picture, face), face, usual) == reason


def test_small_and_cut_off_faces_need_no_comparison(clip: Seen) -> None:
    picture, face = clip[0]
    left, _, right, _ = face.box
    small = np.ascontiguousarray(picture[::8, ::8])
    assert judge(small, face.moved(1 / 8, (0.0, 0.0))) == "too small"
    cut = np.ascontiguousarray(picture[:, int((left + right) / 2) :])
    assert judge(cut, face.moved(1.0, (-int((left + right) / 2), 0.0))) == "cut off"
    assert judge(picture, face) is None


def test_nothing_usual_without_a_usable_look(clip: Seen) -> None:
    picture, face = clip[0]
    assert usual_look([]) is None
    assert usual_look([look_at(darkened(darkened(picture)), face)] * 3) is None


def test_every_reason_has_advice() -> None:
    assert set(ADVICE) == set(REASONS)


@pytest.mark.skipif(not DRIVING.is_dir(), reason="needs the clips of ../shared/media/driving")
def test_two_people_of_one_studio_are_told_apart() -> None:
    """Alike in pose, colours and light: the hardest pair of the clips at hand."""
    own = [look_at(*each) for each in frames_of(DRIVING / "d5.mp4", every=5)]
    others = [look_at(*each) for each in frames_of(DRIVING / "driving_d18.mp4", every=12)]
    others = [replace(look, seen_as=(1, 1)) for look in others]
    found = usual_look(own + others)
    assert found is not None
    assert reasons(found, own)[None] == len(own)
    assert reasons(found, others) == {"another person": len(others)}
