"""Any clip is read in the order, at the times, the way up and in the colours it is shown."""

import shutil
import struct
import subprocess
from fractions import Fraction
from itertools import chain
from pathlib import Path

import av
import numpy as np
import pytest
from av.stream import Disposition
from PIL import Image

from engine.errors import InputError
from engine.frame import Pixels
from stream.files.clips import Clip
from tests.clip_pictures import COLOURS, bars, bars_of, noise, numbered
from tests.video_files import click, make_clip, make_turning_clip, pictures_of, write_sound

BT709, BT601 = 1, 6
LIMITED, FULL = 1, 2


def numbers(clip: Clip) -> list[int]:
    """Which of the numbered pictures each frame is."""
    return [round((float(frame.pixels.mean()) - 20) / 10) for frame in clip.frames()]


def times_ms(clip: Clip) -> list[float]:
    return [round(frame.captured_ns / 1e6, 1) for frame in clip.frames()]


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


LISTS = {
    "list.m3u8": "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nclip.ts\n#EXT-X-ENDLIST\n",
    "list.ffconcat": "ffconcat version 1.0\nfile clip.ts\n",
    "concat.txt": "file 'clip.ts'\n",
    "call.sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\n"
    "m=video 5004 RTP/AVP 96\na=rtpmap:96 H264/90000\n",
    "words.srt": "1\n00:00:00,000 --> 00:00:04,000\nhello\n",
    "drawing.svg": '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"></svg>',
    "stream.mpd": '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"></MPD>',
    "art.ans": "\x1b[31mred letters\x1b[0m\n" * 9,
    "notes.md": "# Notes\n\nNothing to see.\n",
    "page.mp4": "<!DOCTYPE html><html><body>Not found</body></html>",
    "answer.json": '{"error": "not found"}',
}
"""Texts that FFmpeg opens as films of letters, or for the files and addresses that they name."""


@pytest.mark.parametrize("name", LISTS)
def test_a_text_is_no_clip_whatever_it_names(tmp_path: Path, name: str) -> None:
    make_clip(tmp_path / "clip.ts", numbered(9))
    path = tmp_path / name
    path.write_text(LISTS[name])
    with pytest.raises(InputError, match=r"is not a clip: it is a .*Give a video file"):
        Clip(path)


def test_a_name_with_a_number_pattern_is_one_file(tmp_path: Path) -> None:
    for index in range(3):
        Image.fromarray(bars()).save(tmp_path / f"a{index}.jpg")
    Image.fromarray(bars()).save(tmp_path / "a%d.jpg")
    assert len(list(Clip(tmp_path / "a%d.jpg").frames())) == 1


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


class TestRate:
    @pytest.mark.parametrize("stated", [1000, 90_000])
    def test_a_rate_that_the_times_belie_is_not_believed(self, tmp_path: Path, stated: int) -> None:
        """Browsers state 1000 pictures a second, some phones 90000."""
        rng = np.random.default_rng(3)
        ticks = np.cumsum(rng.integers(27, 40, 60)).tolist()  # about 30 a second, uneven
        path = make_clip(
            tmp_path / "a.mkv", numbered(20) * 3, rate=stated, ticks=ticks,
            time_base=Fraction(1, 1000),
        )  # fmt: skip
        clip = Clip(path)
        assert clip.rate == 30
        assert times_ms(clip) == [each - ticks[0] for each in ticks]

    @pytest.mark.parametrize("rate", [Fraction(24_000, 1001), 15, 25, Fraction(30_000, 1001), 120])
    @pytest.mark.parametrize("extension", ["mp4", "mkv", "avi"])
    def test_a_rate_that_the_times_bear_out_is_kept_exactly(
        self, tmp_path: Path, rate: Fraction | int, extension: str
    ) -> None:
        path = make_clip(
            tmp_path / f"a.{extension}", numbered(20), rate=rate, codec="mpeg4", options={}
        )
        assert Clip(path).rate == pytest.approx(rate, rel=1e-3)
        if extension == "mp4":
            assert Clip(path).rate == rate

    def test_a_slow_clip_in_a_fast_time_base_is_slow(self, tmp_path: Path) -> None:
        path = make_clip(
            tmp_path / "a.mkv", numbered(6), rate=1000, ticks=[500 * k for k in range(6)],
            time_base=Fraction(1, 1000),
        )  # fmt: skip
        assert Clip(path).rate == 2

    def test_times_that_count_something_else_are_not_times(self, tmp_path: Path) -> None:
        path = make_clip(
            tmp_path / "a.mkv", numbered(8), rate=1000, ticks=range(8), time_base=Fraction(1, 1000)
        )
        clip = Clip(path)
        assert clip.rate == 25
        assert times_ms(clip) == [40.0 * index for index in range(8)]


class TestTurned:
    @pytest.mark.parametrize(
        ("codec", "extension"),
        [("libvpx", "webm"), ("libvpx-vp9", "webm"), ("libx264", "ts"), ("libx264", "mkv")],
    )
    def test_each_picture_comes_in_its_own_size(
        self, tmp_path: Path, codec: str, extension: str
    ) -> None:
        wide, high = corners(), np.ascontiguousarray(np.rot90(corners()))
        small = np.ascontiguousarray(corners()[::2, ::2])
        parts = [[wide] * 5, [high] * 5, [small] * 5, [wide] * 5]
        clip = Clip(make_turning_clip(tmp_path / f"a.{extension}", parts, codec=codec))
        assert (clip.width, clip.height) == (96, 64)
        shown = [frame.pixels for frame in clip.frames()]
        assert len(shown) == 20
        for pixels, sent in zip(shown, chain(*parts), strict=True):
            assert pixels.shape == sent.shape
            assert np.abs(pixels.astype(int) - sent).mean() < 12


