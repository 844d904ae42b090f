"""A person is filmed beside a running loop: guided, judged, thinned, and forgotten."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from threading import Event, Thread
from types import TracebackType
from typing import Self

import numpy as np
import pytest

from engine.appearances import PARTS
from engine.errors import InputError
from engine.faces.face import Face
from engine.frame import Frame, Pixels
from engine.reenactor import Reenactor
from engine.slot import LatestSlot
from stream.session.enrolment import MOST, NO_FACE, NO_PICTURE, Enrolment
from stream.session.filmed import LARGEST_CROP, Filmed, best_of, cropped
from stream.session.live_judge import LiveJudge
from stream.session.loop import FrameLoop
from stream.session.prompts import PROMPTS, Prompt, measured
from tests.faces_made import made_face
from tests.faces_spoiled import blurred
from tests.fakes import Shift, ShiftModel
from tests.people_filmed import FACES, SIDE, Actor, head

SOON_S = 20.0
PICTURE = head()


def until(question: Callable[[], object]) -> None:
    deadline = time.monotonic() + SOON_S
    while not question():
        assert time.monotonic() < deadline, "it never became true"
        time.sleep(0.01)


class Studio:
    """A loop with somebody before its camera."""

    def __init__(self) -> None:
        self.actor = Actor()
        self.picture: Pixels | None = PICTURE
        """None: the camera gives nothing."""
        made: Reenactor[Shift] = Reenactor(model=ShiftModel(), tracker=self.actor)
        made.set_portrait(PICTURE, FACES["straight"])
        self.source: LatestSlot[Frame] = LatestSlot()
        self.loop = FrameLoop(made, self.source)
        self._stopping = Event()
        self._camera = Thread(target=self._shoot, daemon=True)

    def __enter__(self) -> Self:
        self.loop.start()
        assert self.loop.wait_until_warm(SOON_S)
        self._camera.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stopping.set()
        self._camera.join()
        self.loop.stop()

    def _shoot(self) -> None:
        while not self._stopping.wait(1 / 30):
            if self.picture is not None:
                self.source.put(Frame(pixels=self.picture, captured_ns=time.monotonic_ns()))

    @contextmanager
    def filming(self, longest_s: float = 60.0) -> Iterator[Enrolment]:
        filming = Enrolment(self.loop, longest_s=longest_s)
        filming.start()
        try:
            yield filming
        finally:
            filming.stop()

    def act(self, filming: Enrolment, prompt: Prompt) -> None:
        """Do it until it is ticked."""
        self.actor.acts = prompt
        until(lambda: prompt in filming.progress.standing.done)


@pytest.fixture
def studio() -> Iterator[Studio]:
    with Studio() as running:
        yield running


@pytest.mark.slow
def test_a_person_who_does_what_is_asked_for_becomes_a_portrait(studio: Studio) -> None:
    with studio.filming() as filming:
        for prompt in PROMPTS[:4]:
            studio.act(filming, prompt)
        for prompt in PROMPTS[4:6]:
            filming.skip(prompt)
        for prompt in PROMPTS[6:8]:
            studio.act(filming, prompt)
        progress = filming.progress
        assert progress.standing.missing == ("ooh", "pucker", "left", "right")
        assert progress.standing.has_enough
        assert progress.trouble is None
    made = filming.take()
    assert made.picture is PICTURE
    assert made.face is FACES["straight"]
    assert {each.part for each in made.appearances} == set(PARTS)
    with pytest.raises(InputError, match="too little was filmed"):
        filming.take()  # nothing is kept a second time


def test_the_stream_goes_on_however_long_a_look_takes(studio: Studio) -> None:
    class Slow(LiveJudge):
        def __call__(self, picture: Pixels, face: Face, *, is_turned: bool = False) -> str | None:
            time.sleep(0.5)
            return None

    filming = Enrolment(studio.loop, judge=Slow())
    filming.start()
    until(lambda: filming.progress.kept == 1)
    before = studio.loop.report().frames
    until(lambda: filming.progress.kept == 3)
    assert studio.loop.report().frames - before > 10
    filming.stop()


@pytest.mark.parametrize(
    ("acts", "picture", "words"),
    [
        (None, PICTURE, NO_FACE),
        ("straight", np.maximum(PICTURE // 16, 1), "badly lit"),
        ("straight", None, NO_PICTURE),
    ],
)
def test_what_is_wrong_is_said_and_taken_back(
    studio: Studio, acts: Prompt | None, picture: Pixels | None, words: str
) -> None:
    with studio.filming() as filming:
        until(lambda: filming.progress.kept)
        studio.actor.acts, studio.picture = acts, picture
        until(lambda: words in (filming.progress.trouble or ""))
        assert filming.progress.standing.nearness == 0.0
        studio.actor.acts, studio.picture = "straight", PICTURE
        until(lambda: filming.progress.trouble is None)


@pytest.mark.parametrize(
    ("face", "is_turned", "words"),
    [
        (made_face(SIDE, scale=0.4), False, "too small: come nearer"),
        (made_face(SIDE, scale=1.4, shift=(110.0, 0.0)), False, "cut off"),
        (FACES["straight"], False, None),
    ],
)
def test_each_frame_is_judged_with_advice(face: Face, is_turned: bool, words: str | None) -> None:
    verdict = LiveJudge()(PICTURE, face, is_turned=is_turned)
    assert verdict is None if words is None else (verdict or "").startswith(words)


def test_another_person_is_refused_and_the_first_one_is_not() -> None:
    judge, other = LiveJudge(), head(150)[:, ::-1][..., ::-1].copy()
    first = replace(FACES["straight"], person=1)
    for _ in range(20):
        assert judge(PICTURE, first) is None
    assert (judge(other, replace(first, person=2)) or "").startswith("another person")
    assert judge(PICTURE, first) is None


def test_memory_is_bounded_and_the_unlike_ones_stay(studio: Studio) -> None:
    kept = [0]

    def was_thinned() -> bool:
        kept.append(filming.progress.kept)
        return kept[-1] < kept[-2]

    with studio.filming() as filming:
        studio.act(filming, "straight")
        studio.act(filming, "smile")
        studio.actor.acts = "straight"
        until(was_thinned)
    assert max(kept) <= MOST
    made = filming.take()
    assert "mouth" in {each.part for each in made.appearances}


def test_a_guide_that_is_left_open_ends_and_forgets(studio: Studio) -> None:
    with studio.filming(longest_s=0.5) as filming:
        until(lambda: filming.progress.is_over)
        until(lambda: filming.progress.kept == 0)
        with pytest.raises(InputError, match="too little"):
            filming.take()


def test_a_failure_ends_the_filming_and_not_the_stream(
    studio: Studio, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken(LiveJudge):
        def __call__(self, picture: Pixels, face: Face, *, is_turned: bool = False) -> str | None:
            raise ZeroDivisionError

    filming = Enrolment(studio.loop, judge=Broken())
    filming.start()
    until(lambda: filming.progress.is_over)
    assert "an enrolment failed" in caplog.text
    before = studio.loop.report().frames
    until(lambda: studio.loop.report().frames > before + 3)
    filming.stop()


@pytest.mark.parametrize("scale", [1.4, 3.0])
def test_a_crop_shows_the_same_face(scale: float) -> None:
    side = 1024
    face = made_face(side, scale=scale)
    crop = cropped(np.zeros((side, side, 3), np.uint8), face)
    assert max(crop.picture.shape) <= LARGEST_CROP
    left, top, right, bottom = crop.face.box
    rows, columns = crop.picture.shape[:2]
    assert (right - left) / (bottom - top) == pytest.approx(
        (face.box[2] - face.box[0]) / (face.box[3] - face.box[1]), rel=0.01
    )
    assert min(left, top) >= 0 or scale > 2.0
    assert (right <= columns and bottom <= rows) or scale > 2.0


def test_the_sharpest_of_the_straight_ones_with_open_eyes_is_chosen() -> None:
    face = FACES["straight"]
    soft = Filmed(picture=blurred(PICTURE, face), face=face)
    sharp, turned, blinking = (Filmed(picture=PICTURE, face=face) for _ in range(3))
    now = measured(face)
    asleep = replace(now, aperture=0.6 * now.aperture)
    away = replace(now, yaw_deg=18.0)
    assert best_of([(away, turned), (asleep, blinking), (now, soft), (now, sharp)]) is sharp


def test_every_prompt_has_its_act() -> None:
    assert tuple(FACES) == PROMPTS
