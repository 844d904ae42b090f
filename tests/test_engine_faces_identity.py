"""The driver stays the driver: over a loss, beside others, and until the picture jumps.

A face is a patch of random texture here, and a scene a wall of other texture; what is tested is who
is followed, not what a network sees.
"""

import cv2
import numpy as np

from engine.faces.face import Face
from engine.faces.identity import TAKEOVER_S, Identity
from engine.frame import Pixels
from tests.faces_made import made_face, textured

RATE = 30
FACE_HALF = 0.25
"""Half of a made face's height, and a little more, over its picture's side."""

Place = tuple[int, float, float, float]
"""Whose face (a seed), its middle in px and the side of its picture in px."""


def scene(*faces: Place, wall: int = 100) -> Pixels:
    """640 x 360: a wall, and before it some faces, the last one in front."""
    picture = np.ascontiguousarray(cv2.resize(textured(256, wall), (640, 360)))
    for seed, x, y, side in faces:
        half = round(side * FACE_HALF)
        patch = cv2.resize(textured(128, seed), (2 * half, 2 * half))
        left, top = round(x) - half, round(y) - half
        if left + half > 0:
            cut = patch[:, max(-left, 0) :]
            region = picture[top : top + 2 * half, max(left, 0) : max(left, 0) + cut.shape[1]]
            region[:] = cut[:, : region.shape[1]]
    return np.asarray(picture, np.uint8)


def face_at(place: Place) -> Face:
    _, x, y, side = place
    return made_face(round(side)).moved(1.0, (x - side / 2, y - side / 2))


class Stream:
    """Shows pictures to an identity, as a tracker that sees one face of each would."""

    def __init__(self) -> None:
        self.identity = Identity()
        self.now_ns = 0

    def show(
        self, picture: Pixels, *candidates: Place, step_s: float = 1 / RATE
    ) -> tuple[int, int] | None:
        """The shot and person of whom is followed, or None."""
        self.now_ns += round(step_s * 1e9)
        self.identity.see(picture, self.now_ns)
        named = (self.identity.named(picture, face_at(place)) for place in candidates)
        face = next((face for face in named if face is not None), None)
        self.identity.note(picture, face)
        return None if face is None else (face.shot, face.person)

    def wait(self, picture: Pixels, *candidates: Place, duration_s: float) -> set[object]:
        """Everybody who was followed meanwhile."""
        return {self.show(picture, *candidates) for _ in range(round(duration_s * RATE))}


DRIVER: Place = (1, 320.0, 180.0, 400.0)
POSTER: Place = (2, 80.0, 90.0, 240.0)
ALONE = scene(DRIVER)
EMPTY = scene()


def test_the_driver_is_held_on_to_while_another_face_is_in_the_picture() -> None:
    stream = Stream()
    both, poster = scene(POSTER, DRIVER), scene(POSTER)
    assert stream.show(both, DRIVER) == (0, 0)
    assert stream.wait(poster, POSTER, duration_s=TAKEOVER_S - 0.1) == {None}
    assert stream.show(both, POSTER, DRIVER) == (0, 0)


def test_another_person_takes_over_when_the_stream_has_come_to_rest() -> None:
    stream = Stream()
    stream.show(scene(POSTER, DRIVER), DRIVER)
    followed = stream.wait(scene(POSTER), POSTER, duration_s=TAKEOVER_S + 0.2)
    assert followed == {None, (0, 1)}
    assert stream.identity.has_substitute


def test_the_driver_gets_the_stream_back() -> None:
    stream = Stream()
    both, poster = scene(POSTER, DRIVER), scene(POSTER)
    stream.show(both, DRIVER)
    stream.wait(poster, POSTER, duration_s=5.0)
    stream.identity.see(both, stream.now_ns)
    back = stream.identity.named_driver(both, face_at(DRIVER))
    assert back is not None
    assert (back.shot, back.person) == (0, 0)
    stream.identity.note(both, back)
    assert not stream.identity.has_substitute


def test_a_stranger_in_the_drivers_place_does_not_get_the_drivers_number() -> None:
    stream = Stream()
    stranger = (7, *DRIVER[1:])
    stream.show(scene(POSTER, DRIVER), DRIVER)
    stream.wait(scene(POSTER), POSTER, duration_s=5.0)
    both = scene(POSTER, stranger)
    stream.identity.see(both, stream.now_ns)
    assert stream.identity.named_driver(both, face_at(stranger)) is None


def test_a_lost_face_may_return_a_little_elsewhere_and_farther_the_longer_it_was_away() -> None:
    near: Place = (1, 400.0, 190.0, 380.0)
    far: Place = (1, 560.0, 180.0, 400.0)
    for away_s, place, expected in ((0.2, near, (0, 0)), (0.1, far, None), (0.8, far, (0, 0))):
        stream = Stream()
        stream.show(ALONE, DRIVER)
        stream.wait(EMPTY, duration_s=away_s)
        assert stream.show(scene(place), place) == expected, (away_s, place)


def test_who_appears_before_a_bare_wall_waits_like_anybody() -> None:
    """A wall shows nothing, so whoever comes changes all there is to see."""
    wall = np.full((360, 640, 3), 120, np.uint8)
    far = wall.copy()
    far[100:260, 480:640] = scene((7, 560.0, 180.0, 320.0))[100:260, 480:640]
    stream = Stream()
    stream.show(ALONE, DRIVER)
    stream.wait(wall, duration_s=0.3)
    assert stream.show(far, (7, 560.0, 180.0, 320.0)) is None


