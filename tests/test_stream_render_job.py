"""The whole job with a disc as face: right file, right pictures, and nothing when it fails."""

import logging
from fractions import Fraction
from pathlib import Path
from threading import Event

import av
import numpy as np
import pytest
from PIL import Image

from engine.errors import InputError, OutputError
from engine.frame import Pixels
from engine.motion import Edit
from stream.files.clips import Clip
from stream.render.job import RenderJob, RenderReport, render
from tests.fakes import DiscTracker, ShiftModel, disc_mask, disc_picture
from tests.video_files import (
    RATE,
    click,
    heard_at,
    make_clip,
    make_turning_clip,
    pictures_of,
)

START = 160.0


def driving_pictures(
    count: int, *, step: float = 4.0, missing: tuple[int, ...] = ()
) -> list[Pixels]:
    """A disc that walks to the right, absent in some frames."""
    return [
        disc_picture(320, 256, None if index in missing else (START + step * index, 128))
        for index in range(count)
    ]


@pytest.fixture
def portrait(tmp_path: Path) -> Path:
    path = tmp_path / "portrait.png"
    Image.fromarray(disc_picture(384, 256, (192, 128))).save(path)
    return path


@pytest.fixture
def driving(tmp_path: Path) -> Path:
    return make_clip(tmp_path / "driving.mp4", driving_pictures(12), sound=click(0.4, 0.2))


def run(
    portrait: Path,
    driving: Path,
    out: Path,
    *,
    stop: Event | None = None,
    progress: "StopAfter | None" = None,
    **settings: object,
) -> RenderReport:
    job = RenderJob(
        **{  # type: ignore[arg-type]
            "portrait": portrait,
            "driving": driving,
            "out": out,
            "size": 256,
            "neutral": 0,
            **settings,
        }
    )
    return render(job, model=ShiftModel(), make_tracker=DiscTracker, stop=stop, progress=progress)


class StopAfter:
    """Asks to stop when so many frames are rendered."""

    def __init__(self, stop: Event, frames: int) -> None:
        self._stop = stop
        self._frames = frames
        self._task = ""
        self.done = 0

    def begin(self, task: str, total: int | None) -> None:
        self._task, self.done = task, 0

    def advance(self) -> None:
        self.done += 1
        if self._task == "rendering" and self.done == self._frames:
            self._stop.set()


def places(path: Path) -> list[float]:
    """Where the disc is in each picture, pixels to the right of its place in the portrait."""
    found = [DiscTracker().find(pixels) for _, pixels in pictures_of(path)]
    return [float(face.landmarks[468, 0]) - 192 for face in found if face is not None]


