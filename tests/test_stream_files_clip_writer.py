"""A written clip has the right times, colours and sound, or it is not there at all."""

import os
import shutil
import signal
import struct
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from engine.errors import OutputError
from engine.frame import Frame
from stream.files.clip_writer import clip_writer
from stream.files.clips import Clip
from stream.files.growing_file import left_behind
from stream.files.sound import COPIED
from tests.clip_pictures import COLOURS, bars, bars_of, frames_of, noise, numbered, write
from tests.video_files import click, heard_at, make_clip, pictures_of


def rewritten(source: Path, out: Path) -> Path:
    """The clip written again, with its sound."""
    clip = Clip(source)
    with (
        clip.sound() as sound,
        clip_writer(
            out, width=clip.width, height=clip.height, rate=clip.rate, sound=sound
        ) as writer,
    ):
        for frame in clip.frames():
            writer.write(frame)
        writer.finish()
    return out


@pytest.mark.parametrize("extension", ["mp4", "mov", "mkv"])
@pytest.mark.parametrize("rate", [30, 25, Fraction(30_000, 1001), Fraction(12_500, 1003)])
def test_rate_and_count_are_kept(tmp_path: Path, extension: str, rate: Fraction | int) -> None:
    path = write(tmp_path / f"a.{extension}", numbered(20), rate=rate)
    found = pictures_of(path)
    tolerance = 0.0006 if extension == "mkv" else 1e-9
    expected = [index / float(rate) for index in range(20)]
    assert [time for time, _ in found] == pytest.approx(expected, abs=tolerance)
    with av.open(str(path)) as clip:
        stated = clip.streams.video[0].average_rate
    assert stated is not None
    assert float(stated) == pytest.approx(float(rate), rel=1e-3)


@pytest.mark.parametrize("rate", [30, Fraction(15, 2)])
def test_no_length_loses_its_last_picture(tmp_path: Path, rate: Fraction | int) -> None:
    """Whatever lies between the last fragment's beginning and the end."""
    for count in range(1, 25):
        path = write(tmp_path / f"{count}.mp4", numbered(count), rate=rate)
        assert len(pictures_of(path)) == count


@pytest.mark.parametrize("extension", ["mp4", "mov"])
def test_the_duration_is_exact(tmp_path: Path, extension: str) -> None:
    """In the track, and in the edit list that older readers go by (ISO 14496-12, 8.2.2, 8.6.6)."""
    source = make_clip(tmp_path / "source.mkv", numbered(20), sound=click(0.67, 0.2))
    path = rewritten(source, tmp_path / f"a.{extension}")
    with av.open(str(path)) as clip:
        video = clip.streams.video[0]
        assert video.duration is not None
        assert video.time_base is not None
        assert video.duration * video.time_base == Fraction(20, 30)
    data = path.read_bytes()
    moov = data.rindex(b"moov")  # before it lie those of the fragments, dead bytes by now
    (timescale,) = struct.unpack_from(">I", data, data.index(b"mvhd", moov) + 16)
    (edited,) = struct.unpack_from(">I", data, data.index(b"elst", moov) + 12)
    assert Fraction(edited, timescale) == Fraction(20, 30)


def test_uneven_times_are_kept(tmp_path: Path) -> None:
    times_ms = [0, 40, 60, 200, 210, 450]
    with clip_writer(tmp_path / "a.mp4", width=64, height=48, rate=Fraction(25)) as writer:
        for time_ms, pixels in zip(times_ms, numbered(6), strict=True):
            writer.write(Frame(pixels=pixels, captured_ns=time_ms * 1_000_000))
        writer.finish()
    found = [time * 1000 for time, _ in pictures_of(tmp_path / "a.mp4")]
    assert found == pytest.approx(times_ms, abs=0.04)


def test_times_rounded_to_milliseconds_become_even_again(tmp_path: Path) -> None:
    """Matroska rounds to 1 ms; an mp4 made of it should not carry that on."""
    source = make_clip(tmp_path / "a.mkv", numbered(10))
    found = [time for time, _ in pictures_of(rewritten(source, tmp_path / "b.mp4"))]
    assert found == pytest.approx([index / 30 for index in range(10)], abs=1e-9)


def test_equal_times_do_not_lose_a_picture(tmp_path: Path) -> None:
    with clip_writer(tmp_path / "a.mp4", width=64, height=48, rate=Fraction(25)) as writer:
        for pixels in numbered(5):
            writer.write(Frame(pixels=pixels, captured_ns=0))
        writer.finish()
    assert len(pictures_of(tmp_path / "a.mp4")) == 5


