"""Any clip is read in the order, at the times, the way up and in the colours it is shown."""

import shutil
import struct
import subprocess
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from engine.errors import InputError
from engine.frame import Pixels
from stream.clips import Clip
from tests.video_files import click, make_clip, pictures_of

BT709, BT601 = 1, 6
LIMITED, FULL = 1, 2
COLOURS = np.array(
    [
        *([255, 0, 0], [0, 255, 0], [0, 0, 255]),
        *([0, 0, 0], [30, 30, 30], [128, 128, 128], [220, 220, 220], [255, 255, 255]),
        *([200, 150, 120], [90, 60, 50]),
    ],
    np.uint8,
)
"""Primaries, greys, skin."""


def numbered(count: int, *, width: int = 64, height: int = 48) -> list[Pixels]:
    """Grey pictures, each 10 levels lighter than the one before."""
    return [np.full((height, width, 3), 20 + 10 * index, np.uint8) for index in range(count)]


def numbers(clip: Clip) -> list[int]:
    """Which of the numbered pictures each frame is."""
    return [round((float(frame.pixels.mean()) - 20) / 10) for frame in clip.frames()]


def times_ms(clip: Clip) -> list[float]:
    return [round(frame.captured_ns / 1e6, 1) for frame in clip.frames()]


def bars(height: int = 48) -> Pixels:
    """A bar of 32 pixels for each colour."""
    row = np.repeat(COLOURS, 32, axis=0)
    return np.ascontiguousarray(np.broadcast_to(row, (height, *row.shape)))


def bars_of(picture: Pixels) -> Pixels:
    """The colour in the middle of each bar."""
    return picture[picture.shape[0] // 2, 16::32]


def turn(path: Path, matrix: tuple[int, int, int, int]) -> None:
    """Write the top left of a display matrix into an mp4's track header (ISO 14496-12, 8.3.2)."""
    data = bytearray(path.read_bytes())
    at = data.index(b"tkhd") + 4 + 4 + 20 + 8 + 8
    a, b, c, d = (value * 65536 for value in matrix)
    data[at : at + 36] = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)
    path.write_bytes(data)


def corners() -> Pixels:
    """Red, green, blue and white quarters: every turn and mirror of it differs."""
    picture = np.zeros((64, 96, 3), np.uint8)
    picture[:32, :48] = (200, 0, 0)
    picture[:32, 48:] = (0, 200, 0)
    picture[32:, :48] = (0, 0, 200)
    picture[32:, 48:] = (200, 200, 200)
    return picture


def test_frames_come_in_order_with_their_times(tmp_path: Path) -> None:
    clip = Clip(make_clip(tmp_path / "a.mp4", numbered(9), rate=25))
    assert numbers(clip) == list(range(9))
    assert times_ms(clip) == [40.0 * index for index in range(9)]
    assert clip.rate == Fraction(25)
    assert (clip.stated_frames, clip.width, clip.height) == (9, 64, 48)
    assert clip.complaint is None


def test_a_clip_can_be_read_twice(tmp_path: Path) -> None:
    clip = Clip(make_clip(tmp_path / "a.mp4", numbered(5)))
    assert numbers(clip) == numbers(clip) == list(range(5))


def test_reading_may_be_broken_off(tmp_path: Path) -> None:
    clip = Clip(make_clip(tmp_path / "a.mp4", numbered(5)))
    frames = clip.frames()
    next(frames)
    frames.close()
    assert numbers(clip) == list(range(5))


def test_times_count_from_the_first_picture(tmp_path: Path) -> None:
    ticks = [90_000 + 3_000 * index for index in range(6)]
    path = make_clip(tmp_path / "a.mkv", numbered(6), ticks=ticks, time_base=Fraction(1, 90_000))
    assert times_ms(Clip(path)) == [0.0, 33.0, 67.0, 100.0, 133.0, 167.0]  # Matroska rounds to 1 ms


def test_a_variable_frame_rate_keeps_its_times(tmp_path: Path) -> None:
    ticks = [0, 40, 60, 200, 210, 450]
    path = make_clip(tmp_path / "a.mp4", numbered(6), ticks=ticks, time_base=Fraction(1, 1000))
    assert times_ms(Clip(path)) == ticks


