"""The virtual camera always has a picture: the still one, the newest, or the last one again."""

from collections.abc import Iterator

import numpy as np
import pytest

from engine.errors import MachineError
from engine.frame import Frame, Pixels
from engine.slot import LatestSlot
from stream.live.pace import LATEST, SOONEST, Pace
from stream.live.virtual_camera import VirtualCamera, open_camera
from tests.virtual_camera_fake import FakeBackend, wait_until

pyvirtualcam = pytest.importorskip("pyvirtualcam", reason="the extra `camera` is not installed")

WIDTH, HEIGHT = 64, 48


def flat(level: int) -> Pixels:
    return np.full((HEIGHT, WIDTH, 3), level, np.uint8)


def frame(level: int) -> Frame:
    return Frame(pixels=flat(level), captured_ns=0)


@pytest.fixture(autouse=True)
def backend(monkeypatch: pytest.MonkeyPatch) -> None:
    """The real backends are put aside: a machine may have a device that must stay untouched."""
    monkeypatch.setattr(pyvirtualcam.camera, "BACKENDS", {"fake": FakeBackend})
    monkeypatch.setattr(FakeBackend, "made", [])
    monkeypatch.setattr(FakeBackend, "is_there", True)
    monkeypatch.setattr(FakeBackend, "fails_after", None)


@pytest.fixture
def slot() -> LatestSlot[Frame]:
    return LatestSlot()


@pytest.fixture
def camera(slot: LatestSlot[Frame]) -> Iterator[VirtualCamera]:
    camera = VirtualCamera(slot, flat(40), fps=50.0, again_s=0.01)
    camera.start()
    yield camera
    camera.stop()


def levels(backend: FakeBackend) -> list[int]:
    """What a reader saw, one level per picture."""
    return [int(picture[0, 0, 0]) for picture in backend.pictures()]


def test_before_the_first_result_the_still_picture_is_shown(camera: VirtualCamera) -> None:
    wait_until(lambda: len(FakeBackend.made[0].sent) > 3)
    assert levels(FakeBackend.made[0])[0] == pytest.approx(40, abs=1)
    assert camera.device == "fake"


def test_results_follow_in_order_and_the_last_one_stays(
    camera: VirtualCamera, slot: LatestSlot[Frame]
) -> None:
    sink = FakeBackend.made[0]
    assert sink.came.wait(10)
    for level in (80, 120, 160):
        slot.put(frame(level))
        wait_until(lambda level=level: abs(levels(sink)[-1] - level) <= 1)
    count, repeats = len(sink.sent), camera.repeats
    wait_until(lambda: len(sink.sent) >= count + 5)
    assert camera.repeats >= repeats + 4
    seen = levels(sink)
    assert set(seen[count:]) <= {159, 160, 161}
    assert sorted(seen) == seen, "never back, never grey"


def test_i420_passes_as_it_is_and_its_colours_are_right(slot: LatestSlot[Frame]) -> None:
    picture = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    picture[:, :32], picture[:, 32:] = (220, 40, 60), (30, 120, 200)
    camera = VirtualCamera(slot, picture)
    camera.start()
    sink = FakeBackend.made[0]
    assert sink.came.wait(10)
    camera.stop()
    assert sink.sent[0][1].shape == (WIDTH * HEIGHT * 3 // 2,)
    difference = np.abs(sink.pictures()[0][:, [8, 56]].astype(int) - picture[:, [8, 56]])
    assert difference.max() <= 3


def test_a_camera_that_fails_is_opened_again(
    camera: VirtualCamera, slot: LatestSlot[Frame]
) -> None:
    wait_until(lambda: bool(FakeBackend.made[0].sent))
    FakeBackend.fails_after = 0
    wait_until(lambda: len(FakeBackend.made) > 1 and bool(FakeBackend.made[1].sent))
    assert FakeBackend.made[0].is_closed
    slot.put(frame(200))
    wait_until(lambda: abs(levels(FakeBackend.made[1])[-1] - 200) <= 1)  # it has shown one
    assert camera.failures == 1


def test_stopping_takes_the_camera_away(slot: LatestSlot[Frame]) -> None:
    camera = VirtualCamera(slot, flat(40))
    camera.start()
    camera.stop()
    assert FakeBackend.made[0].is_closed
    count = len(FakeBackend.made[0].sent)
    slot.put(frame(90))
    assert len(FakeBackend.made[0].sent) == count


def test_a_machine_without_a_virtual_camera_is_told_what_to_do() -> None:
    FakeBackend.is_there = False
    with pytest.raises(MachineError, match="understudy doctor"):
        open_camera(WIDTH, HEIGHT, None)


def test_an_install_without_the_extra_is_told_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyvirtualcam", None)
    with pytest.raises(MachineError, match=r"-e .\.\[camera\]"):
        open_camera(WIDTH, HEIGHT, None)


def test_a_new_picture_is_shown_at_once_but_not_faster_than_the_rate() -> None:
    pace = Pace(fps=10.0)
    assert pace.new_allowed_s(5.0) == 0.0
    pace.shown(5.0, is_new=True)
    assert pace.new_allowed_s(5.0) == pytest.approx(SOONEST / 10)
    assert pace.new_allowed_s(5.0 + SOONEST / 10) == pytest.approx(0.0)


def test_a_picture_is_repeated_when_a_new_one_is_clearly_late_and_then_in_time() -> None:
    pace = Pace(fps=10.0)
    assert pace.repeat_due_s(5.0) == 0.0
    pace.shown(5.0, is_new=True)
    assert pace.repeat_due_s(5.0) == pytest.approx(LATEST / 10)
    pace.shown(5.15, is_new=False)
    assert pace.repeat_due_s(5.15) == pytest.approx(0.1)
    assert pace.new_allowed_s(5.16) == 0.0, "what comes after a repetition is late already"


@pytest.mark.parametrize("jitter", [0.0, 0.004, -0.004])
def test_a_camera_of_the_same_rate_is_never_repeated_nor_thinned_out(jitter: float) -> None:
    pace = Pace(fps=30.0)
    shown: list[float] = []
    arrivals = [index / 30 + (jitter if index % 2 else 0.0) for index in range(60)]
    now = 0.0
    for arrival in arrivals:
        allowed = max(arrival, now + pace.new_allowed_s(now))
        assert not shown or allowed <= now + pace.repeat_due_s(now)
        now = allowed
        pace.shown(now, is_new=True)
        shown.append(now - arrival)
    assert max(shown) == pytest.approx(0.0, abs=1e-9)
