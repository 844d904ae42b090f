"""What is kept of a clip that was read, found again person by person."""

from pathlib import Path
from threading import Event

import numpy as np

from engine.faces.brow_strip import strip_of
from engine.faces.face import Face
from engine.progress import Silence
from engine.rig.edit.performers import sampled
from stream.edit.analysis import analyse_clip
from stream.edit.tracks import Tracks
from stream.edit.workplace import SEGMENT_S
from stream.files.clips import Clip
from tests.edit_made import DiscFinder
from tests.fakes import disc_picture
from tests.video_files import make_clip

RATE = 2
LOST = 7
"""Where nobody is seen."""


def test_brows_of_any_frames_are_those_of_the_clips_pictures(tmp_path: Path) -> None:
    count = round(2.2 * SEGMENT_S * RATE)
    shown = [disc_picture(128, 96, (40.0 + 0.5 * k, 48.0)) for k in range(count)]
    shown[LOST] = np.full_like(shown[LOST], shown[LOST][0, 0])
    clip = Clip(make_clip(tmp_path / "clip.mp4", shown, rate=RATE))
    analyse_clip(clip, tmp_path, DiscFinder, Silence(), Event())
    track = Tracks(tmp_path).track(0)
    assert not track.seen[LOST]
    assert track.seen.sum() == count - 1

    begin, end = 5, count - 1  # over three files
    found = track.brows(begin, end)
    raw = Tracks(tmp_path).raw(0, begin, end)
    decoded = [frame.pixels for frame in clip.frames()][begin:end]
    assert [index for index, strip in enumerate(found, begin) if strip is None] == [LOST]
    for strip, landmarks, picture in zip(found, raw, decoded, strict=True):
        if strip is not None:
            truth = strip_of(picture, Face(landmarks=landmarks, confidence=1.0))
            assert np.array_equal(strip.grey, truth.grey)
            assert (strip.scale, strip.shift) == (truth.scale, truth.shift)


def test_faces_that_tell_a_rest_do_not_keep_the_whole_films_landmarks(tmp_path: Path) -> None:
    shown = [disc_picture(128, 96, (40.0 + k, 48.0)) for k in range(8)]
    clip = Clip(make_clip(tmp_path / "clip.mp4", shown, rate=RATE))
    analyse_clip(clip, tmp_path, DiscFinder, Silence(), Event())
    _, faces = sampled(Tracks(tmp_path).track(0))
    assert len(faces) == len(shown)
    assert all(face.landmarks.base is None for face in faces)
