"""Frames come as the source gives them, newest wins, and what dies is picked up again."""

import http.server
import io
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from fractions import Fraction
from itertools import chain, repeat
from pathlib import Path
from threading import Event, Thread
from types import SimpleNamespace

import av
import numpy as np
import pytest
from PIL import Image

from engine.errors import InputError, MachineError
from engine.frame import Frame, Pixels
from engine.slot import LatestSlot
from stream.files.clips import Clip
from stream.live.cameras import Opened, Place, place_of
from stream.live.reader import captured_at
from stream.live.source import MOST_HANGING, LiveSource
from stream.live.torn_jpeg import TornJpeg
from tests.camera_fake import FakeContainer, FakePacket, now_us, opened, plain
from tests.video_files import make_clip
from tests.virtual_camera_fake import wait_until

CAMERA = Place(kind="camera", name="/dev/video7")


class Collector(LatestSlot[Frame]):
    """A slot that remembers all that was put into it."""

    def __init__(self) -> None:
        super().__init__()
        self.frames: list[Frame] = []

    def put(self, item: Frame) -> None:
        self.frames.append(item)
        super().put(item)

    def levels(self) -> list[int]:
        return [int(frame.pixels[0, 0, 0]) for frame in self.frames]


def test_a_camera_that_dies_is_opened_again_until_it_is_back() -> None:
    first, second = FakeContainer([10, 20]), FakeContainer([30, 40] + [50] * 1000)
    tries = iter([first, None, None, second])
    asked: list[Place] = []

    def opener(place: Place) -> Opened:
        asked.append(place)
        container = next(tries)
        if container is None:
            raise MachineError("the camera cannot be opened")
        return opened(container)

    slot = Collector()
    source = LiveSource(CAMERA, slot, opener=opener, again_s=0.01)
    source.start()
    wait_until(lambda: 40 in slot.levels())
    assert source.stop()
    assert slot.levels()[:4] == [10, 20, 30, 40]
    assert (source.returns, len(asked)) == (1, 4)
    assert first.is_closed
    assert source.describes == "64 x 48 fake"
    assert source.state == "ended"


def test_while_the_camera_is_away_the_source_says_so() -> None:
    tries = iter([opened(FakeContainer([10]))])

    def opener(place: Place) -> Opened:
        found = next(tries, None)
        if found is None:
            raise MachineError("gone")
        return found

    source = LiveSource(CAMERA, Collector(), opener=opener, again_s=0.01)
    source.start()
    wait_until(lambda: source.state == "away")
    assert not source.ended.is_set()
    assert source.rate == 0.0
    assert source.stop()


def test_a_camera_that_cannot_be_opened_at_first_is_an_error_at_once() -> None:
    def opener(place: Place) -> Opened:
        raise MachineError("no")

    with pytest.raises(MachineError):
        LiveSource(CAMERA, Collector(), opener=opener)


def test_a_source_that_was_never_started_is_closed() -> None:
    container = FakeContainer([10])
    source = LiveSource(CAMERA, Collector(), opener=lambda place: opened(container))
    assert source.stop()
    assert container.is_closed


def test_the_real_rate_is_measured() -> None:
    """The stamps are 40 ms apart, whatever the test machine does."""
    began = time.monotonic_ns() // 1000 - 1_900_000
    holds = Event()

    def stamp(index: int) -> int:
        if index == 20:
            holds.wait(10)
        return began + index * 40_000

    slot = Collector()
    container = FakeContainer([10] * 21, interval_s=0.0, stamps=stamp)
    source = LiveSource(CAMERA, slot, opener=lambda place: opened(container), again_s=60.0)
    source.start()
    wait_until(lambda: len(slot.frames) == 20)
    assert source.rate == pytest.approx(25.0)
    holds.set()
    assert source.stop()


def test_pictures_that_waited_in_the_driver_are_not_decoded() -> None:
    """Twenty come in time; then ten that are old already; then fresh ones again."""
    began_us = time.monotonic_ns() // 1000

    def stamp(index: int) -> int:
        now = time.monotonic_ns() // 1000
        return now - 900_000 if 20 <= index < 30 else now

    container = FakeContainer([index + 1 for index in range(40)], interval_s=0.01, stamps=stamp)
    slot = Collector()
    source = LiveSource(CAMERA, slot, opener=lambda place: opened(container), again_s=60.0)
    source.start()
    wait_until(lambda: 40 in container.decoded)
    assert source.stop()
    assert began_us > 0
    assert not set(range(21, 31)) & set(container.decoded)
    assert source.skipped >= 10