def test_the_portrait_does_what_the_driver_does(
    portrait: Path, driving: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out.mp4"
    report = run(portrait, driving, out)
    assert report.frames == 12
    assert report.neutral == 0
    assert places(out) == pytest.approx([4.0 * index for index in range(12)], abs=1.0)


def test_frame_rate_count_and_size_are_kept(portrait: Path, driving: Path, tmp_path: Path) -> None:
    run(portrait, driving, tmp_path / "out.mp4")
    with av.open(str(tmp_path / "out.mp4")) as clip:
        video = clip.streams.video[0]
        assert (video.frames, video.width, video.height) == (12, 384, 256)
        assert video.average_rate == Fraction(RATE)
        assert video.duration is not None
        assert video.time_base is not None
        assert video.duration * video.time_base == Fraction(12, RATE)


def test_the_sound_of_the_driving_clip_comes_along_in_time(
    portrait: Path, driving: Path, tmp_path: Path
) -> None:
    run(portrait, driving, tmp_path / "out.mp4")
    assert heard_at(tmp_path / "out.mp4") == pytest.approx(heard_at(driving), abs=0.002)


def test_every_stage_is_timed(portrait: Path, driving: Path, tmp_path: Path) -> None:
    report = run(portrait, driving, tmp_path / "out.mp4")
    assert list(report.stages_ms) == [*("look ahead", "decode", "find", "read", "render", "encode")]


def test_the_neutral_frame_can_be_named(portrait: Path, driving: Path, tmp_path: Path) -> None:
    report = run(portrait, driving, tmp_path / "out.mp4", neutral=5)
    assert report.neutral == 5
    expected = [4.0 * (index - 5) for index in range(12)]
    assert places(tmp_path / "out.mp4") == pytest.approx(expected, abs=1.0)


def test_the_same_person_is_where_the_clip_shows_them(driving: Path, tmp_path: Path) -> None:
    """With frame 3 as portrait and as neutral, the result is the clip itself."""
    portrait, out = tmp_path / "frame3.png", tmp_path / "out.mp4"
    Image.fromarray(Clip(driving).frame_at(3).pixels).save(portrait)
    run(portrait, driving, out, neutral=3)
    for (_, shown), frame in zip(pictures_of(out), Clip(driving).frames(), strict=True):
        assert np.abs(shown.astype(int) - frame.pixels).mean() < 3.0


def test_the_neutral_frame_is_looked_for(portrait: Path, driving: Path, tmp_path: Path) -> None:
    report = run(portrait, driving, tmp_path / "out.mp4", neutral="auto")
    assert report.neutral is not None
    expected = [4.0 * (index - report.neutral) for index in range(12)]
    assert places(tmp_path / "out.mp4") == pytest.approx(expected, abs=1.0)


def test_frames_without_a_face_are_held_and_counted(portrait: Path, tmp_path: Path) -> None:
    driving = make_clip(tmp_path / "driving.mp4", driving_pictures(10, missing=(4, 5)))
    report = run(portrait, driving, tmp_path / "out.mp4")
    assert (report.frames, report.faceless) == (10, 2)
    expected = [0, 4, 8, 12, 12, 12, 24, 28, 32, 36]
    assert places(tmp_path / "out.mp4") == pytest.approx(expected, abs=1.0)


def test_an_edit_reaches_the_model(portrait: Path, driving: Path, tmp_path: Path) -> None:
    run(portrait, driving, tmp_path / "out.mp4", edit=Edit(gains={"pose": 2.0}))
    assert places(tmp_path / "out.mp4")[-1] == pytest.approx(88, abs=1.0)


def test_compared_means_side_by_side(portrait: Path, driving: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.mkv"
    run(portrait, driving, out, compare=True)
    shown = pictures_of(out)[10][1]
    assert shown.shape == (256, 384 + 320 + 384, 3)
    for left, width, at in ((0, 384, 192), (384, 320, 200), (704, 384, 232)):
        face = DiscTracker().find(shown[:, left : left + width])
        assert face is not None
        assert float(face.landmarks[468, 0]) == pytest.approx(at, abs=1.0)


def test_a_clip_as_portrait_gives_one_picture_per_driving_frame(
    driving: Path, tmp_path: Path
) -> None:
    """The portrait's disc sinks while the driver's walks: the result does both."""
    sinking = [disc_picture(320, 256, (100, 60 + 5 * index)) for index in range(15)]
    portrait = make_clip(tmp_path / "portrait.mp4", sinking)
    report = run(portrait, driving, tmp_path / "out.mp4", portrait_motion="clip")
    assert report.frames == 12
    for index, (_, shown) in enumerate(pictures_of(tmp_path / "out.mp4")):
        face = DiscTracker().find(shown)
        assert face is not None
        expected = [100 + 4 * index, 60 + 5 * index]
        np.testing.assert_allclose(face.landmarks[468, :2], expected, atol=1.0)


def test_a_portrait_clip_that_ends_first_ends_the_result(
    driving: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    portrait = make_clip(tmp_path / "portrait.mp4", driving_pictures(7))
    with caplog.at_level(logging.WARNING):
        report = run(portrait, driving, tmp_path / "out.mp4", portrait_motion="clip")
    assert report.frames == len(pictures_of(tmp_path / "out.mp4")) == 7
    assert not report.was_stopped
    assert "shorter" in caplog.text
    with av.open(str(tmp_path / "out.mp4")) as clip:
        heard_s = sum(frame.samples / frame.sample_rate for frame in clip.decode(audio=0))
    assert heard_s == pytest.approx(7 / RATE, abs=0.05)


@pytest.mark.parametrize("rate", [15, 25, 30, 50, 60, Fraction(30_000, 1001)])
def test_a_portrait_clip_of_another_rate_keeps_its_own_speed(
    tmp_path: Path, rate: Fraction | int
) -> None:
    """The portrait's disc sinks by 60 pixels a second, whatever the rates are."""
    driving = make_clip(tmp_path / "driving.mp4", driving_pictures(24, step=0))
    sinking = [disc_picture(320, 256, (100, 40 + 60 * k / float(rate))) for k in range(60)]
    portrait = make_clip(tmp_path / "portrait.mkv", sinking, rate=rate)
    report = run(portrait, driving, tmp_path / "out.mp4", portrait_motion="clip")
    assert report.frames == 24
    for time_s, shown in pictures_of(tmp_path / "out.mp4"):
        face = DiscTracker().find(shown)
        assert face is not None
        latest = 40 + 60 * time_s
        assert latest - 60 / float(rate) - 1.5 < face.landmarks[468, 1] < latest + 1.5


def test_a_portrait_clip_at_a_higher_rate_ends_by_its_time(
    driving: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    portrait = make_clip(tmp_path / "portrait.mp4", driving_pictures(12, step=0), rate=60)
    with caplog.at_level(logging.WARNING):
        report = run(portrait, driving, tmp_path / "out.mp4", portrait_motion="clip")
    assert report.frames == 6
    assert "shorter" in caplog.text


@pytest.mark.parametrize("kind", ["gif", "mp4", "webm"])
def test_a_clip_of_one_picture_is_animated_as_a_picture(
    driving: Path, tmp_path: Path, kind: str
) -> None:
    portrait = tmp_path / f"still.{kind}"
    picture = disc_picture(384, 256, (192, 128))
    if kind == "gif":
        Image.fromarray(picture).save(portrait)
    else:
        make_clip(portrait, [picture], codec="libvpx-vp9" if kind == "webm" else "libx264")
    report = run(portrait, driving, tmp_path / "out.mp4")
    assert report.frames == 12
    assert places(tmp_path / "out.mp4") == pytest.approx([4.0 * k for k in range(12)], abs=1.0)


def test_a_driver_who_turns_the_phone_is_shown_in_his_own_shape(
    portrait: Path, tmp_path: Path
) -> None:
    wide, high = disc_picture(320, 240, (160, 120)), disc_picture(240, 320, (120, 160))
    driving = make_turning_clip(tmp_path / "driving.webm", [[wide] * 4, [high] * 4])
    run(portrait, driving, tmp_path / "out.mkv", compare=True)
    shown = [pixels for _, pixels in pictures_of(tmp_path / "out.mkv")]
    assert len(shown) == 8
    for pixels in shown:
        place = pixels[:, 384:-384]
        rows, columns = np.nonzero(disc_mask(place))
        assert np.ptp(rows) == pytest.approx(np.ptp(columns), abs=3)  # a disc is round
    beside = shown[-1][:, 384:-384][128, [8, -8]]
    assert beside.max() < 30  # black, as players show it


def test_a_portrait_clip_whose_phone_was_turned_is_not_squashed(
    driving: Path, tmp_path: Path
) -> None:
    wide, high = disc_picture(320, 240, (160, 120)), disc_picture(240, 320, (120, 160))
    portrait = make_turning_clip(tmp_path / "portrait.webm", [[wide] * 6, [high] * 6])
    assert run(portrait, driving, tmp_path / "out.mkv", portrait_motion="clip").frames == 12
    for _, pixels in pictures_of(tmp_path / "out.mkv"):
        rows, columns = np.nonzero(disc_mask(pixels))
        assert np.ptp(rows) == pytest.approx(np.ptp(columns), abs=3)


def test_the_result_has_the_rate_that_the_drivers_times_show(
    portrait: Path, tmp_path: Path
) -> None:
    driving = make_clip(
        tmp_path / "driving.mkv", driving_pictures(12), rate=1000,
        ticks=[round(1000 * k / 30) for k in range(12)], time_base=Fraction(1, 1000),
    )  # fmt: skip
    run(portrait, driving, tmp_path / "out.mp4")
    with av.open(str(tmp_path / "out.mp4")) as clip:
        video = clip.streams.video[0]
        assert video.average_rate == 30
        assert video.duration is not None
        assert video.time_base is not None
        assert float(video.duration * video.time_base) == pytest.approx(12 / 30, abs=0.003)


def test_what_is_no_portrait_is_called_neither_a_picture_nor_a_clip(
    driving: Path, tmp_path: Path
) -> None:
    for name, content in (("README.md", "# Read me\n"), ("face.jpg", "<html>Not found</html>")):
        (tmp_path / name).write_text(content)
        with pytest.raises(InputError, match=f"{name} is neither a picture nor a clip: it is a"):
            run(tmp_path / name, driving, tmp_path / "out.mp4")


def test_that_a_portrait_is_enlarged_is_said_after_all_refusals(
    driving: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    small = tmp_path / "small.png"
    Image.fromarray(disc_picture(150, 120, (75, 60), 15.0)).save(small)
    empty = make_clip(tmp_path / "empty.mp4", driving_pictures(3, missing=(0, 1, 2)))
    with caplog.at_level(logging.WARNING):
        for neutral in ("auto", None):
            with pytest.raises(InputError, match="no face"):
                run(small, empty, tmp_path / "out.mp4", neutral=neutral)
        assert not caplog.records
        run(small, driving, tmp_path / "out.mp4")
    assert "150 x 120 pixels and is enlarged to 256 lines" in caplog.text


def test_a_picture_of_the_portrait_clip_without_a_face_is_shown_as_it_is(
    driving: Path, tmp_path: Path
) -> None:
    portrait = make_clip(tmp_path / "portrait.mp4", driving_pictures(12, step=0, missing=(6,)))
    run(portrait, driving, tmp_path / "out.mp4", portrait_motion="clip")
    found = [DiscTracker().find(pixels) for _, pixels in pictures_of(tmp_path / "out.mp4")]
    assert [face is None for face in found] == [index == 6 for index in range(12)]


def test_stopping_leaves_a_shorter_clip(portrait: Path, tmp_path: Path) -> None:
    driving = make_clip(tmp_path / "driving.mp4", driving_pictures(40), sound=click(1.3, 0.1))
    stop = Event()
    report = run(
        portrait, driving, tmp_path / "out.mp4", stop=stop, progress=StopAfter(stop, frames=9)
    )
    assert report.was_stopped
    assert report.frames == len(pictures_of(tmp_path / "out.mp4")) == 9
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "driving.mp4",
        "out.mp4",
        "portrait.png",
    ]


def test_stopping_before_the_first_frame_leaves_nothing(
    portrait: Path, driving: Path, tmp_path: Path
) -> None:
    stop = Event()
    stop.set()
    report = run(portrait, driving, tmp_path / "out.mp4", stop=stop)
    assert (report.frames, report.was_stopped) == (0, True)
    assert not list(tmp_path.glob("*out*"))


def test_a_model_without_a_neutral_face_needs_no_look_ahead(
    portrait: Path, driving: Path, tmp_path: Path
) -> None:
    report = run(portrait, driving, tmp_path / "out.mp4", neutral=None)
    assert report.neutral is None
    assert "look ahead" not in report.stages_ms
    assert places(tmp_path / "out.mp4") == pytest.approx([4.0 * k for k in range(12)], abs=1.0)


@pytest.mark.parametrize("neutral", ["auto", 0, None])
def test_a_driving_clip_without_any_face_is_refused(
    portrait: Path, tmp_path: Path, neutral: str | int | None
) -> None:
    driving = make_clip(tmp_path / "driving.mp4", driving_pictures(5, missing=tuple(range(5))))
    with pytest.raises(InputError, match="no face"):
        run(portrait, driving, tmp_path / "out.mp4", neutral=neutral)
    assert not list(tmp_path.glob("*out*"))


def test_a_portrait_without_a_face_is_refused(driving: Path, tmp_path: Path) -> None:
    Image.fromarray(disc_picture(300, 300, None)).save(tmp_path / "empty.png")
    with pytest.raises(InputError, match=r"no face was found in the portrait .*empty\.png"):
        run(tmp_path / "empty.png", driving, tmp_path / "out.mp4")
    assert not list(tmp_path.glob("*out*"))


@pytest.mark.parametrize("extension", ["bmp", "tiff", "avif"])
def test_a_picture_of_another_kind_is_refused(
    driving: Path, tmp_path: Path, extension: str
) -> None:
    portrait = tmp_path / f"portrait.{extension}"
    Image.fromarray(disc_picture(384, 256, (192, 128))).save(portrait)
    with pytest.raises(InputError, match="JPEG, PNG or WebP"):
        run(portrait, driving, tmp_path / "out.mp4")


@pytest.mark.parametrize("extension", ["jpg", "png", "webp"])
def test_each_kind_of_picture_can_be_animated(
    driving: Path, tmp_path: Path, extension: str
) -> None:
    portrait = tmp_path / "portrait.dat"
    image = Image.fromarray(disc_picture(384, 256, (192, 128)))
    image.save(portrait, {"jpg": "JPEG"}.get(extension, extension.upper()))
    assert run(portrait, driving, tmp_path / "out.mp4").frames == 12


def test_a_portrait_clip_without_a_face_is_refused(driving: Path, tmp_path: Path) -> None:
    portrait = make_clip(tmp_path / "empty.mp4", driving_pictures(3, missing=(0, 1, 2)))
    with pytest.raises(InputError, match=r"no face was found in the portrait clip .*empty\.mp4"):
        run(portrait, driving, tmp_path / "out.mp4", portrait_motion="clip")


def test_a_neutral_frame_beyond_the_clip_is_refused(
    portrait: Path, driving: Path, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=r"12 frames, so --neutral must lie in 0\.\.11"):
        run(portrait, driving, tmp_path / "out.mp4", neutral=12)


def test_a_neutral_frame_without_a_face_is_refused(portrait: Path, tmp_path: Path) -> None:
    driving = make_clip(tmp_path / "driving.mp4", driving_pictures(5, missing=(2,)))
    with pytest.raises(InputError, match=r"frame 2 .* no face"):
        run(portrait, driving, tmp_path / "out.mp4", neutral=2)


def test_the_output_may_not_be_an_input(portrait: Path, driving: Path) -> None:
    with pytest.raises(OutputError, match="read for this render"):
        run(portrait, driving, driving, force=True)
    assert len(pictures_of(driving)) == 12


def test_a_cut_off_driving_clip_is_rendered_as_far_as_it_goes(
    portrait: Path, driving: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    whole = make_clip(
        tmp_path / "whole.mp4",
        driving_pictures(60, step=1),
        options={"crf": "12", "g": "10"},
    )
    cut = tmp_path / "cut.mkv"
    make_clip(cut, [pixels for _, pixels in pictures_of(whole)], options={"crf": "12", "g": "10"})
    cut.write_bytes(cut.read_bytes()[: cut.stat().st_size // 2])
    with caplog.at_level(logging.WARNING):
        report = run(portrait, cut, tmp_path / "out.mp4")
    assert 5 < report.frames < 55
    assert len(pictures_of(tmp_path / "out.mp4")) == report.frames
    assert "cut off" in caplog.text
