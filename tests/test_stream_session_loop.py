"""The loop gives what the step gives, drops instead of waiting, and outlives what goes wrong."""

import time
from collections.abc import Callable
from functools import partial
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import pytest
from av import VideoFrame

from engine.faces.face import Face
from engine.faces.mesh_tracker import MeshTracker
from engine.frame import Frame, Pixels
from engine.framing import fit_portrait
from engine.pictures import open_picture
from engine.reenactor import Reenactor
from engine.rig.model import RigModel
from engine.slot import LatestSlot
from stream.files.clips import Clip
from stream.session.loop import FAILED_S, SILENT_S, FrameLoop
from stream.webrtc.camera_source import CameraSource
from tests.fakes import (
    DiscTracker,
    Shift,
    ShiftModel,
    disc_face,
    disc_frame,
    disc_mask,
    disc_picture,
)

PORTRAIT = disc_picture(160, 120, (80, 60))
MEDIA = Path(__file__).parents[2] / "shared" / "media"
PLACES = [(60, 60), (62, 60), (70, 64), (85, 60), (80, 50), (75, 60)]
SOON_S = 5.0


class FaultyTracker(DiscTracker):
    """Fails, or takes its time, for as long as it is told to."""

    is_broken = False
    delay_s = 0.0

    def find(self, picture: Pixels, now_ns: int | None = None) -> Face | None:
        time.sleep(self.delay_s)
        if self.is_broken:
            raise ZeroDivisionError("the model failed")
        return super().find(picture)


def reenactor(tracker: DiscTracker | None = None) -> Reenactor[Shift]:
    made = Reenactor(model=ShiftModel(), tracker=tracker or DiscTracker())
    made.set_portrait(PORTRAIT, disc_face((80, 60), 20))
    return made


def loop(tracker: DiscTracker | None = None) -> FrameLoop[Shift]:
    return FrameLoop(reenactor(tracker), LatestSlot())


def feed(running: FrameLoop[Shift], frame: Frame) -> None:
    assert isinstance(running.source, LatestSlot)
    running.source.put(frame)


def now_frame(centre: tuple[float, float] | None) -> Frame:
    return Frame(pixels=disc_picture(160, 120, centre), captured_ns=time.monotonic_ns())


def eventually(condition: Callable[[], bool]) -> bool:
    until = time.monotonic() + SOON_S
    while not condition() and time.monotonic() < until:
        time.sleep(0.005)
    return condition()


def test_frames_through_the_loop_give_the_same_pictures_as_the_step() -> None:
    offline = reenactor()
    with loop() as running:
        results = running.subscribe()
        for index, place in enumerate(PLACES):
            feed(running, disc_frame(index, place))
            shown = results.take(SOON_S)
            assert shown is not None
            expected = offline.step(disc_frame(index, place))
            np.testing.assert_array_equal(shown.pixels, expected.pixels)
            assert shown.captured_ns == expected.captured_ns


def test_a_step_that_is_too_slow_drops_frames_and_stays_at_the_newest() -> None:
    tracker = FaultyTracker()
    tracker.delay_s = 0.05
    with loop(tracker) as running:
        assert running.wait_until_warm(SOON_S)
        for _ in range(40):
            feed(running, now_frame((60, 60)))
            time.sleep(0.01)
        last = now_frame((66, 60))
        feed(running, last)
        assert eventually(
            lambda: running.newest is not None and running.newest.captured_ns == last.captured_ns
        )
        report = running.report()
    assert report.drops >= 20
    assert report.frames + report.drops == 41
    # One step of delay, and at most one more that was under way when the frame came.
    assert max(report.stages_ms["wait"].values()) < 40 * 0.05 * 1e3


def test_two_sinks_get_every_result_and_one_may_leave() -> None:
    with loop() as running:
        first, second = running.subscribe(), running.subscribe()
        feed(running, disc_frame(0, (60, 60)))
        assert first.take(SOON_S) is not None
        assert second.take(SOON_S) is not None
        running.unsubscribe(first)
        feed(running, disc_frame(1, (60, 60)))
        assert second.take(SOON_S) is not None
        assert first.take() is None


