"""`understudy edit` as a user calls it: what it makes, prints and refuses."""

import json
from itertools import islice
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner, Result

from stream.cli.commands import app
from stream.files.bundled import ASSETS
from stream.files.clips import Clip
from tests.video_files import make_clip


def edit(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["edit", *map(str, arguments)])


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Half a second of the bundled driver, speaking."""
    frames = islice(Clip(ASSETS / "driving.mp4").frames(), 75, 90)
    return make_clip(tmp_path_factory.mktemp("film") / "film.mp4", [f.pixels for f in frames])


@pytest.mark.slow
def test_a_face_becomes_a_little_friendlier_and_nothing_else_changes(
    film: Path, tmp_path: Path
) -> None:
    out, sheet = tmp_path / "out.mkv", tmp_path / "sheet.png"
    asked = ("--source", film, "--out", out, "--lossless", "--preset", "smile")
    preview = edit(*asked, "--preview", sheet)
    assert preview.exit_code == 0, preview.output
    assert "face 1: 15 frames" in preview.output
    assert not out.exists()
    with Image.open(sheet) as shown:
        assert shown.size == (10 * 256, 2 * 256)
    result = edit(*asked)
    assert result.exit_code == 0, result.output
    assert "15 frames, 15 of them changed" in result.output
    assert json.loads((tmp_path / "out.problems.json").read_text()) == []
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        *("out.mkv", "out.problems.json", "sheet.png")
    ]
    with av.open(str(film)) as one, av.open(str(out)) as other:
        for own, new in zip(one.decode(video=0), other.decode(video=0), strict=True):
            before, after = (frame.to_ndarray(format="gray") for frame in (own, new))
            rows, columns = np.nonzero(before != after)
            assert rows.size > 500
            assert (rows.min(), columns.min()) > (100, 100)
            assert columns.max() < 412


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("--driving", "a.mp4", "--face", "0"), "numbers from 1"),
        (("--driving", "a.mp4", "--gain", "pose=1"), "the film's own"),
        ((), "give a clip"),
        (("--slider", "mouthSmileLeft"), "not NAME=VALUE"),
        (("--slider", "mouthSmileLeft=x"), "is no number"),
        (("--driving", "a.mp4", "--source-neutral", "x"), "auto or a frame number"),
        (("--driving", "a.mp4", "--motion", "both"), "motion"),
        (("--driving", "a.mp4", "--rate", "25"), "its own times"),
    ],
)
def test_what_cannot_be_meant_is_a_usage_error(
    arguments: tuple[str, ...], reason: str, film: Path, tmp_path: Path
) -> None:
    result = edit("--source", film, "--out", tmp_path / "out.mp4", *arguments)
    assert result.exit_code == 2
    assert reason in " ".join(result.output.replace("│", " ").split())
    assert not list(tmp_path.iterdir())


def test_several_films_have_no_preview(film: Path, tmp_path: Path) -> None:
    asked = ("--source", film, "--source", film, "--driving", "a", "--out", tmp_path)
    result = edit(*asked, "--preview", tmp_path / "sheet.png")
    assert result.exit_code == 2
    assert "one film for a preview" in " ".join(result.output.replace("│", " ").split())


def test_several_films_need_a_folder(film: Path, tmp_path: Path) -> None:
    result = edit("--source", film, "--source", film, "--driving", "a", "--out", tmp_path / "o.mp4")
    assert result.exit_code == 2
    assert "folder" in result.output
