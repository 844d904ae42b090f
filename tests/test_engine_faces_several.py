"""All faces of a film: who is who, over cuts and from where an analysis was broken off."""

from itertools import islice

import cv2
import numpy as np
import pytest
from PIL import Image

from engine.faces.several import SeveralFaces
from engine.frame import Pixels
from stream.files.bundled import ASSETS
from stream.files.clips import Clip

pytestmark = pytest.mark.slow


def portrait(name: str, size: int = 320) -> Pixels:
    with Image.open(ASSETS / "portraits" / f"{name}.png") as picture:
        return np.asarray(picture.convert("RGB").resize((size, size)), np.uint8)


def test_it_goes_on_from_its_state_as_if_nothing_had_happened() -> None:
    pictures = [frame.pixels for frame in islice(Clip(ASSETS / "driving.mp4").frames(), 24)]
    whole = SeveralFaces()
    expected = [whole.find(picture) for picture in pictures]
    first, second = SeveralFaces(), SeveralFaces()
    for picture in pictures[:13]:
        first.find(picture)
    second.restore(first.state())
    found = [second.find(picture) for picture in pictures[13:]]
    for one, other in zip(found, expected[13:], strict=True):
        assert [face.person for face in one] == [face.person for face in other] == [0]
        assert np.array_equal(one[0].landmarks, other[0].landmarks)


def test_two_people_keep_their_numbers_when_one_is_hidden_and_comes_back() -> None:
    both = np.hstack([portrait("man"), portrait("singer")])
    alone = both.copy()
    alone[:, :320] = cv2.GaussianBlur(alone[:, :320], (0, 0), 60)
    finder = SeveralFaces()
    names = []
    for picture in (both, both, alone, alone, both, both, both, both):
        faces = sorted(finder.find(picture), key=lambda face: face.box[0])
        names.append([face.person for face in faces])
    left, right = names[0]
    assert names[2] == names[3] == [right]
    assert names[-1] == [left, right]


def test_a_cut_begins_a_shot_and_whoever_comes_back_is_known() -> None:
    man, singer = portrait("man"), portrait("singer")
    finder = SeveralFaces()
    found = [finder.find(picture) for picture in (man, man, singer, singer, man)]
    assert [face.shot for faces in found for face in faces] == [0, 0, 1, 1, 2]
    assert [face.person for faces in found for face in faces] == [0, 0, 1, 1, 0]


def test_half_a_face_at_the_border_is_none() -> None:
    picture = portrait("man")
    assert SeveralFaces().find(np.ascontiguousarray(picture[:, 165:])) == []


def test_a_picture_without_a_face_has_none() -> None:
    assert SeveralFaces().find(np.full((200, 300, 3), 120, np.uint8)) == []
