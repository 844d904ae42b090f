"""The driver's own mouth in a portrait: only where it may be seen, in its light, without a jump."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from engine.appearances import Appearance
from engine.errors import InputError
from engine.faces.face import Face
from engine.frame import Pixels
from engine.motion import Edit
from engine.rig.driver.driver import RigDriver, difference
from engine.rig.driver.reading import read_face
from engine.rig.landmarks import INNER_LIPS, MOUTH_LEFT, MOUTH_RIGHT, OUTER_LIPS
from engine.rig.model import RigModel
from engine.rig.motion.motion import RigMotion
from engine.rig.paint.driver_mouth import find_mouth_of_driver
from engine.rig.paint.light import light_of
from engine.rig.paint.mouth_choice import MOUTHS, Mouth, borrow
from engine.rig.portrait import RigPortrait
from tests.faces_made import made_face

SIZE = 256
SKIN, LIPS, INSIDE = (205, 160, 135), (255, 0, 0), (130, 132, 128)
SHOWN = Edit(driver_teeth=True)


def filmed(face: Face, size: int = SIZE) -> Pixels:
    """Skin, lips that are red as none are, and grey between them: where the tracker sees the inner
    lips there is still lip."""
    picture = np.full((size, size, 3), SKIN, np.uint8)
    for contour, colour in ((OUTER_LIPS, LIPS), (INNER_LIPS, INSIDE)):
        corners = face.landmarks[list(contour), :2]
        if colour == INSIDE:
            middle = corners.mean(axis=0)
            corners = middle + (corners - middle) * 0.985
        cv2.fillPoly(picture, [np.round(corners * 16).astype(np.int32)], colour, cv2.LINE_8, 4)
    return picture


def speaking(face: Face, picture: Pixels) -> RigMotion:
    return replace(difference(read_face(made_face()), read_face(face)), mouth=(picture, face))


def plain(mouth: Mouth = "auto") -> RigPortrait:
    return RigPortrait(np.full((SIZE, SIZE, 3), SKIN, np.uint8), made_face(), mouth=mouth)


def in_mouth(picture: Pixels) -> NDArray[np.uint8]:
    """(N, 3): amid the open mouth."""
    points = made_face(jawOpen=1.0).landmarks
    (x, y), gap = points[[13, 14], :2].mean(axis=0), points[14, 1] - points[13, 1]
    half = int(gap / 3)
    return picture[int(y) - half : int(y) + half, int(x) - half : int(x) + half].reshape(-1, 3)


@pytest.mark.parametrize("mouth", MOUTHS)
@pytest.mark.parametrize("edit", [Edit(), SHOWN], ids=["not allowed", "allowed"])
def test_the_drivers_mouth_is_seen_only_where_it_may_be(mouth: Mouth, edit: Edit) -> None:
    face = made_face(jawOpen=1.0)
    with_it = speaking(face, np.full((SIZE, SIZE, 3), (0, 255, 0), np.uint8))
    seen = plain(mouth).render(with_it, edit)
    drawn = plain(mouth).render(replace(with_it, mouth=None), edit)
    if mouth == "driver" or (mouth == "auto" and edit.driver_teeth):
        assert in_mouth(seen)[:, 1].mean() > in_mouth(drawn)[:, 1].mean() + 40.0
    else:
        np.testing.assert_array_equal(seen, drawn)


@pytest.mark.parametrize("roll", [0.0, 25.0])
def test_no_lip_of_the_driver_is_seen(roll: float) -> None:
    face = made_face(roll=roll, jawOpen=1.0)
    seen = plain("driver").render(speaking(face, filmed(face)), Edit()).astype(int)
    assert (seen[..., 0] - seen[..., 1]).max() < 110, "a seam of red"
    borrowed = np.abs(seen - INSIDE).max(axis=-1) < 60
    assert borrowed.sum() > 100


@pytest.mark.parametrize("light", [0.55, 1.2])
def test_the_drivers_light_is_not_seen(light: float) -> None:
    face = made_face(jawOpen=1.0)
    seen = [
        in_mouth(plain("driver").render(speaking(face, picture), Edit())).mean()
        for picture in (filmed(face), (filmed(face) * light).clip(0, 255).astype(np.uint8))
    ]
    assert seen[1] == pytest.approx(seen[0], rel=0.08)


def test_what_is_right_in_the_drivers_mouth_is_right_in_the_portraits() -> None:
    face = made_face(roll=-20.0, jawOpen=1.0)
    picture = filmed(face)
    middle = face.landmarks[[13, 14], :2].mean(axis=0)
    along = face.landmarks[MOUTH_LEFT, :2] - face.landmarks[MOUTH_RIGHT, :2]
    columns = np.stack(np.meshgrid(np.arange(SIZE), np.arange(SIZE)), axis=-1) - middle
    picture[columns @ along < 0] = (20, 20, 20)
    upright = made_face(jawOpen=1.0)
    light = light_of(np.full((SIZE, SIZE, 3), SKIN, np.uint8), upright.landmarks.astype(float))
    layer = find_mouth_of_driver(
        (SIZE, SIZE), upright.landmarks.astype(float), (picture, face), light, light
    )
    assert layer is not None
    half = layer.colours.shape[1] // 2
    assert layer.colours[8:-8, : half - 5].mean() < 40.0 < layer.colours[8:-8, half + 5 :].mean()


@pytest.mark.parametrize("yaw", [-70.0, 70.0])
def test_lips_that_fold_over_in_profile_are_borrowed_all_the_same(yaw: float) -> None:
    face = made_face(yaw=yaw, jawOpen=1.0)
    assert plain("driver").render(speaking(face, filmed(face)), Edit()).shape == (SIZE, SIZE, 3)


def test_turning_it_on_and_off_does_not_jump() -> None:
    face, portrait = made_face(jawOpen=1.0), plain().for_stream()
    motion = speaking(face, np.full((SIZE, SIZE, 3), (0, 255, 0), np.uint8))
    green = [
        in_mouth(portrait.render(motion, edit))[:, 1].mean()
        for edit in [SHOWN] + [Edit()] * 10 + [SHOWN] * 10
    ]
    far = max(green) - min(green)
    assert far > 40.0
    assert np.abs(np.diff(green)).max() < 0.3 * far
    assert green[10] == min(green)
    assert green[-1] == pytest.approx(green[0], abs=1.0)


def test_a_driver_of_doubtful_size_does_not_make_the_mouth_flicker() -> None:
    picture, width = filmed(made_face(scale=0.5)), 30.0

    def wanted(sizes: list[float], before: float) -> list[bool]:
        shown, found = None, []
        for size in [before, *sizes]:
            face = made_face(scale=size)
            shown = borrow(shown, (picture, face), width, always=False, begins=False)
            found.append(shown is not None and shown.is_wanted)
        return found[1:]

    own = np.linalg.norm(np.subtract(*made_face().landmarks[[MOUTH_LEFT, MOUTH_RIGHT], :2]))
    doubtful = [float(width / own * share) for share in (0.42, 0.38, 0.43, 0.37)]
    assert wanted(doubtful, before=1.0) == [True] * 4
    assert wanted(doubtful, before=0.1) == [False] * 4


def test_two_streams_of_one_portrait_do_not_share_what_they_ease() -> None:
    face, portrait = made_face(jawOpen=1.0), plain()
    motion = speaking(face, np.full((SIZE, SIZE, 3), (0, 255, 0), np.uint8))
    one, other = portrait.for_stream(), portrait.for_stream()
    one.render(motion, SHOWN)
    fresh = plain().render(motion, Edit())
    np.testing.assert_array_equal(other.render(motion, Edit()), fresh)
    assert (one.render(motion, Edit()) != fresh).any(), "still on its way"


def test_a_motion_keeps_the_drivers_face_and_not_the_whole_picture() -> None:
    picture = np.full((720, 1280, 3), SKIN, np.uint8)
    face = made_face(SIZE, shift=(300.0, 200.0), jawOpen=1.0)
    kept = RigDriver(shows_mouth=True).read(picture, face, 0).mouth
    assert kept is not None
    assert kept[0].nbytes < picture.nbytes / 10
    assert kept[0].base is None, "a view would keep the picture alive"
    np.testing.assert_array_less(kept[1].landmarks[:468, :2].max(axis=0), kept[0].shape[1::-1])


def test_own_mouths_are_asked_for_in_vain_where_there_are_no_pictures_of_them() -> None:
    model, picture = RigModel(mouth="own"), np.full((SIZE, SIZE, 3), SKIN, np.uint8)
    lids = Appearance(
        part="lids",
        picture=picture,
        landmarks=made_face().landmarks,
        gain=np.ones(3, np.float32),
    )
    for appearances in ((), (lids,)):
        with pytest.raises(InputError, match=r"--mouth own: .*no pictures.*understudy enroll"):
            model.enroll(picture, made_face(), appearances)
