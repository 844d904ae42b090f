"""The bundled portraits and the driving clip: small, readable, and each with one face."""

from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from engine.faces.mesh_tracker import MeshTracker

ASSETS = Path(__file__).parents[1] / "stream" / "assets"
PORTRAITS = [ASSETS / "portrait.png", *sorted((ASSETS / "portraits").glob("*.png"))]
UPPER_LID, LOWER_LID, OUTER, INNER = 386, 374, 263, 362


def test_there_are_several_portraits_to_choose_from() -> None:
    assert len(PORTRAITS) >= 4
    assert "ICT-FaceKit" in (ASSETS / "NOTICE").read_text()


@pytest.mark.parametrize("path", PORTRAITS, ids=lambda path: path.stem)
def test_a_portrait_is_small_and_shows_a_face_that_looks_ahead(path: Path) -> None:
    picture = cv2.imread(str(path))
    assert picture is not None
    assert picture.shape == (768, 768, 3)
    assert path.stat().st_size < 700_000
    face = MeshTracker().find(np.asarray(picture[..., ::-1], np.uint8, order="C"))
    assert face is not None
    assert face.confidence > 0.8
    left, _, right, _ = face.box
    assert 0.3 < (right - left) / 768 < 0.65
    nose, eyes = face.landmarks[1, 0], face.landmarks[[33, 263], 0]
    assert abs(nose - eyes.mean()) < 0.1 * (eyes[1] - eyes[0])


@pytest.mark.slow
def test_the_clip_is_small_and_drives_every_part_of_a_face() -> None:
    path = ASSETS / "driving.mp4"
    assert path.stat().st_size < 800_000
    tracker, apertures, gaps, turns = MeshTracker(), [], [], []
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert (stream.width, stream.height) == (512, 512)
        assert stream.average_rate == 30
        assert stream.codec_context.color_range == 1
        assert stream.codec_context.colorspace == 1
        for index, frame in enumerate(container.decode(stream)):
            if index % 3:
                continue
            face = tracker.find(np.asarray(frame.to_ndarray(format="rgb24"), np.uint8))
            assert face is not None, f"no face in frame {index}"
            points = face.landmarks
            width = np.linalg.norm(points[OUTER] - points[INNER])
            apertures.append(np.linalg.norm(points[UPPER_LID] - points[LOWER_LID]) / width)
            mouth = np.linalg.norm(points[61] - points[291])
            gaps.append(np.linalg.norm(points[13] - points[14]) / mouth)
            turns.append((points[1, 0] - points[[33, 263], 0].mean()) / width)
    assert len(apertures) >= 90
    assert min(apertures) < 0.5 * np.median(apertures)  # blinks
    assert max(gaps) > 0.25
    assert np.median(gaps[:5]) < 0.08
    assert max(turns) > 0.4
    assert min(turns) < -0.4
