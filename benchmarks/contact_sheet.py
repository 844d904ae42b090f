"""A contact sheet: what each portrait does where the driver does most. For eyes, not for figures.

    python -m benchmarks.contact_sheet --driving CLIP --out SHEET.jpg PORTRAIT [PORTRAIT ...]

The first row is the driver, the first column the portraits as they are. Frames are those that
differ most from the neutral one and from each other, in the order of the clip.
"""

import argparse
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from benchmarks.same_person import most_neutral
from engine.faces.face import Face
from engine.faces.mesh_tracker import MeshTracker
from engine.frame import Pixels
from engine.framing import fit_portrait
from engine.geometry import Array
from engine.motion import MODES, Edit
from engine.pictures import open_picture
from engine.rig.driver.reading import read_face
from engine.rig.model import RigModel
from engine.rig.paint.mouth_choice import MOUTHS
from engine.rig.refine.network import load_refiner
from stream.files.clips import Clip

_ROWS = {"on": (True,), "off": (False,), "both": (False, True)}


def pick_frames(faces: list[Face], neutral: int, count: int) -> list[int]:
    """The frames farthest from neutral and from each other, in the order of the clip."""
    readings = [read_face(face) for face in faces]

    def place(index: int) -> Array:
        reading = readings[index]
        shape = (reading.points - readings[neutral].points).ravel() / 3.0
        turned = reading.placement.rotation.ravel() * 3.0
        return np.concatenate([shape, turned, reading.openings * 6.0, [reading.lip_gap * 6.0]])

    places = np.array([place(index) for index in range(len(faces))])
    nearest = np.linalg.norm(places - places[neutral], axis=1)
    picked: list[int] = []
    for _ in range(min(count, len(faces))):
        farthest = int(np.argmax(nearest))
        picked.append(farthest)
        nearest = np.minimum(nearest, np.linalg.norm(places - places[farthest], axis=1))
    return sorted(picked)


def square(picture: Pixels, side: int) -> Pixels:
    """The middle square of a picture, in the size of a cell."""
    height, width = picture.shape[:2]
    edge = min(height, width)
    top, left = (height - edge) // 2, (width - edge) // 2
    part = picture[top : top + edge, left : left + edge]
    return np.asarray(cv2.resize(part, (side, side), interpolation=cv2.INTER_AREA), np.uint8)


def main(arguments: list[str] | None = None) -> int:
    """Draw the sheet."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("portraits", type=Path, nargs="+", help="pictures")
    parser.add_argument("--driving", type=Path, required=True, help="a clip")
    parser.add_argument("--out", type=Path, required=True, help=".jpg or .png")
    parser.add_argument("--mode", choices=MODES, default="both")
    parser.add_argument("--mouth", choices=MOUTHS, default="drawn")
    parser.add_argument(
        "--refine", choices=list(_ROWS), default="on", help="both: the rig alone above the refined"
    )
    parser.add_argument("--refiner", type=Path, help="bundle, else the one shipped")
    parser.add_argument("--frames", type=int, default=6, help="columns")
    parser.add_argument("--side", type=int, default=240, help="of a cell, pixels")
    options = parser.parse_args(arguments)
    tracker = MeshTracker()
    seen = [
        (f.pixels, face) for f in Clip(options.driving).frames() if (face := tracker.find(f.pixels))
    ]
    faces = [face for _, face in seen]
    neutral = most_neutral(faces)
    picked = pick_frames(faces, neutral, options.frames)
    blank = np.full((options.side, options.side, 3), 255, np.uint8)
    rows = [[blank, *(square(seen[index][0], options.side) for index in picked)]]
    model = RigModel(mouth=options.mouth, refiner=load_refiner(options.refiner))
    for path in options.portraits:
        picture = open_picture(path)
        face = MeshTracker().find(picture)
        if face is None:
            raise SystemExit(f"no face in {path}")
        picture, face = fit_portrait(picture, face, frame="face", size=512)
        portrait, driver = model.enroll(picture, face), model.driver()
        driver.calibrate(*seen[neutral])
        # A quarter of a second between frames: each is trusted on its own.
        motions = [driver.read(*seen[i], captured_ns=(i + 1) * 250_000_000) for i in picked]
        for refine in _ROWS[options.refine]:
            edit = Edit(mode=options.mode, refine=refine)
            shown = [portrait.render(motion, edit) for motion in motions]
            rows.append([square(cell, options.side) for cell in (picture, *shown)])
    sheet = np.vstack([np.hstack(cells) for cells in rows])
    options.out.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(sheet).save(options.out, quality=88)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
