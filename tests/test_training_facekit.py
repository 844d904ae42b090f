"""FaceKit's arrays: made from OBJ files, loaded, or refused with the way to get them."""

from pathlib import Path

import numpy as np
import pytest

from engine.errors import InputError
from training.heads import convert, facekit

QUAD = """v 0 0 0
v 1 0 0
v 1 1 0.5
v 0 1 0
vt 0.0 0.0
vt 1.0 0.0
vt 1.0 1.0
vt 0.0 1.0
f 1/1 2/2 3/3 4/4
"""


def test_an_obj_file_gives_places_and_faces(tmp_path: Path) -> None:
    path = tmp_path / "quad.obj"
    path.write_text(QUAD)
    places = convert.read_places(path)
    textures, corners, texture_corners = convert.read_faces(path)
    np.testing.assert_array_equal(places[2], np.array([1, 1, 0.5], np.float32))
    np.testing.assert_array_equal(textures[2], [1, 1])
    assert corners == [[0, 1, 2, 3]]
    assert texture_corners == [[0, 1, 2, 3]]


def test_another_release_of_facekit_is_refused(tmp_path: Path) -> None:
    (tmp_path / "generic_neutral_mesh.obj").write_text(QUAD)
    with pytest.raises(InputError, match="4 vertices"):
        convert.convert(tmp_path)


def test_a_folder_without_meshes_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="FaceXModel"):
        convert.convert(tmp_path)


def test_missing_arrays_are_named_with_the_way_to_get_them(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"training\.heads\.convert"):
        facekit.load(tmp_path / "nowhere.npz")


def test_a_damaged_archive_is_refused(tmp_path: Path) -> None:
    damaged = tmp_path / "facekit.npz"
    damaged.write_bytes(b"PK nonsense")
    with pytest.raises(InputError, match="not a FaceKit archive"):
        facekit.load(damaged)


def test_an_archive_of_something_else_is_refused(tmp_path: Path) -> None:
    other = tmp_path / "other.npz"
    np.savez(other, v0=np.zeros((3, 3)))
    with pytest.raises(InputError, match="lacks the arrays ids"):
        facekit.load(other)