def test_a_model_that_fails_leaves_the_last_picture_and_the_loop_alive(
    caplog: pytest.LogCaptureFixture,
) -> None:
    tracker = FaultyTracker()
    with loop(tracker) as running:
        results = running.subscribe()
        feed(running, disc_frame(0, (60, 60)))
        before = results.take(SOON_S)
        tracker.is_broken = True
        feed(running, disc_frame(1, (90, 60)))
        assert eventually(lambda: running.report().failures == 1)
        assert running.newest is before
        tracker.is_broken = False
        feed(running, disc_frame(2, (62, 60)))
        assert results.take(SOON_S) is not None
    assert "a step failed" in caplog.text


class FaultySource(LatestSlot[Frame]):
    """Raises this instead of giving a frame."""

    error: Exception | None = None

    def take(self, timeout_s: float | None = 0.0) -> Frame | None:
        if self.error is not None:
            raise self.error
        return super().take(timeout_s)


@pytest.mark.parametrize(
    "error", [ValueError("bad picture"), MemoryError(), cv2.error("resize"), OSError(5, "I/O")]
)
def test_a_frame_that_cannot_be_taken_is_counted_and_the_next_one_comes(error: Exception) -> None:
    source = FaultySource()
    with FrameLoop(reenactor(), source) as running:
        results = running.subscribe()
        source.put(disc_frame(0, (60, 60)))
        assert results.take(SOON_S) is not None
        source.error = error
        assert eventually(lambda: running.report().failures >= 2)
        source.error = None
        source.put(disc_frame(1, (62, 60)))
        assert eventually(lambda: running.report().frames == 2)


def test_a_source_that_only_fails_keeps_no_processor_busy_and_the_portrait_eases_to_rest() -> None:
    source = FaultySource()
    with FrameLoop(reenactor(), source) as running:
        results = running.subscribe()
        for index, x in enumerate((60, 100)):
            source.put(disc_frame(index, (x, 60)))
            assert results.take(SOON_S) is not None
        before = running.report().failures
        source.error = ValueError("bad picture")
        began_s = time.monotonic()
        assert eventually(
            lambda: running.newest is not None and np.array_equal(running.newest.pixels, PORTRAIT)
        )
        failures = running.report().failures - before
        assert failures <= (time.monotonic() - began_s) / FAILED_S + 2


def has_failed(running: FrameLoop[Shift], times: int) -> bool:
    return running.report().failures == times


@pytest.mark.parametrize("size", [(8192, 2), (2, 8192), (1, 1), (16, 4), (4098, 2304)])
def test_camera_pictures_of_an_absurd_size_are_refused_and_the_loop_goes_on(
    size: tuple[int, int],
) -> None:
    source = CameraSource()
    with FrameLoop(reenactor(), source) as running:
        results = running.subscribe()
        for index in range(3):
            source._put(VideoFrame(*size, "yuv420p" if min(size) > 1 else "rgb24"))
            assert eventually(partial(has_failed, running, index + 1))
        ordinary = VideoFrame.from_ndarray(disc_picture(160, 120, (60, 60)), format="rgb24")
        source._put(ordinary)
        assert results.take(SOON_S) is not None
    assert running.report().frames == 1


def test_a_source_that_dies_and_returns_is_picked_up_again() -> None:
    with loop() as running:
        results = running.subscribe()
        feed(running, disc_frame(0, (60, 60)))
        assert results.take(SOON_S) is not None
        assert results.take(0.3) is None
        assert running.newest is not None
        feed(running, disc_frame(30, (61, 60)))
        assert results.take(SOON_S) is not None


def test_a_source_that_stopped_lets_the_portrait_ease_to_rest() -> None:
    with loop() as running:
        results = running.subscribe()
        for index, x in enumerate((60, 100)):
            feed(running, disc_frame(index, (x, 60)))
            assert results.take(SOON_S) is not None
        shown = [frame.pixels for frame in iter(lambda: results.take(SILENT_S + 1.5), None)]
        frames = running.report().frames
    assert len(shown) > 5
    np.testing.assert_array_equal(shown[-1], PORTRAIT)
    places = [float(np.nonzero(disc_mask(each))[1].mean()) for each in shown]
    assert places == sorted(places, reverse=True)
    assert places[0] > 110
    assert frames == 2


