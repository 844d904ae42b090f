"""From a picture and a file of points to a portrait file, and what is refused on the way."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.errors import InputError
from engine.faces.by_hand import points_of
from engine.faces.face import Face
from engine.frame import Pixels
from stream.enroll.by_hand import load_points, portrait_by_hand, save_points
from stream.files.portrait_file import save_portrait
from stream.files.portrait_reader import load_portrait
from tests.faces_made import made_face, textured

FACE = made_face()


class FindsTheSame:
    """A tracker that finds this face in every picture, or none."""

    def __init__(self, face: Face | None) -> None:
        self._face = face

    def find(self, picture: Pixels, now_ns: int | None = None) -> Face | None:
        return self._face

    def reset(self) -> None:
        """Nothing is remembered."""


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    Image.fromarray(textured()).save(tmp_path / "drawn.png")
    return tmp_path / "drawn.png"


def written(folder: Path, content: object) -> Path:
    (folder / "points.json").write_text(json.dumps(content), encoding="utf-8")
    return folder / "points.json"


def test_points_that_were_found_can_be_put_right_and_kept(picture: Path, tmp_path: Path) -> None:
    tracker = FindsTheSame(FACE)
    found = portrait_by_hand(picture, None, tracker)
    save_points(tmp_path / "points.json", found.face)
    content = json.loads((tmp_path / "points.json").read_text(encoding="utf-8"))
    content["lips"][1] += 6.0
    kept = portrait_by_hand(picture, written(tmp_path, content), tracker)
    save_portrait(tmp_path / "drawn.portrait", kept)
    again = load_portrait(tmp_path / "drawn.portrait")
    np.testing.assert_array_equal(again.picture, textured())
    x, y = points_of(FACE)["lips"]
    assert points_of(again.face)["lips"] == pytest.approx((x, y + 6.0), abs=0.1)


def test_a_picture_without_a_face_needs_all_eight(picture: Path, tmp_path: Path) -> None:
    none = FindsTheSame(None)
    with pytest.raises(InputError, match=r"no face was found .* by --points"):
        portrait_by_hand(picture, None, none)
    points = points_of(FACE)
    made = portrait_by_hand(picture, written(tmp_path, points), none)
    for name, place in points_of(made.face).items():
        assert place == pytest.approx(points[name], abs=0.01), name
    del points["chin"]
    with pytest.raises(InputError, match="chin are missing"):
        portrait_by_hand(picture, written(tmp_path, points), none)


def test_without_a_face_points_to_begin_with_are_written(picture: Path, tmp_path: Path) -> None:
    none, begun = FindsTheSame(None), tmp_path / "begun.json"
    with pytest.raises(InputError, match=r"begun\.json has its eight points"):
        portrait_by_hand(picture, None, none, begun)
    assert set(load_points(begun)) == set(points_of(FACE))
    portrait_by_hand(picture, begun, none)


def swapped() -> dict[str, tuple[float, float]]:
    def other(name: str) -> str:
        side = {"right": "left", "left": "right"}
        return "_".join(side.get(word, word) for word in name.split("_"))

    return {other(name): at for name, at in points_of(FACE).items()}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ([], "no points are named"),
        ({}, "no points are named"),
        ({"nose": [1, 2]}, "'nose' is none of"),
        ({"chin": [1]}, "chin is not"),
        ({"chin": [True, 2]}, "chin is not"),
        ({"chin": ["1", 2]}, "chin is not"),
        ({"chin": [1e9, 2]}, "chin is not"),
        ({"chin": [1, float("nan")]}, "chin is not"),
        (swapped(), "right and left are taken for each other"),
        (dict.fromkeys(points_of(FACE), (9, 9)), "both eyes lie in the same place"),
        ({"mouth_left": [20, 150]}, "mouth_left does not lie to the left of mouth_right"),
        ({"chin": [128, 9000]}, "far from any face's"),
    ],
)
def test_what_cannot_be_meant_is_named(
    content: object, said: str, picture: Path, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=said):
        portrait_by_hand(picture, written(tmp_path, content), FindsTheSame(FACE))


def test_what_is_no_such_file_is_refused(picture: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no file"):
        load_points(tmp_path / "gone.json")
    (tmp_path / "odd.json").write_bytes(b"\xff\x00{")
    with pytest.raises(InputError, match="is no JSON"):
        load_points(tmp_path / "odd.json")
    (tmp_path / "large.json").write_text("[" * 100_000, encoding="utf-8")
    with pytest.raises(InputError, match="too large"):
        load_points(tmp_path / "large.json")
    (tmp_path / "deep.json").write_text("[" * 60_000, encoding="utf-8")
    with pytest.raises(InputError, match="is no JSON"):
        load_points(tmp_path / "deep.json")
    with pytest.raises(InputError, match="no picture"):
        portrait_by_hand(tmp_path / "odd.json", None, FindsTheSame(FACE))
