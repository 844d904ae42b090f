"""A mouth that a hand covers is known for one that is not seen."""

from functools import cache
from importlib.resources import files
from pathlib import Path

import cv2
import numpy as np
import pytest

from engine.faces.face import Face
from engine.faces.mesh_tracker import MeshTracker
from engine.faces.mouth_view import MouthView, lip_contrast
from engine.frame import Frame, Pixels
from stream.files.clips import Clip

STEP = 4


@cache
def driven() -> list[tuple[Frame, Face]]:
    """Pictures of the bundled clip, in which somebody talks and turns, and their faces."""
    tracker, found = MeshTracker(), []
    path = Path(str(files("stream").joinpath("assets/driving.mp4")))
    for index, frame in enumerate(Clip(path).frames()):
        if index % STEP or index > 160:
            continue
        face = tracker.find(frame.pixels, frame.captured_ns)
        if face is not None:
            found.append((frame, face))
    return found


def covered(picture: Pixels, face: Face) -> Pixels:
    """Four fingers of the cheek's colour across the mouth, rounded by shade."""
    points = face.landmarks[:, :2]
    wide = float(np.linalg.norm(points[61] - points[291]))
    x, y = (points[13] + points[14]) / 2
    left, top = (int(place) - 3 for place in points[50])
    colour = picture[top : top + 7, left : left + 7].reshape(-1, 3).mean(axis=0)
    mask = np.zeros(picture.shape[:2], np.uint8)
    for number in range(4):
        height = int(y + (number - 1.5) * wide * 0.42)
        ends = (int(x - 1.3 * wide), height), (int(x + wide), height)
        cv2.line(mask, *ends, 1, max(2, int(wide * 0.4)))
    depth = cv2.distanceTransform(mask, cv2.DIST_L2, 3)
    shade = 0.75 + 0.22 * np.clip(depth / (0.18 * wide), 0.0, 1.0)
    result = picture.copy()
    result[mask > 0] = np.clip(colour * shade[..., None], 0, 255).astype(np.uint8)[mask > 0]
    return result


def test_a_hand_before_the_mouth_is_noticed_and_its_leaving_too() -> None:
    view, seen = MouthView(), []
    pictures = driven()
    third = len(pictures) // 3
    for index, (frame, face) in enumerate(pictures):
        is_covered = third <= index < 2 * third
        picture = covered(frame.pixels, face) if is_covered else frame.pixels
        seen.append(view.look(picture, face, frame.captured_ns) is not is_covered)
    assert len(pictures) > 30
    assert np.mean(seen) == 1.0


def test_no_face_is_no_mouth() -> None:
    view = MouthView()
    frame, face = driven()[0]
    assert view.look(frame.pixels, face, 0)
    assert not view.look(frame.pixels, None, 40_000_000)
    assert view.look(frame.pixels, face, 80_000_000)


def test_a_mouth_outside_the_picture_is_not_seen() -> None:
    frame, face = driven()[0]
    low = face.moved(1.0, (0.0, float(frame.pixels.shape[0])))
    assert lip_contrast(frame.pixels, low) is None
    assert lip_contrast(frame.pixels, face.moved(0.02, (50.0, 50.0))) is None


def test_where_lips_look_like_skin_the_mouth_counts_as_seen() -> None:
    frame, face = driven()[0]
    grey = np.full_like(frame.pixels, 120)
    assert lip_contrast(grey, face) == pytest.approx(0.0)
    view = MouthView()
    assert all(view.look(grey, face, k * 40_000_000) for k in range(10))
