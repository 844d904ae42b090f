from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from engine.faces.face import LANDMARKS, Face
from engine.faces.mesh_tracker import LOOK_EVERY, MeshTracker
from engine.faces.models import SHA256, checked
from engine.faces.topology import LEFT_EYE_OUTER, RIGHT_EYE_OUTER
from engine.frame import Pixels
from engine.pictures import open_picture
from tests.drawn_faces import EYES, draw_face, drawn_picture
from tests.openings import openings

MEDIA = Path(__file__).parents[2] / "shared" / "media"
GOLDEN = np.load(Path(__file__).parent / "golden" / "faces.npz")
GOLDEN_TASKS = np.load(Path(__file__).parent / "golden" / "faces_tasks.npz")
WALL = (170, 180, 190)

needs_media = pytest.mark.skipif(not MEDIA.exists(), reason="../shared/media is missing")


@pytest.fixture(scope="module")
def loaded() -> MeshTracker:
    return MeshTracker()


@pytest.fixture
def tracker(loaded: MeshTracker) -> MeshTracker:
    loaded.reset()
    return loaded


def wall(width: int = 320, height: int = 320) -> Pixels:
    return np.full((height, width, 3), WALL, np.uint8)


def found(tracker: MeshTracker, picture: Pixels, times: int = 1) -> Face:
    """The face after the picture was shown so often; it must be there each time."""
    faces = [tracker.find(picture) for _ in range(times)]
    assert all(face is not None for face in faces)
    face = faces[-1]
    assert face is not None
    return face


def eye_width(landmarks: NDArray[np.float32]) -> float:
    across = landmarks[..., RIGHT_EYE_OUTER, :2] - landmarks[..., LEFT_EYE_OUTER, :2]
    return float(np.sqrt(np.square(across).sum(axis=-1)).mean())