def test_pictures_hidden_by_an_edit_list_stay_hidden(tmp_path: Path) -> None:
    """An mp4 cut without re-encoding keeps the pictures since the last key frame, hidden."""
    path = make_clip(tmp_path / "a.mp4", numbered(12), options={"crf": "12", "bf": "0"})
    data = bytearray(path.read_bytes())
    at = data.index(b"elst")
    with av.open(str(path)) as clip:
        time_base = clip.streams.video[0].time_base
    assert time_base is not None
    media_time = round(4 / Fraction(30) / time_base)
    data[at + 12 + 4 : at + 12 + 8] = struct.pack(">i", media_time)
    path.write_bytes(data)
    assert numbers(Clip(path)) == list(range(4, 12))
    assert times_ms(Clip(path))[0] == 0.0


def test_a_raw_stream_without_times_runs_at_its_rate(tmp_path: Path) -> None:
    """An H.264 elementary stream has no container, so no times."""
    clip = Clip(make_clip(tmp_path / "a.h264", numbered(6), rate=25))
    assert numbers(clip) == list(range(6))
    assert times_ms(clip) == [40.0 * index for index in range(6)]


@pytest.mark.parametrize(
    ("matrix", "shown"),
    [
        ((1, 0, 0, 1), corners()),
        ((0, 1, -1, 0), np.rot90(corners(), -1)),
        ((-1, 0, 0, -1), np.rot90(corners(), 2)),
        ((0, -1, 1, 0), np.rot90(corners(), 1)),
        ((-1, 0, 0, 1), corners()[:, ::-1]),
        ((0, 1, 1, 0), corners().transpose(1, 0, 2)),
    ],
    ids=["upright", "right", "half", "left", "mirrored", "left and mirrored"],
)
def test_a_sideways_clip_is_shown_upright(
    tmp_path: Path, matrix: tuple[int, int, int, int], shown: Pixels
) -> None:
    path = make_clip(tmp_path / "a.mp4", [corners()] * 3, options={"crf": "1"})
    turn(path, matrix)
    clip = Clip(path)
    frame = next(clip.frames())
    assert (clip.height, clip.width) == frame.pixels.shape[:2] == shown.shape[:2]
    assert frame.pixels.flags.c_contiguous
    assert np.abs(frame.pixels.astype(int) - shown).mean() < 6


def test_wide_pixels_are_made_square(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    with av.open(str(path), "w") as output:
        video = output.add_stream("libx264", rate=25)
        video.width, video.height, video.pix_fmt = 72, 96, "yuv420p"
        video.codec_context.sample_aspect_ratio = Fraction(4, 3)
        for pixels in [*numbered(3, width=72, height=96), None]:
            picture = None if pixels is None else av.VideoFrame.from_ndarray(pixels)
            output.mux(video.encode(picture))
    clip = Clip(path)
    assert (clip.width, clip.height) == (96, 96)
    assert next(clip.frames()).pixels.shape == (96, 96, 3)


@pytest.mark.parametrize("colour_range", [LIMITED, FULL])
@pytest.mark.parametrize("matrix", [BT709, BT601])
@pytest.mark.parametrize("pix_fmt", ["yuv420p", "yuv444p", "yuv420p10le"])
def test_colours_are_read_as_the_clip_says(
    tmp_path: Path, matrix: int, colour_range: int, pix_fmt: str
) -> None:
    tags = {"colorspace": matrix, "color_range": colour_range}
    path = make_clip(
        tmp_path / "a.mkv", [bars()] * 2, pix_fmt=pix_fmt, tags=tags, options={"crf": "1"}
    )
    read = bars_of(next(Clip(path).frames()).pixels)
    np.testing.assert_allclose(read.astype(int), COLOURS, atol=4)


@pytest.mark.parametrize(("height", "matrix"), [(480, BT601), (720, BT709)])
def test_an_untagged_clip_is_taken_as_players_take_it(
    tmp_path: Path, height: int, matrix: int
) -> None:
    """Small ones as BT.601, large ones as BT.709."""
    path = make_clip(tmp_path / "a.mkv", [bars(height)] * 2, matrix=matrix, options={"crf": "1"})
    with av.open(str(path)) as clip:
        assert next(clip.decode(video=0)).colorspace == 2
    read = bars_of(next(Clip(path).frames()).pixels)
    np.testing.assert_allclose(read.astype(int), COLOURS, atol=4)


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="the program ffmpeg is not installed")
@pytest.mark.parametrize("matrix", [BT709, BT601])
def test_the_program_ffmpeg_reads_the_same_colours(tmp_path: Path, matrix: int) -> None:
    tags = {"colorspace": matrix, "color_range": LIMITED}
    path = make_clip(tmp_path / "a.mp4", [bars()] * 2, tags=tags, options={"crf": "1"})
    ours = next(Clip(path).frames()).pixels
    command = f"ffmpeg -v error -i {path} -frames:v 1 -f rawvideo -pix_fmt rgb24 -"
    raw = subprocess.run(command.split(), capture_output=True, check=True).stdout
    theirs = np.frombuffer(raw, np.uint8).reshape(ours.shape)
    np.testing.assert_allclose(bars_of(ours).astype(int), bars_of(theirs), atol=2)


