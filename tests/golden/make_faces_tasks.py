"""Makes `faces_tasks.npz`: how far MediaPipe's newer Face Landmarker sees eyes and mouth open.

It is another network than ours, so places differ by a few pixels, but openings rise and fall alike.

    python -m venv /tmp/tasks && /tmp/tasks/bin/pip install mediapipe==1.2.2 av
    PYTHONPATH=. /tmp/tasks/bin/python tests/golden/make_faces_tasks.py \
        ../shared/media ../shared/models/face_landmarker.task
"""

import sys
from pathlib import Path

import av
import numpy as np
from mediapipe import Image, ImageFormat
from mediapipe.tasks.python import BaseOptions, vision
from numpy.typing import NDArray

from tests.openings import openings

CLIPS = ("driving_d18.mp4", "d5.mp4")
FRAMES = slice(0, 150)


def main() -> None:
    """Run the landmarker on each picture for itself, unsmoothed, and write the file."""
    media, task = Path(sys.argv[1]), Path(sys.argv[2])
    golden = {name: openings(landmarks_of(media / "driving" / name, task)) for name in CLIPS}
    np.savez_compressed(Path(__file__).with_name("faces_tasks.npz"), **golden)  # type: ignore[arg-type]


def landmarks_of(path: Path, task: Path) -> NDArray[np.float32]:
    """(N, 478, 3) in pixels."""
    with av.open(str(path)) as clip:
        frames = [frame.to_ndarray(format="rgb24") for frame in clip.decode(video=0)][FRAMES]
    height, width = frames[0].shape[:2]
    options = vision.FaceLandmarkerOptions(
        base_options=BaseOptions(model_asset_path=str(task)), num_faces=1
    )
    with vision.FaceLandmarker.create_from_options(options) as landmarker:
        images = [Image(image_format=ImageFormat.SRGB, data=frame) for frame in frames]
        faces = [landmarker.detect(image).face_landmarks[0] for image in images]
    places = np.array([[(point.x, point.y, point.z) for point in face] for face in faces])
    return np.asarray(places * [width, height, width], np.float32)


if __name__ == "__main__":
    main()