def distance(one: NDArray[np.float32], other: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(np.sqrt(np.square(one - other)[..., :2].sum(axis=-1)), np.float32)


def place(face: Face) -> tuple[float, float]:
    """Between the irises: where the face was drawn, but for a fifth of its half width in y."""
    x, y = face.landmarks[[468, 473], :2].mean(axis=0)
    return float(x), float(y)


# What it sees


@pytest.mark.parametrize(
    ("x", "y", "half_width"), [(160, 160, 60), (100, 200, 40), (170.5, 150.25, 100)]
)
def test_irises_lie_where_they_were_drawn(
    tracker: MeshTracker, x: float, y: float, half_width: float
) -> None:
    picture = wall()
    draw_face(picture, x, y, half_width)
    landmarks = found(tracker, picture).landmarks
    for index, side in ((468, "right"), (473, "left")):
        drawn = np.array([x, y]) + np.array(EYES[side]) * half_width / 100
        assert np.abs(landmarks[index, :2] - drawn).max() < 0.03 * half_width


def test_the_result_has_every_landmark_and_a_confidence(tracker: MeshTracker) -> None:
    face = found(tracker, drawn_picture())
    assert face.landmarks.shape == (LANDMARKS, 3)
    assert face.landmarks.dtype == np.float32
    assert np.isfinite(face.landmarks).all()
    assert 0.9 < face.confidence <= 1.0


def test_depth_has_the_nose_in_front_of_the_ears(tracker: MeshTracker) -> None:
    landmarks = found(tracker, drawn_picture()).landmarks
    nose, ears = landmarks[1, 2], landmarks[[234, 454], 2]
    assert nose < ears.min() - 0.3 * eye_width(landmarks)


def test_a_mouth_that_opens_is_read(tracker: MeshTracker) -> None:
    shut = openings(found(tracker, drawn_picture()).landmarks[None])[0, 2]
    wide = openings(found(tracker, drawn_picture(mouth_gap=1.0)).landmarks[None])[0, 2]
    assert shut < 0.05
    assert 0.5 < wide < 0.8  # drawn: 38 high, 60 wide


def test_lids_that_close_are_read(tracker: MeshTracker) -> None:
    wide = openings(found(tracker, drawn_picture()).landmarks[None])[0, :2]
    shut = openings(found(tracker, drawn_picture(lid_gap=0.0)).landmarks[None])[0, :2]
    assert wide.min() > 0.35
    assert shut.max() < 0.15


def test_a_face_is_found_at_any_size(tracker: MeshTracker) -> None:
    for half_width in (12, 30, 100, 140):
        tracker.reset()
        face = found(tracker, drawn_picture(half_width=half_width))
        width = face.box[2] - face.box[0]
        assert width == pytest.approx(2 * half_width, rel=0.12)


def test_a_small_face_in_a_large_picture_is_found(tracker: MeshTracker) -> None:
    picture = wall(1280, 720)
    draw_face(picture, 1000, 200, 25)
    assert place(found(tracker, picture)) == pytest.approx((1000, 195), abs=3)


def test_a_tilted_head_is_found_and_keeps_its_shape(tracker: MeshTracker) -> None:
    level = found(tracker, drawn_picture()).landmarks
    turn = cv2.getRotationMatrix2D((160, 160), 30, 1.0)
    tilted_picture = cv2.warpAffine(drawn_picture(), turn, (320, 320), borderValue=WALL)
    tracker.reset()
    tilted = found(tracker, np.asarray(tilted_picture, np.uint8), 5).landmarks
    expected = level[:, :2] @ turn[:, :2].T + turn[:, 2]
    assert distance(tilted[:, :2], expected.astype(np.float32)).mean() < 0.02 * eye_width(level)


def test_a_mirror_image_gives_mirrored_landmarks(tracker: MeshTracker) -> None:
    picture = drawn_picture()
    straight = found(tracker, picture, 5).landmarks
    tracker.reset()
    mirrored = found(tracker, np.ascontiguousarray(picture[:, ::-1]), 5).landmarks
    for one, other in ((33, 263), (133, 362), (61, 291), (468, 473), (1, 1), (152, 152)):
        back = np.array([319 - mirrored[other, 0], mirrored[other, 1]])
        assert np.abs(straight[one, :2] - back).max() < 0.02 * eye_width(straight)


def test_a_grey_picture_works_as_well(tracker: MeshTracker) -> None:
    colour = drawn_picture()
    grey = colour.mean(axis=2, keepdims=True).astype(np.uint8).repeat(3, axis=2)
    apart = distance(found(tracker, grey).landmarks, found(tracker, colour).landmarks)
    assert apart.mean() < 2


# No face


@pytest.mark.parametrize(
    "size", [(1, 1), (1, 400), (400, 1), (7, 5), (320, 320), (100, 1000)], ids=str
)
@pytest.mark.parametrize("kind", ["black", "white", "noise"])
def test_a_picture_without_a_face_gives_none(
    tracker: MeshTracker, kind: str, size: tuple[int, int]
) -> None:
    picture = np.full((*size, 3), 255 * (kind == "white"), np.uint8)
    if kind == "noise":
        picture = np.random.default_rng(0).integers(0, 255, (*size, 3), dtype=np.uint8)
    assert tracker.find(picture) is None


@pytest.mark.parametrize("half_width", [1, 2, 3, 4, 5, 6, 8])
def test_a_face_of_a_few_pixels_is_none_or_a_face(tracker: MeshTracker, half_width: int) -> None:
    for _ in range(3):
        face = tracker.find(drawn_picture(half_width=half_width))
        assert face is None or np.isfinite(face.landmarks).all()


def test_a_face_cut_by_the_pictures_edge_is_none_or_a_face(tracker: MeshTracker) -> None:
    seen = []
    for x in range(160, -120, -10):
        picture = wall()
        draw_face(picture, x, 160, 60)
        face = tracker.find(picture)
        assert face is None or np.isfinite(face.landmarks).all()
        seen.append(face is not None)
    assert seen[0]
    assert not seen[-1]


# Following


def test_a_moving_face_is_followed_and_never_lost(tracker: MeshTracker) -> None:
    for step in range(40):
        x, y = 160 + 60 * np.sin(step / 5), 160 + 20 * np.cos(step / 7)
        picture = wall()
        draw_face(picture, x, y, 50)
        assert np.abs(np.array(place(found(tracker, picture))) - (x, y - 10)).max() < 2


def test_a_face_that_leaves_is_lost_and_found_again_elsewhere(tracker: MeshTracker) -> None:
    found(tracker, drawn_picture(), 3)
    assert tracker.find(wall()) is None
    assert tracker.find(wall()) is None
    picture = wall()
    draw_face(picture, 80, 220, 40)
    assert place(found(tracker, picture)) == pytest.approx((80, 212), abs=3)


def test_a_cut_to_another_place_is_seen_in_the_same_picture(tracker: MeshTracker) -> None:
    near, far = wall(640), wall(640)
    draw_face(near, 120, 160, 50)
    draw_face(far, 520, 160, 50)
    found(tracker, near, 3)
    assert place(found(tracker, far)) == pytest.approx((520, 150), abs=3)


def test_of_two_faces_the_larger_is_taken_first(tracker: MeshTracker) -> None:
    picture = wall(640)
    draw_face(picture, 150, 160, 40)
    draw_face(picture, 460, 160, 60)
    assert place(found(tracker, picture)) == pytest.approx((460, 148), abs=3)


def test_the_face_that_was_followed_is_kept_when_a_larger_one_comes(tracker: MeshTracker) -> None:
    alone = wall(640)
    draw_face(alone, 150, 160, 40)
    both = alone.copy()
    draw_face(both, 460, 160, 80)
    found(tracker, alone, 2)
    assert place(found(tracker, both, LOOK_EVERY + 2)) == pytest.approx((150, 152), abs=3)


def test_after_a_loss_the_nearest_face_is_taken_and_after_a_reset_the_largest(
    tracker: MeshTracker,
) -> None:
    alone, both = wall(640), wall(640)
    draw_face(alone, 150, 160, 40)
    draw_face(both, 170, 170, 40)
    draw_face(both, 460, 160, 80)
    found(tracker, alone, 2)
    assert tracker.find(wall(640)) is None
    assert place(found(tracker, both))[0] == pytest.approx(170, abs=3)
    tracker.reset()
    assert place(found(tracker, both))[0] == pytest.approx(460, abs=3)


@pytest.mark.slow
def test_two_trackers_do_not_share_a_face(tracker: MeshTracker) -> None:
    other = MeshTracker()
    left, right = wall(640), wall(640)
    draw_face(left, 150, 160, 50)
    draw_face(right, 460, 160, 50)
    for _ in range(3):
        assert place(found(tracker, left))[0] == pytest.approx(150, abs=3)
        assert place(found(other, right))[0] == pytest.approx(460, abs=3)


def test_landmarks_hardly_tremble_with_sensor_noise(tracker: MeshTracker) -> None:
    rng = np.random.default_rng(0)
    still = drawn_picture(half_width=80).astype(np.float64)
    faces = []
    for _ in range(30):
        noisy = (still + rng.normal(0, 2, still.shape)).clip(0, 255).astype(np.uint8)
        faces.append(found(tracker, noisy).landmarks)
    trembling = np.stack(faces[5:])[..., :2].std(axis=0).mean()
    assert trembling < 0.0025 * eye_width(faces[-1])


def test_a_standing_picture_settles(tracker: MeshTracker) -> None:
    faces = [found(tracker, drawn_picture()).landmarks for _ in range(40)]
    assert distance(faces[-1], faces[-2]).mean() < 0.01
    assert distance(faces[-1], faces[0]).mean() < 0.01 * eye_width(faces[0])


# Agreement with MediaPipe; tests/golden/make_faces.py


@pytest.mark.parametrize(
    ("name", "gaps", "share"),
    [
        ("drawn_open", {}, 0.003),
        ("drawn_shut", {"lid_gap": 0.0}, 0.01),  # a drawn shut eye has no corners to settle on
        ("drawn_aloud", {"mouth_gap": 1.0}, 0.003),
    ],
)
def test_drawn_faces_have_mediapipes_landmarks(
    tracker: MeshTracker, name: str, gaps: dict[str, Any], share: float
) -> None:
    ours, theirs = found(tracker, drawn_picture(**gaps), 10).landmarks, GOLDEN[name]
    assert distance(ours, theirs).mean() < share * eye_width(theirs)
    assert np.abs(ours - theirs)[:, 2].mean() < 2 * share * eye_width(theirs)


@needs_media
@pytest.mark.parametrize("name", ["astronaut.png", "grace_hopper.jpg", "s8.jpg"])
def test_portraits_have_mediapipes_landmarks(tracker: MeshTracker, name: str) -> None:
    ours, theirs = (
        found(tracker, open_picture(MEDIA / "portraits" / name), 10).landmarks,
        GOLDEN[name],
    )
    assert distance(ours, theirs).mean() < 0.012 * eye_width(theirs)


@needs_media
@pytest.mark.slow
@pytest.mark.parametrize("name", ["driving_d18.mp4", "d5.mp4"])
def test_clips_have_mediapipes_landmarks_and_openings(tracker: MeshTracker, name: str) -> None:
    with av.open(str(MEDIA / "driving" / name)) as clip:
        frames = [np.asarray(f.to_ndarray(format="rgb24"), np.uint8) for f in clip.decode(video=0)]
    ours = np.stack([found(tracker, frame).landmarks for frame in frames[:150]])
    theirs = GOLDEN[name]
    assert distance(ours[::25][: len(theirs)], theirs).mean() < 0.01 * eye_width(theirs)
    pairs = zip(openings(ours).T, GOLDEN[f"{name} openings"].T, GOLDEN_TASKS[name].T, strict=True)
    for part, same_network, newer_network in pairs:
        assert np.abs(part - same_network).mean() < 0.02
        assert np.corrcoef(part, newer_network)[0, 1] > 0.85
        assert np.polyfit(newer_network, part, 1)[0] == pytest.approx(1.0, abs=0.3)


@needs_media
@pytest.mark.parametrize("name", sorted(p.name for p in (MEDIA / "portraits").glob("*.*")))
def test_every_portrait_has_a_face(tracker: MeshTracker, name: str) -> None:
    picture = open_picture(MEDIA / "portraits" / name)
    left, top, right, bottom = found(tracker, picture).box
    assert 0 <= left < right <= picture.shape[1]
    assert 0 <= top < bottom <= picture.shape[0]


# The files


def test_every_shipped_network_has_its_check_sum() -> None:
    folder = checked("selfie_segmentation.tflite").parent
    assert {path.name for path in folder.glob("*.tflite")} == set(SHA256)
    for name in SHA256:
        assert checked(name).is_file()


def test_a_view_that_comes_at_another_size_is_the_same_shot(tracker: MeshTracker) -> None:
    picture = wall(640, 360)
    draw_face(picture, 420, 180, 70)
    draw_face(picture, 110, 90, 60)
    first = found(tracker, picture)
    for size in ((320, 180), (240, 136), (960, 540), (640, 360)):
        face = found(tracker, np.asarray(cv2.resize(picture, size), np.uint8), times=3)
        assert (face.shot, face.person) == (first.shot, first.person), size
        x, y = place(face)
        assert x * 640 / size[0] == pytest.approx(place(first)[0], abs=2)
        assert y * 360 / size[1] == pytest.approx(place(first)[1], abs=2)


def test_a_picture_of_another_aspect_is_a_new_shot_wherever_the_face_lies(
    tracker: MeshTracker,
) -> None:
    shots = []
    for width, height in ((320, 240), (240, 320), (320, 180), (320, 320)):
        picture = wall(width, height)
        draw_face(picture, 120, 100, 44)
        shots.append(found(tracker, picture, times=3).shot)
    assert np.diff(shots).tolist() == [1, 1, 1]
