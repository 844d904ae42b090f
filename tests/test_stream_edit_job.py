"""A film's edit as a whole, with a disc as its face: what is kept, what goes on, what is left."""

import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from threading import Event

import av
import numpy as np
import pytest
from av import VideoFrame
from numpy.typing import NDArray

from engine.editing import Cut, FaceTrack, Note, Part, Patch
from engine.errors import InputError, OutputError
from engine.frame import Pixels
from stream.edit.asked import Driving, EditJob
from stream.edit.encoders import Encoding
from stream.edit.job import edit
from stream.edit.keys import Keys, Range
from stream.edit.planes import planes_of
from stream.edit.workplace import SEGMENT_S
from tests.edit_made import DiscEditor, DiscFinder, DiscPlan, StopAfter, run
from tests.fakes import disc_mask, disc_picture
from tests.video_files import click, heard_at, make_clip, make_turning_clip

LOSSLESS = Encoding(lossless=True)


def pictures(
    count: int, *, missing: tuple[int, ...] = (), size: tuple[int, int] = (160, 120)
) -> list[Pixels]:
    """A disc that walks to the right over a ground of noise."""
    random = np.random.default_rng(3)
    found = []
    for index in range(count):
        centre = None if index in missing else (50.0 + index % 60, 58.0)
        picture = disc_picture(*size, centre, radius=16.0)
        ground = ~disc_mask(picture)
        picture[ground] += random.integers(0, 30, (int(ground.sum()), 1), np.uint8)
        found.append(picture)
    return found


def decoded(path: Path) -> list[tuple[Fraction, list[NDArray[np.integer]]]]:
    """Time after the first picture, and planes, of each picture."""
    with av.open(str(path)) as clip:
        frames = list(clip.decode(video=0))
        return [
            (when(frame) - when(frames[0]), [plane.copy() for plane in planes_of(frame)])
            for frame in frames
        ]


def when(frame: VideoFrame) -> Fraction:
    assert frame.pts is not None
    assert frame.time_base is not None
    return frame.pts * frame.time_base


def check_only_discs_changed(source: Path, out: Path, *, least: float = 0.02) -> None:
    """Each picture has its time, and its planes but for the disc and a rim around it."""
    before, after = decoded(source), decoded(out)
    assert [time for time, _ in before] == [time for time, _ in after]
    for (_, own), (_, new) in zip(before, after, strict=True):
        assert [plane.shape for plane in own] == [plane.shape for plane in new]
        changed = own[0] != new[0]
        assert changed.mean() > least
        rows, columns = np.nonzero(changed)
        assert np.ptp(rows) < 60
        assert np.ptp(columns) < 60


def test_only_the_face_changes_and_every_other_sample_keeps_its_bits(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "film.mp4", pictures(8))
    report = run(source, tmp_path / "out.mp4", encoding=LOSSLESS)
    assert (report.frames, report.changed) == (8, 8)
    check_only_discs_changed(source, tmp_path / "out.mp4")


def test_where_nothing_is_asked_the_film_stays_as_it_is(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "film.mp4", pictures(40))
    keys = Keys(range=Range(begin_s=0.5, end_s=1.2))
    report = run(source, tmp_path / "out.mkv", encoding=LOSSLESS, keys=keys)
    assert 15 < report.changed < 25
    for (time_s, own), (_, new) in zip(decoded(source), decoded(tmp_path / "out.mkv"), strict=True):
        is_same = all(np.array_equal(one, other) for one, other in zip(own, new, strict=True))
        assert is_same == (not Fraction(1, 2) < time_s < Fraction(6, 5))


@pytest.mark.parametrize("pix_fmt", ["yuv420p10le", "yuv422p", "yuv444p", "yuvj420p"])
def test_depth_and_subsampling_are_kept(pix_fmt: str, tmp_path: Path) -> None:
    source = make_clip(tmp_path / "film.mkv", pictures(4), pix_fmt=pix_fmt)
    run(source, tmp_path / "out.mkv", encoding=LOSSLESS)
    with av.open(str(tmp_path / "out.mkv")) as clip:
        kept = clip.streams.video[0].codec_context.pix_fmt
    assert kept is not None
    assert kept.replace("j", "") == pix_fmt.replace("j", "")
    check_only_discs_changed(source, tmp_path / "out.mkv")


