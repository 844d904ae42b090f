"""A clip that is read twice is tracked once, and nobody can tell."""

import numpy as np

from engine.faces.face import Face
from engine.frame import Pixels
from stream.render.remembering import RememberingTracker
from tests.fakes import DiscTracker, disc_picture


class DriftingTracker(DiscTracker):
    """Each face depends on all pictures before: confidence counts them."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0

    def find(self, picture: Pixels, now_ns: int | None = None) -> Face | None:
        self.asked += 1
        face = super().find(picture)
        return face and Face(landmarks=face.landmarks, confidence=float(self.asked))

    def reset(self) -> None:
        super().reset()
        self.asked = 0


PICTURES = [disc_picture(64, 48, None if x == 24 else (x, 20), 6) for x in range(20, 30)]


def confidences(
    tracker: DriftingTracker | RememberingTracker, pictures: list[Pixels]
) -> list[float]:
    return [0.0 if face is None else face.confidence for face in map(tracker.find, pictures)]


def test_the_second_pass_is_what_an_uninterrupted_one_would_be() -> None:
    expected = confidences(DriftingTracker(), PICTURES)
    inner = DriftingTracker()
    tracker = RememberingTracker(inner)
    first = confidences(tracker, PICTURES[:6])
    tracker.rewind()
    assert confidences(tracker, PICTURES) == expected
    assert first == expected[:6]
    assert inner.asked == len(PICTURES)


def test_faces_are_counted_since_the_rewind() -> None:
    tracker = RememberingTracker(DriftingTracker())
    confidences(tracker, PICTURES[:6])
    tracker.rewind()
    confidences(tracker, PICTURES)
    assert (tracker.asked, tracker.found) == (10, 9)


def test_a_reset_forgets_the_clip() -> None:
    tracker = RememberingTracker(DriftingTracker())
    before = tracker.find(PICTURES[0])
    tracker.reset()
    after = tracker.find(PICTURES[3])
    assert before is not None
    assert after is not None
    assert not np.array_equal(before.landmarks, after.landmarks)
    assert after.confidence == 1.0