def test_a_cut_off_clip_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    path = make_clip(tmp_path / "a.mkv", noise(40), options={"crf": "12", "g": "5"})
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    clip = Clip(path)
    assert 5 < len(list(clip.frames())) < 35
    assert clip.complaint is not None
    assert "cut off" in clip.complaint


def test_a_damaged_place_is_skipped_and_said(tmp_path: Path) -> None:
    path = make_clip(tmp_path / "a.mp4", noise(40), options={"crf": "12", "g": "5"})
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 30_000] = b"\x7f" * 30_000
    path.write_bytes(data)
    clip = Clip(path)
    assert 20 < len(list(clip.frames())) < 40
    assert clip.complaint is not None
    assert "damaged" in clip.complaint


def noise(count: int) -> list[Pixels]:
    random = np.random.default_rng(1)
    return [random.integers(0, 255, (96, 128, 3), np.uint8) for _ in range(count)]


def test_one_frame_can_be_asked_for(tmp_path: Path) -> None:
    clip = Clip(make_clip(tmp_path / "a.mp4", numbered(9)))
    frame = clip.frame_at(6)
    assert round((float(frame.pixels.mean()) - 20) / 10) == 6
    assert frame.captured_ns == 200_000_000
    with pytest.raises(InputError, match="no frame 9"):
        clip.frame_at(9)


def test_a_song_with_a_cover_is_not_a_clip(tmp_path: Path) -> None:
    path = tmp_path / "song.mka"
    make_clip(tmp_path / "a.mkv", numbered(2), sound=click(0.5, 0.1), sound_codec="pcm_s16le")
    with av.open(str(tmp_path / "a.mkv")) as clip, av.open(str(path), "w", "matroska") as output:
        heard = output.add_stream_from_template(clip.streams.audio[0])
        for packet in clip.demux(clip.streams.audio[0]):
            if packet.dts is not None:
                packet.stream = heard
                output.mux(packet)
    with pytest.raises(InputError, match="holds no video"):
        Clip(path)


@pytest.mark.parametrize("content", [b"", b"This is a text, whatever its name.\n" * 20])
def test_what_is_no_clip_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"a\.mp4 is not a clip"):
        Clip(path)


def test_an_mp4_without_its_index_is_refused(tmp_path: Path) -> None:
    path = make_clip(tmp_path / "a.mp4", numbered(9))
    path.write_bytes(path.read_bytes()[:600])
    with pytest.raises(InputError, match=r"a\.mp4"):
        Clip(path)


def test_a_clip_without_one_picture_is_refused(tmp_path: Path) -> None:
    """A container with a video track in which nothing can be decoded."""
    path = make_clip(tmp_path / "a.mkv", numbered(1))
    with av.open(str(path)) as clip:
        packet = next(iter(clip.demux(video=0)))
        size = packet.size
    data = bytearray(path.read_bytes())
    data[-size - 40 :] = bytes(size + 40)
    path.write_bytes(data)
    with pytest.raises(InputError, match=r"a\.mkv"):
        Clip(path)


def test_a_missing_file_and_a_folder_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no file .*gone\.mp4"):
        Clip(tmp_path / "gone.mp4")
    with pytest.raises(InputError, match="is not a file"):
        Clip(tmp_path)


def test_a_name_with_a_colon_is_a_file_and_no_protocol(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_clip(tmp_path / "a.mp4", numbered(3)).rename(tmp_path / "tcp:odd name.mp4")
    monkeypatch.chdir(tmp_path)
    assert numbers(Clip(Path("tcp:odd name.mp4"))) == [0, 1, 2]


def test_the_helpers_of_this_test_read_what_they_write(tmp_path: Path) -> None:
    path = make_clip(tmp_path / "a.mp4", numbered(3))
    assert [round((float(pixels.mean()) - 20) / 10) for _, pixels in pictures_of(path)] == [0, 1, 2]