def test_who_watches_the_driver_gets_each_frame_with_its_face() -> None:
    with loop() as running:
        watched = running.watch_driver()
        sent = now_frame((60, 60))
        feed(running, sent)
        driven = watched.take(SOON_S)
        assert driven is not None
        assert driven.frame.pixels is sent.pixels
        assert driven.face is not None
        assert tuple(driven.face.landmarks[468, :2].round()) == (60, 60)
        feed(running, now_frame(None))
        driven = watched.take(SOON_S)
        assert driven is not None
        assert driven.face is None
        running.unwatch_driver(watched)
        assert watched.is_closed
        feed(running, now_frame((60, 60)))
        assert watched.take(0.1) is None


def test_while_paused_the_last_picture_stays() -> None:
    with loop() as running:
        results = running.subscribe()
        feed(running, disc_frame(0, (60, 60)))
        assert results.take(SOON_S) is not None
        running.is_paused = True
        feed(running, disc_frame(1, (90, 60)))
        assert results.take(0.3) is None
        running.is_paused = False
        feed(running, disc_frame(2, (62, 60)))
        assert results.take(SOON_S) is not None


def test_it_stops_within_a_second_and_closes_its_slots() -> None:
    running = loop()
    running.start()
    sink = running.subscribe()
    began = time.monotonic()
    assert running.stop()
    assert time.monotonic() - began < 1.0
    assert sink.is_closed
    assert isinstance(running.source, LatestSlot)
    assert running.source.is_closed


def test_warming_up_leaves_no_trace() -> None:
    with loop() as running:
        assert running.wait_until_warm(SOON_S)
        report = running.report()
    assert (report.frames, report.failures, report.neutral, report.sees_face) == (
        0,
        0,
        "none yet",
        False,
    )


def test_the_report_has_each_stage_and_the_way_to_the_sink() -> None:
    with loop() as running:
        results = running.subscribe()
        for _ in range(3):
            feed(running, now_frame((60, 60)))
            shown = results.take(SOON_S)
            assert shown is not None
            running.shown(shown)
        report = running.report()
    assert {"wait", "find", "read", "render", "step"} <= set(report.stages_ms)
    assert report.sees_face
    assert report.neutral == "automatic"
    assert report.end_to_end_ms["p50"] >= report.stages_ms["step"]["p50"]


@pytest.mark.slow
@pytest.mark.skipif(not MEDIA.is_dir(), reason=f"needs the clips of {MEDIA}")
def test_a_real_face_through_the_loop_gives_what_the_step_gives() -> None:
    clip = Clip(MEDIA / "driving" / "d5.mp4")
    picture = open_picture(MEDIA / "portraits" / "astronaut.png")
    model, tracker = RigModel(), MeshTracker()
    face = tracker.find(picture)
    assert face is not None
    fitted = fit_portrait(picture, face, frame="face", size=256)
    tracker.reset()
    offline = Reenactor(model=model, tracker=tracker)
    offline.set_portrait(*fitted)
    frames = list(islice(clip.frames(), 24))
    expected = [
        offline.step(Frame(pixels=each.pixels, captured_ns=each.captured_ns)) for each in frames
    ]

    live = Reenactor(model=model, tracker=MeshTracker())
    live.set_portrait(*fitted)
    slot: LatestSlot[Frame] = LatestSlot()
    with FrameLoop(live, slot) as running:
        results = running.subscribe()
        for each, wanted in zip(frames, expected, strict=True):
            slot.put(each)
            shown = results.take(SOON_S)
            assert shown is not None
            np.testing.assert_array_equal(shown.pixels, wanted.pixels)


def test_pictures_go_on_without_frames_while_something_else_moves_them() -> None:
    asked: list[int] = []
    source = LatestSlot[Frame]()

    def goes_on(now_ns: int) -> bool:
        asked.append(now_ns)
        return True

    with FrameLoop(reenactor(), source, goes_on=goes_on) as running:
        sink = running.subscribe()
        assert running.wait_until_warm(SOON_S)
        times = [result.captured_ns for _ in range(4) if (result := sink.take(SOON_S)) is not None]
    assert len(times) == 4
    assert times == sorted(times)
    assert asked