def test_the_file_says_bt709_limited_range(tmp_path: Path) -> None:
    path = write(tmp_path / "a.mp4", [bars()] * 3)
    with av.open(str(path)) as clip:
        context = clip.streams.video[0].codec_context
        assert context.pix_fmt == "yuv420p"
        assert [
            context.colorspace,
            context.color_range,
            context.color_trc,
            context.color_primaries,
        ] == [1, 1, 1, 1]


@pytest.mark.parametrize("extension", ["mp4", "mkv"])
def test_colours_come_back(tmp_path: Path, extension: str) -> None:
    path = write(tmp_path / f"a.{extension}", [bars()] * 5)
    for frame in Clip(path).frames():
        np.testing.assert_allclose(bars_of(frame.pixels).astype(int), COLOURS, atol=3)


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="the program ffmpeg is not installed")
def test_the_program_ffmpeg_sees_the_same_colours(tmp_path: Path) -> None:
    path = write(tmp_path / "a.mp4", [bars()] * 5)
    command = f"ffmpeg -v error -i {path} -frames:v 1 -f rawvideo -pix_fmt rgb24 -"
    raw = subprocess.run(command.split(), capture_output=True, check=True).stdout
    seen = bars_of(np.frombuffer(raw, np.uint8).reshape(bars().shape))
    np.testing.assert_allclose(seen.astype(int), COLOURS, atol=3)


def test_greys_have_no_tint(tmp_path: Path) -> None:
    path = write(tmp_path / "a.mp4", numbered(20))
    for frame, pixels in zip(Clip(path).frames(), numbered(20), strict=True):
        assert np.abs(frame.pixels.astype(int) - pixels).max() <= 2


@pytest.mark.parametrize("extension", ["mp4", "mov", "mkv"])
@pytest.mark.parametrize("codec", ["aac", "libmp3lame", "pcm_s16le", "flac", "libopus"])
def test_sound_stays_in_time_with_the_pictures(tmp_path: Path, extension: str, codec: str) -> None:
    """A click at 0.7 s, heard at 0.7 s after the first picture, copied or not."""
    source = make_clip(
        tmp_path / "source.mkv",
        numbered(20) * 2,
        sound=click(1.3, 0.7),
        sound_codec=codec,  # type: ignore[arg-type]
    )
    out = rewritten(source, tmp_path / f"out.{extension}")
    with av.open(str(out)) as clip:
        name = clip.streams.audio[0].codec_context.codec.canonical_name
    with av.open(str(source)) as clip:
        before = clip.streams.audio[0].codec_context.codec.canonical_name
    assert name == (before if before in COPIED[f".{extension}"] else "aac")
    assert heard_after_first_picture(out) == pytest.approx(
        heard_after_first_picture(source), abs=0.003
    )


@pytest.mark.parametrize("extension", ["mp4", "mov", "mkv"])
def test_sound_of_a_transport_stream_comes_along(tmp_path: Path, extension: str) -> None:
    """Its AAC has no head of its own, which the result's first bytes would have to repeat."""
    source = make_clip(tmp_path / "a.ts", numbered(20) * 2, sound=click(1.3, 0.7))
    out = rewritten(source, tmp_path / f"out.{extension}")
    assert heard_after_first_picture(out) == pytest.approx(
        heard_after_first_picture(source), abs=0.003
    )


def heard_after_first_picture(path: Path) -> float:
    return heard_at(path) - pictures_of(path)[0][0]


def test_copied_sound_is_the_same_to_the_bit(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "a.mp4", numbered(20), sound=click(0.66, 0.3))
    assert packets_of(rewritten(source, tmp_path / "b.mp4")) == packets_of(source)


def packets_of(path: Path) -> list[bytes]:
    with av.open(str(path)) as clip:
        return [bytes(packet) for packet in clip.demux(audio=0) if packet.size]


def test_sound_longer_than_the_pictures_is_kept_whole(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "a.mp4", numbered(10), sound=click(2.0, 1.5))
    assert heard_at(rewritten(source, tmp_path / "b.mp4")) == pytest.approx(1.5, abs=0.03)


def test_a_shortened_clip_has_shortened_sound(tmp_path: Path) -> None:
    source = Clip(make_clip(tmp_path / "a.mp4", numbered(20) * 3, sound=click(2.0, 1.5)))
    out = tmp_path / "b.mp4"
    with (
        source.sound() as sound,
        clip_writer(out, width=64, height=48, rate=source.rate, sound=sound) as writer,
    ):
        for frame, _ in zip(source.frames(), range(15), strict=False):
            writer.write(frame)
        writer.finish(whole=False)
    with av.open(str(out)) as clip:
        heard_s = sum(frame.samples / frame.sample_rate for frame in clip.decode(audio=0))
    assert heard_s == pytest.approx(0.5, abs=0.05)


