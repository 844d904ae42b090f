"""A recording drives a portrait as its clip did; what needs a driving picture is refused."""

from fractions import Fraction
from pathlib import Path
from threading import Event

import av
import numpy as np
import pytest
from PIL import Image

from engine.errors import InputError
from engine.families import BUILT_IN, BUNDLED
from engine.motion import Edit
from engine.rig.model import RigModel
from engine.rig.motion.mixer import Held, Replayed, RigMixer, ToCamera
from stream.cli.factor_sources import set_sources
from stream.files.clips import Clip
from stream.files.motion_file import motion_writer, refuse_without_names
from stream.files.motion_reader import load_motion
from stream.render.job import RenderJob, render
from stream.render.replay import replay
from tests.faces_made import textured
from tests.motions_made import moving
from tests.nodding import SIZE, NoddingTracker
from tests.video_files import make_clip, pictures_of


@pytest.fixture
def portrait(tmp_path: Path) -> Path:
    path = tmp_path / "portrait.png"
    Image.fromarray(textured(SIZE)).save(path)
    return path


@pytest.fixture
def driving(tmp_path: Path) -> Path:
    """A clip of grey pictures, 25 a second, the head turning from its middle to the right."""
    greys = [np.full((64, 64, 3), 100 + 5 * index, np.uint8) for index in range(8)]
    return make_clip(tmp_path / "driving.mp4", greys, rate=25)


@pytest.fixture
def motion(tmp_path: Path) -> Path:
    path = tmp_path / "motion.npz"
    with motion_writer(path) as writer:
        for index in range(6):
            writer.add(index * 40_000_000, moving(index) if index != 3 else None)
        writer.finish(Fraction(25))
    return path


def job(portrait: Path, driving: Path, out: Path, **settings: object) -> RenderJob:
    asked = {"portrait": portrait, "driving": driving, "out": out, "size": SIZE, **settings}
    return RenderJob(**asked)  # type: ignore[arg-type]


@pytest.mark.slow
def test_a_clip_and_its_recording_give_the_same_film(
    portrait: Path, driving: Path, tmp_path: Path
) -> None:
    recorded, first, second = (tmp_path / name for name in ("m.npz", "first.mp4", "second.mp4"))
    edit = Edit(gains={"lips": 0.8})
    asked = job(portrait, driving, first, edit=edit, neutral=0, record_motion=recorded)
    made = render(asked, model=RigModel(), make_tracker=NoddingTracker)
    again = replay(
        job(portrait, recorded, second, edit=edit), model=RigModel(), make_tracker=NoddingTracker
    )
    assert (made.frames, again.frames) == (8, 8)
    assert Clip(second).rate == Clip(first).rate == 25
    films = list(zip(pictures_of(first), pictures_of(second), strict=True))
    assert [one[0] for one, _ in films] == [other[0] for _, other in films]
    for (_, one), (_, other) in films:
        assert np.abs(one.astype(int) - other).mean() < 0.5, "the encoder may choose otherwise"
    still, turned = films[0][0][1], films[-1][0][1]
    assert np.abs(still.astype(int) - turned).mean() > 5, "and something moved at all"


@pytest.mark.slow
def test_a_stopped_render_leaves_a_valid_shorter_recording(
    portrait: Path, driving: Path, tmp_path: Path
) -> None:
    class StopAtThree:
        def __init__(self) -> None:
            self.stop, self.done = Event(), 0

        def begin(self, task: str, total: int | None) -> None:
            self.done = 0

        def advance(self) -> None:
            self.done += 1
            if self.done == 3:
                self.stop.set()

    watcher = StopAtThree()
    recorded = tmp_path / "m.npz"
    report = render(
        job(portrait, driving, tmp_path / "out.mp4", neutral=0, record_motion=recorded),
        model=RigModel(),
        make_tracker=NoddingTracker,
        progress=watcher,
        stop=watcher.stop,
    )
    assert report.was_stopped
    assert load_motion(recorded).frames == report.frames == 3
    assert not list(tmp_path.glob(".*"))


def test_frames_at_rest_are_counted(portrait: Path, motion: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.mp4"
    report = replay(job(portrait, motion, out), model=RigModel(), make_tracker=NoddingTracker)
    assert (report.frames, report.faceless, report.neutral) == (6, 1, None)
    with av.open(str(out)) as clip:
        assert clip.streams.video[0].average_rate == 25


@pytest.mark.parametrize(
    ("settings", "option"),
    [
        ({"compare": True}, "--compare"),
        ({"neutral": 3}, "--neutral"),
        ({"record_motion": Path("other.npz")}, "--record-motion"),
    ],
)
def test_what_needs_pictures_of_the_driver_is_refused(
    portrait: Path, motion: Path, tmp_path: Path, settings: dict[str, object], option: str
) -> None:
    if "record_motion" in settings:
        settings = {"record_motion": tmp_path / "other.npz"}
    asked = job(portrait, motion, tmp_path / "out.mp4", **settings)
    with pytest.raises(InputError, match=option):
        replay(asked, model=RigModel(), make_tracker=NoddingTracker)
    assert not list(tmp_path.glob("*out*"))


def test_a_damaged_recording_writes_nothing(portrait: Path, motion: Path, tmp_path: Path) -> None:
    motion.write_bytes(motion.read_bytes()[:500])
    with pytest.raises(InputError, match="is not a motion file"):
        replay(
            job(portrait, motion, tmp_path / "out.mp4"),
            model=RigModel(),
            make_tracker=NoddingTracker,
        )
    assert not list(tmp_path.glob("*out*"))


def test_a_model_without_landmarks_refuses_motion_files() -> None:
    refuse_without_names(BUILT_IN["rig"]())
    refuse_without_names(BUNDLED["pdfgc"]())
    with pytest.raises(InputError, match="rig and pdfgc only"):
        refuse_without_names(BUNDLED["dpe"]())


def test_sources_are_read_as_they_are_written(motion: Path) -> None:
    mixer = RigMixer()
    set_sources(
        mixer, [f"lips={motion}", f"pose={motion}", "gaze=camera", "blink=still", "jawOpen=0.25"]
    )
    shown, _ = mixer.mix(None, Edit(), 0)
    assert shown is not None
    assert shown.rotation == pytest.approx(moving(0).rotation)
    assert shown.aperture.tolist() == [1.0, 1.0]
    kinds = {factor: type(source) for factor, source in mixer._sources.items()}
    assert kinds == {"lips": Replayed, "pose": Replayed, "gaze": ToCamera, "blink": Held}
    plain = RigMixer()
    set_sources(plain, [])
    assert plain.mix(moving(0), edit := Edit(mode="pose"), 0)[1] is edit, "nothing is mixed"


@pytest.mark.parametrize(
    ("pair", "complaint"),
    [
        ("lip=still", "names neither a factor"),
        ("lips", "cannot be used"),
        ("lips=camera", "cannot be used"),
        ("lips=gone.npz", "no file"),
        ("jawOpen=2", r"lies in 0\.\.1"),
        ("jawOpen=nan", r"lies in 0\.\.1"),
        ("jawOpen=wide", r"lies in 0\.\.1"),
    ],
)
def test_a_source_that_cannot_be_meant_is_refused(pair: str, complaint: str) -> None:
    with pytest.raises(InputError, match=complaint):
        set_sources(RigMixer(), [pair])


def test_a_source_given_twice_is_refused() -> None:
    with pytest.raises(InputError, match="given twice"):
        set_sources(RigMixer(), ["lips=still", "lips=live"])
