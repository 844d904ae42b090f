"""`understudy enroll` as a user meets it, and what other commands make of its file."""

import json
import sys
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from threading import Event

import numpy as np
import pytest
from PIL import Image

from engine.faces.mesh_tracker import MeshTracker
from engine.rig.model import RigModel
from stream.cli import main
from stream.files.bundled import ASSETS
from stream.files.clips import Clip
from stream.files.motion_file import motion_writer
from stream.files.portrait_reader import load_portrait
from stream.live.job import LiveJob, open_portraits
from stream.render.job import RenderJob, render
from stream.render.replay import replay
from stream.server.portrait_list import PortraitList
from stream.session.portraits import Enroller
from tests.video_files import make_clip, pictures_of

pytestmark = pytest.mark.slow

EVERY = 7


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("enrolled")


@pytest.fixture(scope="module")
def clip(folder: Path) -> Path:
    frames = Clip(ASSETS / "driving.mp4").numbered(lambda number: number % EVERY == 0)
    return make_clip(folder / "me.mkv", [frame.pixels for _, frame in frames], rate=10)


@pytest.fixture
def understudy(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    def call(*arguments: str | Path) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["understudy", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        told = capsys.readouterr()
        return int(ended.value.code or 0), told.out, told.err

    return call


@pytest.fixture(scope="module")
def portrait(clip: Path, folder: Path) -> Path:
    from stream.enroll.person import enroll
    from stream.files.portrait_file import save_portrait

    enrolment = enroll([clip], MeshTracker())
    assert enrolment is not None
    save_portrait(folder / "made.portrait", enrolment.portrait)
    return folder / "made.portrait"


def test_it_writes_a_portrait_and_says_what_it_kept(
    understudy: Callable[..., tuple[int, str, str]], clip: Path, tmp_path: Path
) -> None:
    out = tmp_path / "me.portrait"
    code, said, _ = understudy("enroll", clip, "--out", out)
    assert code == 0
    first, *lines = said.splitlines()
    assert first == str(out)
    assert any(line.startswith("kept: frame ") and "mouths" in line for line in lines)
    assert load_portrait(out).appearances
    code, _, complaint = understudy("enroll", clip, "--out", out)
    assert code == 1
    assert "exists already" in complaint
    assert list(tmp_path.iterdir()) == [out]


@pytest.mark.parametrize(
    ("material", "out", "reason"),
    [
        ("nothing.mp4", "me.portrait", "there is no file"),
        (ASSETS / "portrait.png", "me.portrait", "one moment only"),
        (ASSETS / "portrait.png", "me.zip", "must end in .portrait"),
        (ASSETS / "portrait.png", "nowhere/me.portrait", "there is no folder"),
    ],
)
def test_what_cannot_be_done_is_one_line(
    understudy: Callable[..., tuple[int, str, str]],
    tmp_path: Path,
    material: Path | str,
    out: str,
    reason: str,
) -> None:
    code, said, complaint = understudy("enroll", material, "--out", tmp_path / out)
    assert code == 1
    assert not said
    assert reason in complaint
    assert complaint.startswith("error: ")
    assert complaint.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_a_render_shows_the_person_of_the_file_with_their_own_mouth(
    portrait: Path, clip: Path, tmp_path: Path
) -> None:
    still = tmp_path / "still.png"
    Image.fromarray(load_portrait(portrait).picture).save(still)
    driving = make_clip(tmp_path / "driving.mkv", [p for _, p in pictures_of(clip)][8:16], rate=10)
    results = []
    for source in (portrait, still):
        out = tmp_path / f"{source.stem}.mkv"
        job = RenderJob(portrait=source, driving=driving, out=out, size=256)
        assert render(job, model=RigModel(), make_tracker=MeshTracker).frames == 8
        results.append([pixels for _, pixels in pictures_of(out)])
    apart = [
        float(np.abs(enrolled.astype(float) - alone).max())
        for enrolled, alone in zip(*results, strict=True)
    ]
    assert max(apart) > 40.0


def test_a_clip_is_one_portrait_unless_its_pictures_are_asked_for(
    clip: Path, tmp_path: Path
) -> None:
    """With a driver that rests, a still portrait rests; a moving one goes on moving."""
    first = next(Clip(clip).frames()).pixels
    driving = make_clip(tmp_path / "driving.mkv", [first] * 8, rate=10)
    moved = {}
    for motion in ("still", "clip"):
        out = tmp_path / f"{motion}.mkv"
        job = RenderJob(portrait=clip, driving=driving, out=out, size=256, portrait_motion=motion)
        render(job, model=RigModel(), make_tracker=MeshTracker)
        pictures = [pixels.astype(float) for _, pixels in pictures_of(out)]
        moved[motion] = np.abs(pictures[-1] - pictures[0]).mean()
    assert moved["clip"] > 3 * moved["still"]


@pytest.mark.parametrize("name", ["walk.mkv", "walk.npz"])
def test_a_render_that_is_stopped_while_it_enrols_writes_nothing(
    clip: Path, tmp_path: Path, name: str
) -> None:
    driving = tmp_path / name
    if name.endswith(".npz"):
        with motion_writer(driving) as writer:
            writer.add(0, None)
            writer.finish(Fraction(30))
    else:
        make_clip(driving, [next(Clip(clip).frames()).pixels], rate=10)
    stop = Event()
    stop.set()
    run = replay if name.endswith(".npz") else render
    job = RenderJob(portrait=clip, driving=driving, out=tmp_path / "out.mp4", size=256)
    report = run(job, model=RigModel(), make_tracker=MeshTracker, stop=stop)
    assert report.was_stopped
    assert not report.frames
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_live_and_serve_take_the_file_too(portrait: Path) -> None:
    tracker = MeshTracker()
    count = len(load_portrait(portrait).appearances)
    [shown] = open_portraits(LiveJob(camera="", portraits=[portrait], size=256), tracker)
    assert len(shown.appearances) == count
    Enroller(RigModel(), framing="full").enroll(shown, 256)
    portraits = PortraitList()
    portraits.fill(portrait, tracker)
    assert portraits.first.name == "made"
    assert len(portraits.first.appearances) == count


def test_points_of_a_picture_are_written_put_right_and_used(
    understudy: Callable[..., tuple[int, str, str]], tmp_path: Path
) -> None:
    """What `render`, `live` and `serve` take is the portrait file."""
    picture, points = ASSETS / "portrait.png", tmp_path / "points.json"
    first, second = tmp_path / "first.portrait", tmp_path / "second.portrait"
    code, said, _ = understudy("enroll", picture, "--out", first, "--points-out", points)
    assert (code, str(points) in said) == (0, True)
    found = json.loads(points.read_text(encoding="utf-8"))
    found["chin"][1] += 12.0
    points.write_text(json.dumps(found), encoding="utf-8")
    assert understudy("enroll", picture, "--out", second, "--points", points)[0] == 0
    chins = [load_portrait(path).face.landmarks[152, 1] for path in (first, second)]
    assert chins[1] - chins[0] == pytest.approx(12.0, abs=0.2)
    code, _, complaint = understudy(
        "enroll", picture, picture, "--out", second, "--points", points, "--force"
    )
    assert code == 1
    assert "are for one picture" in complaint
