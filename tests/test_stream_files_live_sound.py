"""What a file hears of a live stream: at its time, silence where nothing came, no seams."""

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from fractions import Fraction
from pathlib import Path
from threading import Event, Timer

import av
import numpy as np
import pytest
from PIL import Image

from engine.errors import InputError
from engine.frame import Frame
from stream.files.clip_writer import clip_writer
from stream.files.live_sound import RATE_HZ, Alignment, LiveSound
from stream.live.job import LiveJob, LiveReport
from stream.live.run import live
from tests.fakes import DiscTracker, ShiftModel, disc_picture
from tests.video_files import click, heard_at, make_clip, pictures_of

FRAME_S = 1 / 30
BEGAN_NS = 5_000_000_000
PIECE = 960


def piece(*, is_loud: bool, samples: int = PIECE) -> av.AudioFrame:
    wave = np.sin(np.arange(samples) * 2 * np.pi * 1000 / RATE_HZ) * (0.9 if is_loud else 0.0)
    made = av.AudioFrame.from_ndarray(wave.astype(np.float32)[None], format="fltp", layout="mono")
    made.sample_rate = RATE_HZ
    return made


def film(path: Path, pieces: list[tuple[float, bool]], seconds: float = 2.0) -> Path:
    """A grey film whose sound came in these pieces: seconds after the first picture, and how."""
    sound = LiveSound()
    sound.began_ns = BEGAN_NS
    for start_s, is_loud in pieces:
        sound.put(piece(is_loud=is_loud), BEGAN_NS + round(start_s * 1e9))
    with clip_writer(path, width=64, height=64, rate=Fraction(30), sound=sound) as writer:
        for index in range(round(seconds * 30)):
            at_ns = round(index * 1e9 / 30)
            writer.write(Frame(pixels=np.full((64, 64, 3), 90, np.uint8), captured_ns=at_ns))
        writer.finish()
    return path


def loudness(path: Path) -> np.ndarray:
    """Mean level of each 10 ms of the film."""
    with av.open(str(path)) as opened:
        heard = np.concatenate(
            [np.abs(frame.to_ndarray()).mean(axis=0) for frame in opened.decode(audio=0)]
        )
    whole = len(heard) // 480 * 480
    return np.asarray(heard[:whole].reshape(-1, 480).mean(axis=1))


def test_a_piece_is_heard_at_its_time(tmp_path: Path) -> None:
    assert heard_at(film(tmp_path / "a.mp4", [(0.733, True)])) == pytest.approx(0.733, abs=0.002)


def test_what_is_missing_is_silence_and_the_rest_keeps_its_time(tmp_path: Path) -> None:
    pieces = [(at * 0.02, True) for at in range(80) if not 20 <= at < 40]
    found = loudness(film(tmp_path / "a.mp4", pieces))
    assert (found[5:38] > 0.3).all()
    assert (found[44:76] < 0.05).all()
    assert (found[85:155] > 0.3).all()


def test_pieces_that_come_a_little_off_follow_without_a_seam(tmp_path: Path) -> None:
    """A jitter of 8 ms would be a click at every piece."""
    rng = np.random.default_rng(3)
    pieces = [(at * 0.02 + rng.uniform(-0.008, 0.008), True) for at in range(80)]
    found = loudness(film(tmp_path / "a.mp4", pieces))
    assert (found[5:150] > 0.35).all()


def test_what_came_before_the_first_picture_is_left_out(tmp_path: Path) -> None:
    assert heard_at(film(tmp_path / "a.mp4", [(-0.5, True), (0.3, True)])) == pytest.approx(
        0.3, abs=0.002
    )


def test_a_clock_that_runs_away_is_caught(tmp_path: Path) -> None:
    """Pieces of 20 ms that come every 22: after 1.5 s they would be 140 ms too early."""
    pieces = [(at * 0.022, at == 70) for at in range(71)]
    assert heard_at(film(tmp_path / "a.mp4", pieces)) == pytest.approx(70 * 0.022, abs=0.041)


def test_a_film_of_which_nothing_was_heard_is_silent(tmp_path: Path) -> None:
    found = loudness(film(tmp_path / "a.mp4", []))
    assert len(found) >= 140
    assert found.max() == 0.0