def test_uneven_times_are_kept(tmp_path: Path) -> None:
    ticks = [0, 33, 70, 71, 150, 400, 431, 480]
    source = make_clip(tmp_path / "film.mkv", pictures(8), ticks=ticks, time_base=Fraction(1, 1000))
    run(source, tmp_path / "out.mp4", encoding=LOSSLESS)
    check_only_discs_changed(source, tmp_path / "out.mp4")


@pytest.mark.parametrize("rate", [Fraction(24), Fraction(25), Fraction(30000, 1001)])
def test_the_sound_stays_where_it_was(rate: Fraction, tmp_path: Path) -> None:
    source = make_clip(
        tmp_path / "film.mp4", pictures(30), rate=rate, sound=click(1.2, 0.5), tags=None
    )
    run(source, tmp_path / "out.mp4")
    assert heard_at(tmp_path / "out.mp4") == pytest.approx(heard_at(source), abs=0.002)
    with av.open(str(tmp_path / "out.mp4")) as clip:
        assert clip.streams.video[0].average_rate == rate


def test_colours_are_said_as_the_film_says_them(tmp_path: Path) -> None:
    tags = {"colorspace": 9, "color_range": 1, "color_trc": 16, "color_primaries": 9}
    source = make_clip(
        tmp_path / "film.mkv", pictures(3), pix_fmt="yuv420p10le", tags=tags, matrix=9
    )
    run(source, tmp_path / "out.mkv", encoding=LOSSLESS)
    with av.open(str(tmp_path / "out.mkv")) as clip:
        frame = next(clip.decode(video=0))
        found = (frame.colorspace, frame.color_range, frame.color_trc, frame.color_primaries)
    assert tuple(int(each) for each in found) == (9, 1, 16, 9)


def test_a_film_on_its_side_is_edited_upright_and_stays_on_its_side(tmp_path: Path) -> None:
    upright = make_clip(tmp_path / "upright.mp4", pictures(4))
    source = tmp_path / "film.mp4"
    with av.open(str(upright)) as read, av.open(str(source), "w") as write:
        stream = write.add_stream_from_template(read.streams.video[0])
        stream.set_display_rotation(90)
        for packet in read.demux(video=0):
            if packet.size:
                packet.stream = stream
                write.mux(packet)
    run(source, tmp_path / "out.mp4", encoding=LOSSLESS)
    with av.open(str(source)) as one, av.open(str(tmp_path / "out.mp4")) as other:
        assert next(one.decode(video=0)).rotation == next(other.decode(video=0)).rotation != 0
    check_only_discs_changed(source, tmp_path / "out.mp4")


def long_film(path: Path) -> Path:
    """Two and a half pieces."""
    count = round(2.5 * SEGMENT_S * 4)
    return make_clip(path, pictures(count, size=(128, 96)), rate=4)


def planes_equal(one: Path, other: Path) -> bool:
    return all(
        shown == then and all(np.array_equal(a, b) for a, b in zip(own, new, strict=True))
        for (shown, own), (then, new) in zip(decoded(one), decoded(other), strict=True)
    )


@pytest.mark.parametrize(("task", "frames"), [("reading the film", 60), ("retouching", 55)])
def test_what_was_stopped_goes_on_and_ends_as_if_nothing_had_happened(
    task: str, frames: int, tmp_path: Path
) -> None:
    source = long_film(tmp_path / "film.mp4")
    run(source, tmp_path / "whole.mp4")
    stop = Event()
    out = tmp_path / "out.mp4"
    report = run(source, out, stop=stop, progress=StopAfter(stop, task, frames))
    assert report.was_stopped
    assert not out.exists()
    DiscFinder.asked = 0
    run(source, out)
    assert DiscFinder.asked < 70  # the first ten seconds, or all, were read before
    assert planes_equal(tmp_path / "whole.mp4", out)
    assert not (tmp_path / "out.mp4.edit").exists()


KILLED = """
import os, sys
from pathlib import Path
from tests.edit_made import StopAfter, run

class Kill:
    def __init__(self): self.task, self.done = "", 0
    def begin(self, task, total): self.task, self.done = task, 0
    def advance(self):
        self.done += 1
        if self.task == "retouching" and self.done == 55: os.kill(os.getpid(), 9)

run(Path(sys.argv[1]), Path(sys.argv[2]), progress=Kill())
"""