def test_a_slow_cameras_own_delay_is_not_mistaken_for_waiting() -> None:
    container = FakeContainer(
        list(range(1, 31)), interval_s=0.01, stamps=lambda index: now_us(0) - 300_000
    )
    slot = Collector()
    source = LiveSource(CAMERA, slot, opener=lambda place: opened(container), again_s=60.0)
    source.start()
    wait_until(lambda: source.state == "away")
    assert source.stop()
    assert len(container.decoded) > 20


@pytest.mark.parametrize(
    ("stamp", "expected"),
    [
        (7_000_000, 7_000_000_000),
        (6_990_000, 6_990_000_000),
        (1_000, 7_000_000_000),
        (9_000_000, 7_000_000_000),
        (1_760_000_000_000_000, 7_000_000_000),
        (None, 7_000_000_000),
    ],
)
def test_only_a_stamp_of_this_clock_is_believed(stamp: int | None, expected: int) -> None:
    picture = av.VideoFrame(64, 48, "rgb24")
    picture.pts, picture.time_base = stamp, Fraction(1, 1_000_000)
    assert captured_at(picture, now=lambda: 7_000_000_000) == expected


def test_a_clip_plays_in_its_own_time_and_ends(tmp_path: Path) -> None:
    pictures = [np.full((48, 64, 3), 20 * index + 20, np.uint8) for index in range(8)]
    path = make_clip(tmp_path / "clip.mp4", pictures, rate=20)
    slot = Collector()
    source = LiveSource(Place(kind="file", name=str(path)), slot)
    assert source.describes == "64 x 48 clip, 20 frames/s"
    began = time.monotonic()
    source.start()
    assert source.ended.wait(10)
    assert time.monotonic() - began >= 7 / 20
    assert slot.levels() == pytest.approx([20 * index + 20 for index in range(8)], abs=2)
    times = [frame.captured_ns for frame in slot.frames]
    assert sorted(times) == times
    assert source.stop()


def test_a_clip_can_run_again_and_again(tmp_path: Path) -> None:
    path = make_clip(tmp_path / "clip.mp4", [np.full((48, 64, 3), 90, np.uint8)] * 3, rate=60)
    slot = Collector()
    source = LiveSource(Place(kind="file", name=str(path)), slot, loop=True)
    source.start()
    wait_until(lambda: len(slot.frames) > 9)
    assert source.stop()


def test_a_missing_clip_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no file"):
        LiveSource(Place(kind="file", name=str(tmp_path / "gone.mp4")), Collector())


def test_large_pictures_are_made_smaller() -> None:
    class Large(FakePacket):
        def decode(self) -> list[av.VideoFrame]:
            return [av.VideoFrame(1920, 1080, "yuv420p")]

    container = FakeContainer([1], dies=False)
    container.demux = lambda *streams: iter([Large(1, None, [])])  # type: ignore[method-assign]
    slot = Collector()
    source = LiveSource(CAMERA, slot, opener=lambda place: opened(container), again_s=60.0)
    source.start()
    wait_until(lambda: bool(slot.frames))
    assert source.stop()
    assert slot.frames[0].pixels.shape == (720, 1280, 3)


class Damaged(FakePacket):
    """A packet of which no picture can be made."""

    def __init__(self, error: Exception) -> None:
        super().__init__(0, None, [])
        self.stream = SimpleNamespace(codec_context=SimpleNamespace(flush_buffers=lambda: None))
        self._problem = error

    def decode(self) -> list[av.VideoFrame]:
        raise self._problem


class Scripted(FakeContainer):
    """Gives these packets, and raises the exceptions between them where a packet would come."""

    def __init__(self, script: list[FakePacket | Exception | Event]) -> None:
        super().__init__([])
        self._script = script

    def demux(self, *streams: object) -> Iterator[FakePacket]:
        for item in self._script:
            time.sleep(0.005)
            if isinstance(item, Exception):
                raise item
            if isinstance(item, Event):
                item.wait(30)
            else:
                yield item


def good(level: int) -> FakePacket:
    return FakePacket(level, None, [])