class TestTracks:
    def tracks(self, path: Path) -> Path:
        """Grey 20 beside grey 200, and a click at 0.1 s beside one at 0.3 s; the second ones are
        the default."""
        with av.open(str(path), "w") as output:
            made = []
            for level in (20, 200):
                video = output.add_stream("libx264", rate=30, options={"crf": "12"})
                video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
                made.append((video, level))
            heard = [
                (output.add_stream("aac", rate=48_000, layout="mono"), at_s) for at_s in (0.1, 0.3)
            ]
            for stream in (made[0][0], heard[0][0]):
                stream.disposition = Disposition(0)
            for stream in (made[1][0], heard[1][0]):
                stream.disposition = Disposition.default
            for video, level in made:
                for index in range(15):
                    pixels = np.full((48, 64, 3), level, np.uint8)
                    picture = av.VideoFrame.from_ndarray(pixels, format="rgb24")
                    picture.pts, picture.time_base = index, Fraction(1, 30)
                    output.mux(video.encode(picture))
                output.mux(video.encode(None))
            for stream, at_s in heard:
                write_sound(output, stream, click(0.5, at_s))
        return path

    def test_the_default_ones_are_taken_as_players_take_them(self, tmp_path: Path) -> None:
        clip = Clip(self.tracks(tmp_path / "a.mkv"))
        assert next(clip.frames()).pixels.mean() == pytest.approx(200, abs=6)
        with clip.sound() as sound:
            assert sound is not None
            loud = [
                float(frame.time or 0)
                for frame in sound.frames()
                if np.abs(frame.to_ndarray()).max() > 0.3
            ]
        assert loud[0] == pytest.approx(0.3, abs=0.03)


class TestWhole:
    @pytest.mark.parametrize("extension", ["mkv", "mp4", "webm", "ts"])
    def test_a_sound_that_goes_on_for_longer_is_nothing_missing(
        self, tmp_path: Path, extension: str
    ) -> None:
        path = make_clip(
            tmp_path / f"a.{extension}", numbered(20), sound=click(2.0, 0.1),
            sound_codec="libopus" if extension == "webm" else "aac",
            codec="libvpx-vp9" if extension == "webm" else "libx264",
        )  # fmt: skip
        clip = Clip(path)
        assert len(list(clip.frames())) == 20
        assert clip.complaint is None

    def test_pictures_that_begin_after_the_sound_are_nothing_missing(self, tmp_path: Path) -> None:
        path = make_clip(
            tmp_path / "a.mkv", numbered(20), sound=click(2.0, 0.1),
            ticks=[index + 40 for index in range(20)], time_base=Fraction(1, 30),
        )  # fmt: skip
        clip = Clip(path)
        assert len(list(clip.frames())) == 20
        assert clip.complaint is None

    def test_a_last_picture_that_stays_is_nothing_missing(self, tmp_path: Path) -> None:
        """A screen recording has no pictures while nothing moves."""
        path = make_clip(
            tmp_path / "a.mp4", numbered(5), ticks=[0, 40, 80, 120, 3000],
            time_base=Fraction(1, 1000), options={"crf": "12", "bf": "0"},
        )  # fmt: skip
        clip = Clip(path)
        assert len(list(clip.frames())) == 5
        assert clip.complaint is None

    @pytest.mark.parametrize("extension", ["mkv", "ts"])
    def test_a_cut_off_clip_with_sound_is_still_called_so(
        self, tmp_path: Path, extension: str
    ) -> None:
        path = make_clip(
            tmp_path / f"a.{extension}", noise(60), sound=click(2.0, 0.1),
            options={"crf": "12", "g": "5"},
        )  # fmt: skip
        whole = len(list(Clip(path).frames()))
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
        clip = Clip(path)
        assert len(list(clip.frames())) < whole
        if extension == "mkv":  # a transport stream states nothing
            assert clip.complaint is not None
            assert "cut off" in clip.complaint


class TestStill:
    @pytest.mark.parametrize("kind", ["gif", "mp4", "mkv", "webm"])
    def test_a_clip_of_one_picture_is_a_still(self, tmp_path: Path, kind: str) -> None:
        path = tmp_path / f"a.{kind}"
        if kind == "gif":
            Image.fromarray(bars()).save(path)
        else:
            make_clip(path, [bars()], codec="libvpx-vp9" if kind == "webm" else "libx264")
        assert Clip(path).is_still

    def test_a_moving_gif_is_none_and_keeps_its_times(self, tmp_path: Path) -> None:
        pictures = [Image.fromarray(pixels) for pixels in numbered(4)]
        pictures[0].save(
            tmp_path / "a.gif", save_all=True, append_images=pictures[1:], duration=100, loop=0
        )
        clip = Clip(tmp_path / "a.gif")
        assert not clip.is_still
        assert clip.rate == 10
        assert times_ms(clip) == [0.0, 100.0, 200.0, 300.0]


def test_a_webp_that_moves_is_not_called_damaged(tmp_path: Path) -> None:
    first, *others = [Image.fromarray(pixels) for pixels in numbered(3)]
    first.save(tmp_path / "a.webp", save_all=True, append_images=others, duration=100)
    with pytest.raises(InputError, match="a GIF or an MP4"):
        Clip(tmp_path / "a.webp")
