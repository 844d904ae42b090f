"""A steady head whose expression keeps every frame of its own."""

import numpy as np
from numpy.typing import NDArray

from engine.faces.canonical import head_pose, load_basis, to_picture
from engine.faces.face import LANDMARKS, Face
from engine.faces.steady import runs, steadied
from engine.geometry import Similarity, rotation_from_vector

COUNT = 40


def faces(jitter: float, opens: NDArray[np.float64]) -> NDArray[np.float32]:
    """A head that turns slowly, trembles by `jitter` px, and opens its mouth as told, in cm."""
    random = np.random.default_rng(4)
    found = []
    for index in range(COUNT):
        points = load_basis().canonical.copy()
        points[14, 1] -= opens[index]
        place = Similarity(
            scale=20.0,
            rotation=rotation_from_vector(np.array([0.0, 0.01 * index, 0.0])),
            translation=np.array([300.0, -300.0, 0.0]) + random.normal(0.0, jitter, 3),
        )
        found.append(to_picture(place.apply(points)))
    return np.array(found, np.float32).reshape(COUNT, LANDMARKS, 3)


def places(landmarks: NDArray[np.float32]) -> NDArray[np.float64]:
    return np.array(
        [
            head_pose(Face(landmarks=face, confidence=1.0)).placement.translation
            for face in landmarks
        ]
    )


def test_a_trembling_head_comes_to_rest_and_a_turning_one_turns() -> None:
    shaking, still = faces(1.0, np.zeros(COUNT)), faces(0.0, np.zeros(COUNT))
    smooth = steadied(shaking, np.zeros(COUNT, np.int64))
    before = np.abs(np.diff(places(shaking), 2, axis=0)).mean()
    assert np.abs(np.diff(places(smooth), 2, axis=0)).mean() < 0.3 * before
    kept = steadied(still, np.zeros(COUNT, np.int64))
    assert np.abs(kept - still).max() < 0.05


def test_lips_that_open_for_one_frame_open_in_that_frame_alone() -> None:
    opens = np.zeros(COUNT)
    opens[20] = 1.5
    smooth = steadied(faces(1.0, opens), np.zeros(COUNT, np.int64))
    gaps = np.array([np.linalg.norm(face[13] - face[14]) for face in smooth])
    assert gaps[20] - gaps[19] > 0.9 * 1.5 * 20.0
    assert np.abs(np.diff(gaps[:19])).max() < 0.5


def test_nothing_passes_over_a_loss_or_a_cut() -> None:
    shaking = faces(1.0, np.zeros(COUNT))
    shots = np.repeat([0, 1], COUNT // 2)
    apart = np.concatenate(
        [steadied(part, np.zeros(COUNT // 2, np.int64)) for part in np.split(shaking, 2)]
    )
    assert np.array_equal(steadied(shaking, shots), apart)
    shaking[20] = np.nan
    lost = steadied(shaking, np.zeros(COUNT, np.int64))
    assert np.isnan(lost[20]).all()
    assert np.array_equal(lost[:20], steadied(shaking[:20], np.zeros(20, np.int64)))


def test_runs_are_of_one_shot() -> None:
    seen = np.array([1, 1, 0, 1, 1, 1], np.bool_)
    assert runs(seen, np.array([0, 0, 0, 0, 1, 1])) == [(0, 2), (3, 4), (4, 6)]
