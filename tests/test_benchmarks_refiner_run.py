"""The refiner's evaluation as a command, on what ships: a rendered portrait and a rendered clip."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks.mobilefacenet import Recogniser, aligned, csim
from benchmarks.refiner.__main__ import SECTIONS, main
from engine.errors import InputError
from engine.faces.mesh_tracker import MeshTracker
from engine.pictures import open_picture
from stream.files.clips import Clip
from tests.faces_made import made_face
from tests.video_files import make_clip

ROOT = Path(__file__).parents[1]
ASSETS = ROOT / "stream" / "assets"
MOBILEFACENET = ROOT.parent / "shared" / "models" / "mobilefacenet.pt"


@pytest.mark.slow
def test_sections_without_their_files_are_skipped_with_the_reason(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    wanted = [word for name in SECTIONS for word in ("--only", name)]
    assert main([*wanted, "--models", str(tmp_path / "none")]) == 0
    told = capsys.readouterr()
    assert len(told.err.splitlines()) == len(SECTIONS)
    assert "same_person is skipped: --clips is not given" in told.err
    assert "held_out is skipped: --facekit is not given" in told.err
    assert "the refiner is better than the rig: **no** (undecided: same_person, " in told.out


@pytest.mark.slow
@pytest.mark.parametrize(
    "given",
    [
        ("--only", "sheets", "--refiner"),
        ("--only", "same_person", "--clips"),
        ("--only", "pose_leak", "--portraits"),
    ],
)
def test_a_folder_with_nothing_in_it_is_one_line(
    given: tuple[str, ...], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert main([*given, str(tmp_path)]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert len(told.err.splitlines()) == 1


@pytest.mark.slow
def test_a_clip_without_a_face_is_named(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    make_clip(tmp_path / "wall.mp4", [np.full((256, 256, 3), 120, np.uint8)] * 3)
    assert main(["--only", "same_person", "--clips", str(tmp_path)]) == 2
    assert "wall.mp4 shows no face" in capsys.readouterr().err


@pytest.mark.slow
def test_the_shipped_portrait_and_clip_are_measured_and_drawn(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    portraits, sheets = tmp_path / "portraits", tmp_path / "sheets"
    portraits.mkdir()
    shutil.copy(ASSETS / "portrait.png", portraits)
    given = ["--clips", ASSETS, "--portraits", portraits, "--sheets", sheets, "--every", "40"]
    wanted = ["--only", "same_person", "--only", "sheets"]
    assert main([*map(str, given), *wanted]) == 0
    told = capsys.readouterr().out
    assert "LPIPS is left out: --models is not given" in told
    rows = {
        row: [float(cell.split(" / ")[0]) for cell in line.split("|")[3:-1]]
        for line in told.splitlines()
        for row in ("still picture", "rig", "rig + refiner")
        if line.startswith(f"| {row} | mean")
    }
    assert rows["rig"][-1] < rows["still picture"][-1]
    assert rows["rig + refiner"] != rows["rig"]
    drawn = np.asarray(Image.open(sheets / "sheet_portrait.png"))
    assert drawn.std() > 20
    assert (sheets / "worst_driving.png").is_file()


def test_a_face_is_laid_over_the_five_points() -> None:
    face = made_face(256, roll=20.0, shift=(15.0, -10.0))
    picture = np.zeros((256, 256, 3), np.uint8)
    for index in (1, 61, 291):
        x, y = np.round(face.landmarks[index, :2]).astype(int)
        picture[y - 2 : y + 3, x - 2 : x + 3] = 255
    lit = aligned(picture, face)[..., 0] > 60
    for x, y in ((56, 72), (42, 92), (71, 92)):  # nose and mouth, as ArcFace has them
        assert lit[y - 5 : y + 6, x - 5 : x + 6].any()
    assert not lit[:50].any()


@pytest.mark.slow
@pytest.mark.skipif(not MOBILEFACENET.is_file(), reason="../shared/models is missing")
def test_a_person_is_more_like_themselves_than_like_another() -> None:
    recogniser = Recogniser(MOBILEFACENET)
    frames = [f.pixels for n, f in enumerate(Clip(ASSETS / "driving.mp4").frames()) if n in (0, 40)]
    found = []
    for picture in (*frames, open_picture(ASSETS / "portrait.png")):
        face = MeshTracker().find(picture)
        assert face is not None
        found.append(recogniser.identity(picture, face))
    first, again, other = found
    assert csim(first, first) == pytest.approx(1.0)
    assert csim(first, again) > 0.6 > csim(first, other)


def test_a_file_that_is_no_recogniser_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="MobileFaceNet"):
        Recogniser(tmp_path / "none.pt")