def test_sound_that_begins_before_the_pictures_stays_in_time(tmp_path: Path) -> None:
    """The pictures begin at 0.4 s; the click at 0.7 s is then heard at 0.3 s."""
    ticks = [400 + 40 * index for index in range(20)]
    source = make_clip(
        tmp_path / "a.mkv",
        numbered(20),
        ticks=ticks,
        time_base=Fraction(1, 1000),
        sound=click(1.2, 0.7),
    )
    out = rewritten(source, tmp_path / "b.mp4")
    assert pictures_of(out)[0][0] == pytest.approx(0, abs=0.001)
    assert heard_at(out) == pytest.approx(0.3, abs=0.03)


def test_damaged_sound_does_not_cost_the_pictures(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """AAC in a transport stream with its frame headers overwritten."""
    source = make_clip(tmp_path / "a.ts", numbered(20) * 2, sound=click(1.3, 0.7))
    data = source.read_bytes()
    source.write_bytes(data.replace(b"\xff\xf1", b"\x13\x57"))
    out = rewritten(source, tmp_path / "b.mp4")
    assert len(pictures_of(out)) == 40


def test_without_finishing_nothing_is_left(tmp_path: Path) -> None:
    with clip_writer(tmp_path / "a.mp4", width=64, height=48, rate=Fraction(25)) as writer:
        writer.write(Frame(pixels=numbered(1)[0], captured_ns=0))
    assert not list(tmp_path.iterdir())


def fail_while_writing(path: Path) -> None:
    with clip_writer(path, width=64, height=48, rate=Fraction(25), force=True) as writer:
        writer.write(Frame(pixels=numbered(1)[0], captured_ns=0))
        raise KeyError


def test_an_error_on_the_way_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(KeyError):
        fail_while_writing(tmp_path / "a.mp4")
    assert not list(tmp_path.iterdir())


def test_the_file_appears_only_when_it_is_complete(tmp_path: Path) -> None:
    with clip_writer(tmp_path / "a.mp4", width=64, height=48, rate=Fraction(25)) as writer:
        for frame in frames_of(numbered(5)):
            writer.write(frame)
            assert not (tmp_path / "a.mp4").exists()
        writer.finish()
        assert (tmp_path / "a.mp4").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["a.mp4"]


def test_an_existing_file_is_kept_unless_forced(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(b"mine")
    with pytest.raises(OutputError, match="--force"):
        write(path, numbered(2))
    assert path.read_bytes() == b"mine"


def test_a_forced_file_is_kept_when_writing_fails(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(b"mine")
    with pytest.raises(KeyError):
        fail_while_writing(path)
    assert path.read_bytes() == b"mine"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("a.avi", r"\.mp4, \.mov, \.mkv"),
        ("a", r"\.mp4, \.mov, \.mkv"),
        ("gone/a.mp4", "no folder"),
        ("file/a.mp4", "is not a folder"),
        ("folder.mp4", "is a folder"),
    ],
)
def test_a_name_that_cannot_be_written_is_refused(tmp_path: Path, name: str, message: str) -> None:
    (tmp_path / "folder.mp4").mkdir()
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match=message):
        write(tmp_path / name, numbered(2))


def test_odd_sides_are_a_wrong_call(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="even sides"):
        write(tmp_path / "a.mp4", numbered(2, width=63))
    assert not list(tmp_path.iterdir())


FULL_DISK = """
import resource, sys
from pathlib import Path
from engine.errors import OutputError
from tests.clip_pictures import noise, write
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), int(sys.argv[2])))
try:
    write(Path(sys.argv[1]), noise(60))
except OutputError as error:
    print(error)
    sys.exit(7)
"""


@pytest.mark.parametrize("extension", ["mp4", "mkv"])
@pytest.mark.parametrize(("share", "least"), [(0.01, 0), (0.6, 15), (0.999, 30)])
def test_a_full_disk_leaves_what_was_written(
    tmp_path: Path, extension: str, share: float, least: int
) -> None:
    """A limit on the size of files fails as a full disk does: early, midway, in the last part."""
    whole = write(tmp_path / f"whole.{extension}", noise(60))
    room = int(whole.stat().st_size * share)
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(tmp_path / f"a.{extension}"), str(room)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 7, done.stderr
    assert "File too large" in done.stdout
    left = tmp_path / f"a.unfinished.{extension}"
    assert sorted(tmp_path.iterdir()) == sorted([whole, *([left] if least else [])])
    if least:
        assert str(left) in done.stdout
        assert least <= len(pictures_of(left)) <= 60
    else:
        assert "othing was left behind" in done.stdout