def test_a_killed_edit_loses_one_piece_at_most(tmp_path: Path) -> None:
    source, out = long_film(tmp_path / "film.mp4"), tmp_path / "out.mp4"
    run(source, tmp_path / "whole.mp4")
    root = Path(__file__).parents[1]
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, source, out],
        cwd=root, env={**os.environ, "PYTHONPATH": str(root)}, check=False,
    )  # fmt: skip
    assert killed.returncode == -signal.SIGKILL
    assert not out.exists()
    began = time.time()
    run(source, out)
    made = next(iter((tmp_path / "whole.mp4").parent.glob("out.mp4.edit/made-*/*")), None)
    assert made is None
    assert planes_equal(tmp_path / "whole.mp4", out)
    assert out.stat().st_mtime >= began - 1


def test_a_full_disk_is_said_and_the_same_command_goes_on(tmp_path: Path) -> None:
    source, out = long_film(tmp_path / "film.mp4"), tmp_path / "out.mkv"
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (700_000, limits[1]))
        with pytest.raises(OutputError, match="goes on"):
            run(source, out, encoding=Encoding(encoder="ffv1"))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    assert not out.exists()
    run(source, out, encoding=Encoding(encoder="ffv1"))
    check_only_discs_changed(source, out)


def test_another_setting_begins_anew(tmp_path: Path) -> None:
    source, out = long_film(tmp_path / "film.mp4"), tmp_path / "out.mp4"
    stop = Event()
    run(source, out, stop=stop, progress=StopAfter(stop, "retouching", 55))
    keys = Keys(range=Range(begin_s=20.0))
    run(source, out, keys=keys, encoding=LOSSLESS)
    (_, own), (_, new) = decoded(source)[0], decoded(out)[0]
    assert np.array_equal(own[0], new[0])


def test_problems_are_written_before_and_kept_after(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "film.mp4", pictures(40, missing=tuple(range(10, 25))))
    run(source, tmp_path / "out.mp4")
    (problem,) = json.loads((tmp_path / "out.problems.json").read_text())
    assert problem["kind"] == "lost face"
    assert problem["begin_s"] == pytest.approx(10 / 30, abs=0.01)
    assert problem["end_s"] == pytest.approx(25 / 30, abs=0.01)


@dataclass(frozen=True, kw_only=True)
class CoveredPlan(DiscPlan):
    """Something lies before the face for six frames."""

    def retouch(self, index: int, cut: Cut, lent: Mapping[int, Cut]) -> Patch | None:
        patch = super().retouch(index, cut, lent)
        return patch and replace(patch, covered=0.2 if 3 <= index < 9 else 0.0)


class CoveredEditor(DiscEditor):
    def plan(
        self,
        track: FaceTrack,
        parts: Sequence[Part],
        neutral: int | None,
        pictures: Callable[[int], Pixels],
    ) -> DiscPlan:
        foreseen = [
            Note(begin=begin, end=begin + 12, kind="something in front", words="foreseen")
            for begin in (0, 30)
        ]
        return CoveredPlan(track=track, parts=parts, notes=foreseen)


def test_what_lies_in_front_is_foreseen_and_told_exactly_once_it_is_known(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "film.mp4", pictures(45), rate=30)
    foreseen: list[float] = []
    report = edit(
        EditJob(source=source, out=tmp_path / "out.mp4", drivings=[Driving(source=None)]),
        editor=CoveredEditor(),
        make_finder=DiscFinder,
        tell=lambda planned: foreseen.extend(each.begin_s for each in planned.problems),
    )
    assert foreseen == pytest.approx([0.0, 1.0])
    times = [(each.begin_s, each.end_s) for each in report.problems]
    assert times == [pytest.approx((0.1, 8 / 30)), pytest.approx((1.0, 1.4))]


@pytest.mark.parametrize(("begin_s", "told"), [(1.6, []), (1.2, [1.0])])
def test_problems_are_told_of_the_part_that_is_edited(
    begin_s: float, told: list[float], tmp_path: Path
) -> None:
    source = make_clip(tmp_path / "film.mp4", pictures(90), rate=30)
    report = edit(
        EditJob(
            source=source, out=tmp_path / "out.mp4", drivings=[Driving(source=None)],
            keys=Keys(range=Range(begin_s=begin_s, end_s=2.6)),
        ),
        editor=CoveredEditor(),
        make_finder=DiscFinder,
    )  # fmt: skip
    assert [each.begin_s for each in report.problems] == pytest.approx(told)