ODD = [
    av.error.InvalidDataError(1094995529, "Invalid data found when processing input"),
    av.error.EOFError(541478725, "End of file"),
    av.error.BlockingIOError(11, "Resource temporarily unavailable"),
    ValueError("unknown pixel format"),
    MemoryError(),
]


@pytest.mark.parametrize("is_camera", [True, False])
def test_damaged_packets_are_left_out_and_counted(is_camera: bool) -> None:
    """Even if the first is one of them."""
    script: list[FakePacket | Exception | Event] = [Damaged(error) for error in ODD]
    script.insert(1, good(10))
    script += [good(20), Event()]
    asked: list[Place] = []

    def opener(place: Place) -> Opened:
        asked.append(place)
        return opened(Scripted(script), is_camera=is_camera)

    slot = Collector()
    source = LiveSource(CAMERA, slot, opener=opener, again_s=0.01)
    source.start()
    wait_until(lambda: 20 in slot.levels())
    assert slot.levels() == [10, 20]
    assert (source.damaged, source.state, len(asked)) == (len(ODD), "running", 1)
    source.stop()


def test_a_damaged_motion_jpeg_picture_costs_only_itself(tmp_path: Path) -> None:
    """The real decoder: two are garbage, the first among them, and one lacks its last lines."""
    path = tmp_path / "camera.avi"
    with av.open(str(path), "w") as file:
        stream = file.add_stream("mjpeg", rate=30)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuvj420p"
        for index in range(12):
            noise = np.random.default_rng(index).integers(0, 255, (48, 64, 3), np.uint8)
            picture = av.VideoFrame.from_ndarray(noise, format="rgb24")
            picture = picture.reformat(format="yuvj420p")
            picture.pts, picture.time_base = index, Fraction(1, 30)
            for packet in stream.encode(picture):
                if index in (0, 5, 9):
                    data = bytes(packet)
                    torn = data[: len(data) - 200] if index == 9 else b"\xa8\x0a" + data[2:100]
                    cut = av.Packet(torn)
                    cut.pts, cut.dts, cut.time_base = packet.pts, packet.dts, packet.time_base
                    cut.stream, cut.is_keyframe = stream, True
                    packet = cut
                file.mux(packet)
    asked: list[Place] = []

    def opener(place: Place) -> Opened:
        asked.append(place)
        return Opened(container=av.open(str(path)), describes="", is_camera=True)

    slot = Collector()
    source = LiveSource(CAMERA, slot, opener=opener, again_s=60.0)
    source.start()
    wait_until(lambda: source.state == "away")
    assert source.stop()
    assert len(slot.frames) == 9
    assert source.damaged == 3
    assert len(asked) == 1


@pytest.mark.parametrize("error", ODD, ids=lambda error: type(error).__name__)
def test_whatever_ends_an_opening_the_source_is_opened_again(error: Exception) -> None:
    tries: list[Scripted | Exception] = [
        Scripted([good(10), error]),
        error,
        Scripted([good(20), Event()]),
    ]

    def opener(place: Place) -> Opened:
        found = tries.pop(0)
        if isinstance(found, Exception):
            raise found
        return opened(found)

    slot = Collector()
    source = LiveSource(CAMERA, slot, opener=opener, again_s=0.01)
    source.start()
    wait_until(lambda: 20 in slot.levels())
    assert (source.state, source.returns) == ("running", 1)
    source.stop()


def test_a_driver_that_blocks_is_noticed_said_and_opened_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    freed = Event()
    first = Scripted([good(10), freed, good(15)])
    tries = [first, Scripted([good(20), freed])]
    slot = Collector()
    source = LiveSource(
        CAMERA, slot, opener=lambda place: opened(tries.pop(0)), again_s=0.01, blocked_s=0.3
    )
    source.start()
    wait_until(lambda: 20 in slot.levels())
    assert "went away (nothing came for 0.3 s)" in caplog.text
    assert "is back" in caplog.text
    assert not source.stop(), "one hangs"
    freed.set()
    wait_until(lambda: first.is_closed)
    assert slot.levels() == [10, 20], "what comes too late is not shown"
    wait_until(source.stop)