KILLED = """
import os, signal, sys
from fractions import Fraction
from pathlib import Path
from stream.files.clip_writer import clip_writer
from tests.clip_pictures import frames_of, noise
with clip_writer(Path(sys.argv[1]), width=64, height=48, rate=Fraction(30)) as writer:
    for frame in frames_of(noise(120)):
        writer.write(frame)
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("extension", ["mp4", "mov", "mkv"])
def test_a_killed_program_leaves_a_clip_that_plays_to_its_last_second(
    tmp_path: Path, extension: str
) -> None:
    path = tmp_path / f"a.{extension}"
    killed = subprocess.run([sys.executable, "-c", KILLED, str(path)], check=False)
    assert killed.returncode == -signal.SIGKILL
    (left,) = tmp_path.iterdir()
    assert left.name == f"a.unfinished.{extension}"
    assert len(pictures_of(left)) >= 120 - 30


def test_a_finished_clip_is_an_ordinary_one(tmp_path: Path) -> None:
    """Editors and old players read one index of all pictures, not fragments."""
    data = write(tmp_path / "a.mp4", noise(60)).read_bytes()
    names, at = [], 0
    while at < len(data):
        size, name = struct.unpack_from(">I4s", data, at)
        names.append(name)
        at += size
    assert [name for name in names if name != b"free"] == [b"ftyp", b"mdat", b"moov"]


@pytest.mark.parametrize(
    "name",
    [
        "2024-05-01T12:30.mp4",
        "http:x.mp4",
        "%d.mp4",
        "übung 日本.mkv",
        os.fsdecode(b"caf\xe9.mp4"),
        "a" * 251 + ".mp4",
        "é" * 125 + "a.mov",
    ],
)
def test_any_name_that_the_disk_takes_can_be_written(tmp_path: Path, name: str) -> None:
    """FFmpeg alone would read protocols and numbers into some, and fail at others."""
    path = write(tmp_path / name, numbered(5))
    assert list(tmp_path.iterdir()) == [path]
    shutil.copy(path, tmp_path / f"copy{path.suffix}")
    assert len(pictures_of(tmp_path / f"copy{path.suffix}")) == 5


def test_a_name_that_is_too_long_is_said(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"File name too long\. Choose a shorter name"):
        write(tmp_path / ("a" * 252 + ".mp4"), numbered(5))


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="no /proc on this system")
def test_a_place_where_no_file_can_be_made_is_said(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"cannot write /proc/a\.mp4: .*\. Choose a") as raised:
        write(Path("/proc/a.mp4"), numbered(5))
    assert "sound" not in str(raised.value)


def test_what_a_broken_run_left_is_found_and_empty_ones_are_deleted(tmp_path: Path) -> None:
    for name in ("a.unfinished.mp4", "a.unfinished-2.mkv"):
        write(tmp_path / name, numbered(5))
    (tmp_path / "b.unfinished.mp4").write_bytes(b"")
    (tmp_path / "c.unfinished.mp4").write_bytes(b"\0\0\0\x20ftypisom" + bytes(20))
    (tmp_path / "mine.unfinished.mp4").write_bytes(b"my diary")
    write(tmp_path / "whole.mp4", numbered(5))
    for name in (f".e.mp4.{os.getpid()}.part", ".f.npz.99999999.part", ".g.mp4.99999999.part"):
        (tmp_path / name).write_bytes(bytes(48))
        if not name.startswith(".g"):  # which another machine may be writing this minute
            os.utime(tmp_path / name, (0, 0))
    with clip_writer(tmp_path / "d.mp4", width=64, height=48, rate=Fraction(30)) as writer:
        found = list(left_behind(tmp_path))
        assert [path.name for path in found] == ["a.unfinished-2.mkv", "a.unfinished.mp4"]
        assert (tmp_path / "d.unfinished.mp4").exists(), "it grows"
        writer.write(Frame(pixels=numbered(1)[0], captured_ns=0))
        writer.finish()
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        *(f".e.mp4.{os.getpid()}.part", ".g.mp4.99999999.part"),
        *("a.unfinished-2.mkv", "a.unfinished.mp4", "d.mp4", "mine.unfinished.mp4", "whole.mp4"),
    ]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_permission_is_named(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(OutputError, match="Permission denied"):
        write(tmp_path / "a.mp4", numbered(2))
