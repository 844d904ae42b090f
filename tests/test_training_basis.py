"""The ARKit basis that ships with the rig, and the script that builds it."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.motion import ARKIT_NAMES
from training import basis, face_mesh
from training.heads import facekit

ROOT = Path(__file__).parents[1]
BASIS = ROOT / "engine" / "assets" / "rig" / "basis.npz"
FACEKIT = ROOT.parent / "shared" / "facekit" / "facekit.npz"

needs_facekit = pytest.mark.skipif(
    not FACEKIT.is_file(), reason="the FaceKit arrays (../shared/facekit) are not here"
)


@pytest.fixture(scope="module")
def arrays() -> basis.Arrays:
    return basis.load(BASIS)


def moved(arrays: basis.Arrays, **weights: float) -> NDArray[np.float32]:
    face: NDArray[np.float32] = arrays["canonical"].astype(np.float32)
    for name, weight in weights.items():
        face += np.float32(weight) * arrays["basis"][:, :, ARKIT_NAMES.index(name)]
    return face


def gaps(face: NDArray[np.float32], upper: tuple[int, ...], lower: tuple[int, ...]) -> list[float]:
    return [float(face[a, 1] - face[b, 1]) for a, b in zip(upper, lower, strict=True)]


def test_the_columns_are_the_arkit_names_in_our_order(
    arrays: basis.Arrays,
) -> None:
    assert tuple(arrays["names"].tolist()) == ARKIT_NAMES
    assert arrays["basis"].shape == (478, 3, 52)
    still = [name for k, name in enumerate(ARKIT_NAMES) if not np.any(arrays["basis"][:468, :, k])]
    assert still == ["tongueOut"]


def test_lids_meet_when_an_eye_blinks_and_the_other_stays_open(
    arrays: basis.Arrays,
) -> None:
    open_eye = gaps(moved(arrays), face_mesh.LEFT_EYE_UPPER, face_mesh.LEFT_EYE_LOWER)
    shut = moved(arrays, eyeBlinkLeft=1.0)
    left = gaps(shut, face_mesh.LEFT_EYE_UPPER, face_mesh.LEFT_EYE_LOWER)
    right = gaps(shut, face_mesh.RIGHT_EYE_UPPER, face_mesh.RIGHT_EYE_LOWER)
    assert max(open_eye) > 0.8  # cm
    assert max(map(abs, left)) < 0.13
    assert abs(left[4]) < 0.08
    np.testing.assert_allclose(sorted(right), sorted(open_eye), atol=0.02)


def test_the_lips_touch_at_rest_and_part_when_the_jaw_opens(
    arrays: basis.Arrays,
) -> None:
    rest = gaps(moved(arrays), face_mesh.INNER_LIP_UPPER, face_mesh.INNER_LIP_LOWER)
    wide = gaps(moved(arrays, jawOpen=1.0), face_mesh.INNER_LIP_UPPER, face_mesh.INNER_LIP_LOWER)
    assert max(map(abs, rest)) < 0.1
    assert min(wide[1:-1]) > 1.0
    assert max(wide) > 2.5


def test_looking_to_the_left_carries_the_irises_to_the_subjects_left(
    arrays: basis.Arrays,
) -> None:
    looking = moved(arrays, eyeLookOutLeft=1.0, eyeLookInRight=1.0)
    shift = (looking - arrays["canonical"])[[468, 473]]
    assert (shift[:, 0] > 0.5).all()  # cm, towards +x
    down = moved(arrays, eyeLookDownLeft=1.0, eyeLookDownRight=1.0) - arrays["canonical"]
    assert (down[[468, 473], 1] < -0.4).all()
    assert (down[list(face_mesh.LEFT_EYE_UPPER[1:-1]), 1] < 0).all()


def test_the_face_and_every_shape_are_symmetric(
    arrays: basis.Arrays,
) -> None:
    flip = np.array([-1, 1, 1], np.float32)
    mirror = arrays["mirror"]
    assert np.array_equal(mirror[mirror], np.arange(478))
    face = arrays["canonical"]
    np.testing.assert_allclose(face[mirror] * flip, face, atol=1e-6)
    for column, name in enumerate(ARKIT_NAMES):
        other = ARKIT_NAMES.index(basis.mirrored_name(name))
        shape, counterpart = arrays["basis"][:, :, column], arrays["basis"][:, :, other]
        np.testing.assert_allclose(counterpart[mirror] * flip, shape, atol=1e-6)


def test_the_triangles_cover_the_face_once_and_look_outwards(
    arrays: basis.Arrays,
) -> None:
    triangles = arrays["triangles"].astype(np.int64)
    assert triangles.shape == (898, 3)
    directed = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])
    assert len(np.unique(directed, axis=0)) == len(directed)
    assert set(range(468)) == set(triangles.ravel().tolist())
    face = moved(arrays, jawOpen=0.3)
    a, b, c = (face[triangles[:, k]] for k in range(3))
    outward = np.cross(b - a, c - a)[:, 2] > 0
    assert outward.mean() > 0.97  # nostrils and the rim of the jaw look away


@needs_facekit
@pytest.mark.slow
def test_the_committed_file_is_what_the_script_builds(
    arrays: basis.Arrays,
) -> None:
    built = basis.build(
        facekit.load(FACEKIT),
        basis.correspondence_of(arrays),
        basis.placement_of(arrays),
        arrays["triangles"].astype(np.int16),
    )
    assert built.keys() == arrays.keys()
    for name, array in built.items():
        if array.dtype.kind == "f":
            np.testing.assert_allclose(array, arrays[name], atol=1e-5, err_msg=name)
        else:
            np.testing.assert_array_equal(array, arrays[name], err_msg=name)