def test_a_face_of_another_size_is_not_the_one_that_was_lost() -> None:
    small: Place = (1, 320.0, 180.0, 180.0)
    stream = Stream()
    stream.show(ALONE, DRIVER)
    stream.wait(EMPTY, duration_s=0.2)
    assert stream.show(scene(small), small) is None


def test_who_was_seen_beside_the_driver_is_not_taken_for_the_driver() -> None:
    """As near and as large as the driver may return; but he was there before."""
    beside: Place = (1, 500.0, 180.0, 400.0)  # a twin
    stream = Stream()
    stream.show(scene(beside, DRIVER), DRIVER)
    assert stream.wait(scene(beside), beside, duration_s=TAKEOVER_S - 0.1) == {None}


def test_a_face_that_jumps_begins_a_new_shot() -> None:
    for place in ((1, 520.0, 180.0, 240.0), (1, 320.0, 180.0, 600.0)):
        stream = Stream()
        stream.wait(ALONE, DRIVER, duration_s=0.2)
        assert stream.show(scene(place), place) == (1, 0)
        assert stream.show(scene(place), place) == (1, 0)


def test_another_face_at_the_same_place_after_a_cut_is_a_new_shot() -> None:
    other: Place = (7, *DRIVER[1:])
    stream = Stream()
    stream.wait(ALONE, DRIVER, duration_s=0.2)
    assert stream.show(scene(other, wall=101), other) == (1, 1)


def test_a_cut_back_to_the_same_framing_of_a_face_goes_on() -> None:
    """The wall changes (somebody walks off behind, a light goes on); the face is the same."""
    stream = Stream()
    stream.show(ALONE, DRIVER)
    assert stream.show(scene(DRIVER, wall=101), DRIVER) == (0, 0)


def test_somebody_who_steps_before_the_driver_is_not_followed_at_once() -> None:
    other: Place = (7, 330.0, 185.0, 430.0)
    stream = Stream()
    stream.wait(ALONE, DRIVER, duration_s=0.2)
    before = scene(DRIVER, other)
    assert stream.wait(before, other, duration_s=TAKEOVER_S - 0.1) == {None}
    assert stream.show(ALONE, DRIVER) == (0, 0)


def test_fast_honest_motion_is_no_new_shot() -> None:
    """A nod, and a lean towards the camera by a half in a fifth of a second."""
    stream = Stream()
    for index in range(40):
        nod = 60 * np.sin(index * 0.7)
        place = (1, 320.0, 180.0 + nod, 400.0)
        assert stream.show(scene(place), place) == (0, 0)
    for index in range(7):
        place = (1, 320.0, 180.0, 400.0 * 1.5 ** (index / 6))
        assert stream.show(scene(place), place) == (0, 0)


def test_a_camera_of_ten_pictures_a_second_may_show_larger_steps() -> None:
    stream = Stream()
    for index in range(8):
        place = (1, 150.0 + 45 * index, 180.0, 400.0)
        assert stream.show(scene(place), place, step_s=0.1) == (0, 0)


def test_after_a_reset_nothing_is_remembered() -> None:
    stream = Stream()
    stream.show(ALONE, DRIVER)
    stream.identity.reset()
    assert stream.show(scene(POSTER), POSTER) == (1, 0)


def test_time_that_goes_back_does_not_end_the_shot() -> None:
    stream = Stream()
    stream.now_ns = 10_000_000_000
    stream.show(ALONE, DRIVER)
    stream.now_ns = 0
    assert stream.wait(ALONE, DRIVER, duration_s=0.2) == {(0, 0)}


def test_without_times_pictures_count_as_a_thirtieth_of_a_second() -> None:
    identity = Identity()
    both, poster = scene(POSTER, DRIVER), scene(POSTER)
    identity.see(both, None)
    identity.note(both, identity.named(both, face_at(DRIVER)))
    waited = 0
    while True:
        identity.see(poster, None)
        if identity.named(poster, face_at(POSTER)) is not None:
            break
        identity.note(poster, None)
        waited += 1
    assert abs(waited / RATE - TAKEOVER_S) < 0.1


def test_after_a_cut_who_is_very_like_the_driver_is_the_same_and_a_stranger_is_not() -> None:
    elsewhere = (170.0, 150.0, 240.0)
    for seed, person in ((DRIVER[0], 0), (9, 1)):
        stream, place = Stream(), (seed, *elsewhere)
        stream.show(ALONE, DRIVER)
        assert stream.show(scene(place, wall=7), place) == (1, person)


def test_whose_phone_is_turned_is_the_same_person_in_a_new_shot() -> None:
    for seed, person in ((DRIVER[0], 0), (9, 1)):
        stream, place = Stream(), (seed, 180.0, 300.0, 300.0)
        stream.show(ALONE, DRIVER)
        upright = np.zeros((640, 360, 3), np.uint8)
        upright[140:500] = scene((seed, 180.0, 160.0, 300.0))[:, :360]
        assert stream.show(upright, place) == (1, person)