def test_a_camera_that_gives_nothing_but_damage_is_opened_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    broken: list[FakePacket | Exception | Event] = [Damaged(ODD[0]) for _ in range(1000)]
    tries = [Scripted(broken), Scripted([good(20), Event()])]
    slot = Collector()
    source = LiveSource(
        CAMERA, slot, opener=lambda place: opened(tries.pop(0)), again_s=0.01, blocked_s=0.2
    )
    source.start()
    wait_until(lambda: 20 in slot.levels())
    source.stop()
    assert "nothing but damage came" in caplog.text


def test_a_driver_that_does_not_even_open_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stream.live.source.OPENS_S", 0.2)
    late = FakeContainer([10])
    freed = Event()

    def opener(place: Place) -> Opened:
        freed.wait(30)
        return opened(late)

    with pytest.raises(MachineError, match=r"does not answer.*unplug it"):
        LiveSource(CAMERA, Collector(), opener=opener)
    freed.set()
    wait_until(lambda: late.is_closed)


def test_drivers_that_hang_again_and_again_do_not_pile_up() -> None:
    asked: list[Place] = []
    hangs = Event()

    def opener(place: Place) -> Opened:
        asked.append(place)
        return opened(Scripted([hangs]))

    source = LiveSource(CAMERA, Collector(), opener=opener, again_s=0.01, blocked_s=0.01)
    source.start()
    wait_until(lambda: len(asked) == MOST_HANGING)
    time.sleep(0.3)
    assert len(asked) == MOST_HANGING
    source.stop()
    hangs.set()


def test_a_clip_that_fails_on_its_way_is_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make_clip(tmp_path / "clip.mp4", [plain(90)] * 3, rate=60)
    source = LiveSource(Place(kind="file", name=str(path)), Collector(), loop=True)

    def fails(clip: Clip) -> Iterator[Frame]:
        raise MemoryError

    monkeypatch.setattr(Clip, "frames", fails)
    source.start()
    assert source.ended.wait(10)
    assert source.state == "ended"


@contextmanager
def phone(*pictures: Pixels) -> Iterator[str]:
    """The address of one that sends these as Motion JPEG, the last again and again."""
    jpegs = []
    for pixels in pictures:
        jpeg = io.BytesIO()
        Image.fromarray(pixels).save(jpeg, "JPEG")
        jpegs.append(jpeg.getvalue())
    part = b"--part\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n%s\r\n"

    class Phone(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=part")
            self.end_headers()
            with suppress(OSError):
                for jpeg in chain(jpegs, repeat(jpegs[-1])):
                    self.wfile.write(part % (len(jpeg), jpeg))
                    time.sleep(0.02)

        def log_message(self, *args: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Phone) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/video"
        server.shutdown()


def test_a_phone_that_sends_motion_jpeg_over_http_is_a_camera() -> None:
    slot = Collector()
    with phone(plain(90)) as address:
        source = LiveSource(place_of(address), slot)
        source.start()
        wait_until(lambda: len(slot.frames) > 5)
        assert source.stop()
    assert slot.levels()[-1] == pytest.approx(90, abs=3)


def test_a_phone_that_goes_on_with_smaller_pictures_shows_them_whole() -> None:
    slot = Collector()
    large, small = np.full((96, 128, 3), 90, np.uint8), np.full((48, 64, 3), 90, np.uint8)
    with phone(large, small) as address:
        source = LiveSource(place_of(address), slot)
        source.start()
        wait_until(lambda: len(slot.frames) > 5)
        assert source.stop()
    assert slot.frames[-1].pixels.shape == small.shape
    assert source.damaged == 0


def test_a_camera_whose_first_pictures_are_cut_short_shows_none_of_them() -> None:
    jpeg, end = b"\xff\xd8 lines", b"\xff\xd9"
    torn = TornJpeg()
    assert all(torn.is_torn(jpeg) for _ in range(5))
    assert not torn.is_torn(jpeg + end)
    assert torn.is_torn(jpeg)


def test_a_camera_that_never_ends_its_pictures_is_believed_after_a_moment() -> None:
    jpeg, end = b"\xff\xd8 lines", b"\xff\xd9"
    torn = TornJpeg()
    assert [torn.is_torn(jpeg) for _ in range(20)] == [True] * 10 + [False] * 10
    assert not any(torn.is_torn(jpeg + end + bytes(300)) for _ in range(20))
    assert torn.is_torn(jpeg)
    assert torn.is_torn(jpeg + bytes(300))