def test_a_stream_is_laid_by_its_usual_delay_not_by_a_stall() -> None:
    clock = Alignment(9)
    assert clock.moment_ns(0) is None
    for number in range(20):
        stated = number * 1000
        clock.saw(stated, stated + 70 + (5000 if number % 5 == 0 else 0))
    assert clock.moment_ns(20_000) == 20_070


@pytest.fixture
def clap(tmp_path: Path) -> Path:
    """A disc that jumps at 1.0 s, with a click at the same moment."""
    pictures = [disc_picture(320, 256, (110 if index < 30 else 170, 128)) for index in range(60)]
    return make_clip(tmp_path / "clap.mp4", pictures, sound=click(2.0, 1.0))


class NoKeys:
    def poll(self, timeout_s: float) -> str | None:
        time.sleep(0.01)
        return None


def run(source: str, folder: Path, *, stop: Event | None = None) -> LiveReport:
    Image.fromarray(disc_picture(256, 256, (128, 128))).save(folder / "portrait.png")
    job = LiveJob(
        camera=source, portraits=[folder / "portrait.png"], out=folder / "out.mp4", size=256
    )
    return live(
        job,
        model=ShiftModel(),
        make_tracker=DiscTracker,
        keys=NoKeys(),
        say=lambda line: None,
        stop=stop or Event(),
    )


def off_by(path: Path) -> tuple[float, float]:
    """How much later the click is than the jump, and what a dropped picture excuses, in seconds."""
    before_s = 0.0
    for at_s, pixels in pictures_of(path):
        face = DiscTracker().find(pixels)
        if face is not None and face.landmarks[468, 0] > 160:
            return heard_at(path) - at_s, at_s - before_s
        before_s = at_s
    raise AssertionError("the disc does not jump")


@pytest.mark.slow
def test_a_clips_sound_lies_beside_its_pictures(clap: Path, tmp_path: Path) -> None:
    run(str(clap), tmp_path)
    off_s, gap_s = off_by(tmp_path / "out.mp4")
    assert abs(off_s) < FRAME_S + gap_s
    assert heard_at(tmp_path / "out.mp4") == pytest.approx(1.0, abs=0.2)


@pytest.mark.slow
def test_a_silent_clip_makes_a_film_without_sound(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.mp4", [disc_picture(320, 256, (110, 128))] * 12)
    run(str(clip), tmp_path)
    with av.open(str(tmp_path / "out.mp4")) as film:
        assert not film.streams.audio


@pytest.fixture
def broadcast(tmp_path: Path) -> Iterator[str]:
    """A disc that jumps at 4 s, with a click, over RTMP to the first who asks.

    Late, because FFmpeg looks at a new stream for a while before it gives any of it, and then the
    decoder waits for a key frame.
    """
    ffmpeg = shutil.which("ffmpeg")
    if ffmpeg is None:
        pytest.skip("needs ffmpeg: apt-get install ffmpeg")
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        address = f"rtmp://127.0.0.1:{free.getsockname()[1]}/live/clap"
    pictures = (disc_picture(320, 256, (110 if index < 120 else 170, 128)) for index in range(165))
    clap = make_clip(
        tmp_path / "clap.mp4", pictures, sound=click(5.5, 4.0), options={"crf": "12", "g": "15"}
    )
    process = subprocess.Popen(
        [
            *(ffmpeg, "-v", "error", "-re", "-i", str(clap), "-c:v", "copy", "-c:a", "copy"),
            *("-f", "flv", "-listen", "1", address),
        ],
        stdin=subprocess.DEVNULL,
    )
    yield address
    process.kill()
    process.wait(10)


@pytest.mark.slow
def test_a_network_streams_sound_lies_beside_its_pictures(broadcast: str, tmp_path: Path) -> None:
    stop = Event()
    deadline_s = time.monotonic() + 20
    Timer(9.0, stop.set).start()  # the source waits for the sender's return
    while True:
        try:
            run(broadcast, tmp_path, stop=stop)
            break
        except InputError:  # its server is not up yet
            assert time.monotonic() < deadline_s
            time.sleep(0.2)
    off_s, gap_s = off_by(tmp_path / "out.mp4")
    assert abs(off_s) < FRAME_S + gap_s
