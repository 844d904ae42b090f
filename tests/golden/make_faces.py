"""Makes `faces.npz`: what MediaPipe itself says of some pictures, for the tracker's tests.

MediaPipe 0.10.21 is the last release that carries the network we ship, so it says how that network
is meant to be run. It wants numpy < 2, so it gets an environment of its own:

    python -m venv /tmp/mp && /tmp/mp/bin/pip install mediapipe==0.10.21 av
    PYTHONPATH=. /tmp/mp/bin/python tests/golden/make_faces.py ../shared/media

Pictures are given to it ten times, as a stream, so that its crop has settled as ours does.
"""

import sys
from pathlib import Path
from typing import Any

import av
import mediapipe
import numpy as np
import PIL.Image
from numpy.typing import NDArray

from engine.frame import Pixels
from tests.drawn_faces import drawn_picture
from tests.openings import openings

PORTRAITS = ("astronaut.png", "grace_hopper.jpg", "s8.jpg")
CLIPS = ("driving_d18.mp4", "d5.mp4")
FRAMES = slice(0, 150)
KEPT = slice(0, 150, 25)
"""Every landmark of these frames is kept; of the others the openings of eyes and mouth."""
DRAWN: dict[str, dict[str, Any]] = {
    "drawn_open": {},
    "drawn_shut": {"lid_gap": 0.0},
    "drawn_aloud": {"mouth_gap": 1.0},
}


def main() -> None:
    """Run MediaPipe on all of them and write the file."""
    media = Path(sys.argv[1])
    golden: dict[str, NDArray[Any]] = {}
    for name, gaps in DRAWN.items():
        golden[name] = settled(drawn_picture(**gaps))
    for name in PORTRAITS:
        portrait = PIL.Image.open(media / "portraits" / name).convert("RGB")
        golden[name] = settled(np.asarray(portrait, np.uint8))
    for name in CLIPS:
        stream = landmarks_of(frames_of(media / "driving" / name))
        golden[name] = stream[KEPT]
        golden[f"{name} openings"] = openings(stream)
    rounded = {name: array.round(3).astype(np.float32) for name, array in golden.items()}
    np.savez_compressed(Path(__file__).with_name("faces.npz"), **rounded)  # type: ignore[arg-type]


def frames_of(path: Path) -> list[Pixels]:
    """The first pictures of a clip."""
    with av.open(str(path)) as clip:
        frames = [frame.to_ndarray(format="rgb24") for frame in clip.decode(video=0)]
    return [np.asarray(frame, np.uint8) for frame in frames[FRAMES]]


def settled(picture: Pixels) -> NDArray[np.float32]:
    """The landmarks (478, 3) of a picture that stands still."""
    return np.asarray(landmarks_of([picture] * 10)[-1])


def landmarks_of(frames: list[Pixels]) -> NDArray[np.float32]:
    """(N, 478, 3) in pixels, of a stream of pictures."""
    height, width = frames[0].shape[:2]
    with mediapipe.solutions.face_mesh.FaceMesh(
        static_image_mode=False, refine_landmarks=True, max_num_faces=1
    ) as mesh:
        faces = [mesh.process(frame).multi_face_landmarks[0].landmark for frame in frames]
    places = np.array([[(point.x, point.y, point.z) for point in face] for face in faces])
    return np.asarray(places * [width, height, width], np.float32)


if __name__ == "__main__":
    main()
