"""The scripts of docs/examples, run as a reader would run them; a clip stands for the camera."""

import ast
import runpy
import sys
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.faces.mesh_tracker import MeshTracker
from engine.frame import Pixels
from engine.pictures import open_picture
from engine.rig.driver.reading import read_face
from stream.files.bundled import ASSETS
from stream.files.clips import Clip
from tests.video_files import make_clip, pictures_of

EXAMPLES = Path(__file__).parents[1] / "docs" / "examples"
SCRIPTS = sorted(path.name for path in EXAMPLES.glob("*.py"))
PORTRAIT = ASSETS / "portrait.png"
FIRST, LAST, EVERY = 216, 288, 4
"""Of the bundled clip, 30 frames a second: the head tilts to one side, then to the other."""


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds of the bundled driver, a few pictures of them."""
    frames = list(Clip(ASSETS / "driving.mp4").frames())[FIRST:LAST:EVERY]
    path = tmp_path_factory.mktemp("clip") / "tilts.mp4"
    return make_clip(path, [frame.pixels for frame in frames], rate=Fraction(30, EVERY))


@pytest.fixture(autouse=True)
def _arguments_stay_here(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as patch:
        patch.setattr(sys, "argv", [])
        yield


def run(name: str, *arguments: object) -> None:
    sys.argv = [name, *(str(argument) for argument in arguments)]
    runpy.run_path(str(EXAMPLES / name), run_name="__main__")


def tilt(picture: Pixels) -> float:
    """How far the head leans to a side, in degrees."""
    face = MeshTracker().find(picture)
    assert face is not None
    across = read_face(face).placement.rotation[:, 0]
    return float(abs(np.degrees(np.arctan2(across[1], across[0]))))


@pytest.mark.slow
def test_a_reenacted_portrait_tilts_with_the_driver_and_a_held_head_does_not(
    clip: Path, tmp_path: Path
) -> None:
    run("reenact_clip.py", PORTRAIT, clip, tmp_path / "follows.mp4")
    run("mix_factors.py", PORTRAIT, clip, tmp_path / "mixed.mp4")
    driver, follows, mixed = (
        [picture for _, picture in pictures_of(path)]
        for path in (clip, tmp_path / "follows.mp4", tmp_path / "mixed.mp4")
    )
    assert len(follows) == len(mixed) == len(driver)
    farthest = int(np.argmax([tilt(picture) for picture in driver]))
    assert tilt(driver[farthest]) > 8
    assert tilt(follows[farthest]) > 6
    assert tilt(mixed[farthest]) < 3


@pytest.mark.slow
def test_a_camera_drives_a_portrait_into_a_file(
    clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run("live_camera.py", PORTRAIT, tmp_path / "live.mp4", clip)
    pictures = [picture for _, picture in pictures_of(tmp_path / "live.mp4")]
    assert pictures
    assert pictures[0].shape == (512, 512, 3)
    assert MeshTracker().find(pictures[-1]) is not None
    assert "source: " in capsys.readouterr().out


@pytest.mark.slow
def test_a_bundle_changes_the_face_and_leaves_the_rest(
    dpe_bundle: Path, clip: Path, tmp_path: Path
) -> None:
    driver = tmp_path / "driver.png"
    Image.fromarray(pictures_of(clip)[0][1]).save(driver)
    run("load_bundle.py", dpe_bundle, PORTRAIT, driver, tmp_path / "out.png")
    portrait = Image.open(PORTRAIT).convert("RGB").resize((512, 512), Image.Resampling.BOX)
    after = open_picture(tmp_path / "out.png")
    assert after.shape == (512, 512, 3)
    changed = np.abs(after.astype(int) - np.asarray(portrait)).max(axis=2) > 40
    rows, columns = changed.shape
    assert changed[rows // 3 : rows // 2, columns // 3 : 2 * columns // 3].mean() > 0.5
    assert not changed[: rows // 20].any()


@pytest.mark.slow
def test_a_measured_step_names_its_stages(clip: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run("measure_step.py", PORTRAIT, clip)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["find", "read", "render"]
    assert all(float(line.split()[2]) > 0 for line in lines)


@pytest.mark.parametrize("name", SCRIPTS)
def test_each_is_short_run_here_and_uses_only_doors_that_are_documented(name: str) -> None:
    text = (EXAMPLES / name).read_text()
    assert len(text.splitlines()) < 40
    assert f'run("{name}"' in Path(__file__).read_text()
    doors = (EXAMPLES.parent / "papers.md").read_text()
    assert f"examples/{name}" in doors
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom) and str(node.module).split(".")[0] in (
            *("engine", "export", "stream"),
        ):
            for imported in node.names:
                assert f"`{node.module}.{imported.name}`" in doors