def test_a_film_without_a_face_is_refused(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "film.mp4", pictures(4, missing=(0, 1, 2, 3)))
    with pytest.raises(InputError, match="no face was found"):
        run(source, tmp_path / "out.mp4")
    assert not (tmp_path / "out.mp4").exists()


def test_a_face_that_is_not_there_is_refused(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "film.mp4", pictures(4))
    with pytest.raises(InputError, match=r"--face must lie in 1\.\.1"):
        run(source, tmp_path / "out.mp4", faces=(2,))


def test_an_encoder_that_would_change_the_pictures_is_refused(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "film.mp4", pictures(3))
    with pytest.raises(InputError, match="cannot keep pictures stored as yuv420p"):
        run(source, tmp_path / "out.mov", encoding=Encoding(encoder="prores_ks"))


@pytest.mark.parametrize(("encoder", "extension"), [("prores_ks", "mov"), ("ffv1", "mkv")])
def test_encoders_of_intermediates_keep_depth_and_times(
    encoder: str, extension: str, tmp_path: Path
) -> None:
    source = make_clip(
        tmp_path / "film.mkv", pictures(5), pix_fmt="yuv422p10le", rate=Fraction(30000, 1001)
    )
    out = tmp_path / f"out.{extension}"
    run(source, out, encoding=Encoding(encoder=encoder))
    before, after = decoded(source), decoded(out)
    assert [time for time, _ in after] == pytest.approx([time for time, _ in before], abs=1e-4)
    for (_, own), (_, new) in zip(before, after, strict=True):
        apart = np.abs(own[0].astype(int) - new[0])
        assert np.median(apart) <= (8 if encoder == "prores_ks" else 0)
    with av.open(str(out)) as clip:
        assert clip.streams.video[0].codec_context.pix_fmt == "yuv422p10le"


def test_a_container_that_cannot_take_the_pictures_is_refused_at_once(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "film.mp4", pictures(3))
    with pytest.raises(InputError, match=r"ffv1 goes into \.mkv, not into \.mp4"):
        run(source, tmp_path / "out.mp4", encoding=Encoding(encoder="ffv1"))
    with pytest.raises(InputError, match="aac cannot make a film"):
        run(source, tmp_path / "out.mkv", encoding=Encoding(encoder="aac"))


def test_a_film_whose_pictures_change_their_size_is_refused(tmp_path: Path) -> None:
    parts = [pictures(3), pictures(3, size=(120, 160))]
    source = make_turning_clip(tmp_path / "film.webm", parts)
    with pytest.raises(InputError, match="change their size"):
        run(source, tmp_path / "out.mkv")


def test_two_runs_do_not_work_on_one_output(tmp_path: Path) -> None:
    source, out = make_clip(tmp_path / "film.mp4", pictures(3)), tmp_path / "out.mp4"
    from stream.edit.workplace import Workplace

    with Workplace(out), pytest.raises(OutputError, match="another run"):
        run(source, out)


def test_every_soundtrack_is_kept_with_its_language_and_time(tmp_path: Path) -> None:
    source = tmp_path / "film.mkv"
    moments = {"eng": 0.3, "fra": 0.7, "deu": 1.1}
    parts = [
        make_clip(tmp_path / f"{name}.mkv", pictures(45), sound=click(1.5, at))
        for name, at in moments.items()
    ]
    with ExitStack() as stack:
        read = [stack.enter_context(av.open(str(part))) for part in [parts[0], *parts]]
        write = stack.enter_context(av.open(str(source), "w"))
        streams = [
            (read[0], read[0].streams.video[0]),
            *((r, r.streams.audio[0]) for r in read[1:]),
        ]
        made = [write.add_stream_from_template(stream) for _, stream in streams]
        for target, name in zip(made[1:], moments, strict=True):
            target.metadata["language"] = name
        packets = [
            [packet for packet in clip.demux(stream) if packet.size] for clip, stream in streams
        ]
        for target, those in zip(made, packets, strict=True):
            for packet in those:
                packet.stream = target
                write.mux(packet)
    run(source, tmp_path / "out.mp4")
    with av.open(str(tmp_path / "out.mp4")) as clip:
        assert [stream.language for stream in clip.streams.audio] == list(moments)
    for number, at in enumerate(moments.values()):
        assert heard_at(tmp_path / "out.mp4", track=number) == pytest.approx(at, abs=0.05)
