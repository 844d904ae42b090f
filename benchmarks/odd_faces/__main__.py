"""Drawn and odd faces: what is doubted of them, how far off they are found, and how they move.

    python -m benchmarks.odd_faces [--sheet SHEET.jpg] [--pictures DIR]

A row a face, as the tracker finds it and as its eight points make it; columns are expressions of
the mixer and a turn. --pictures writes the faces and their points, as `understudy enroll` takes
them.
"""

import argparse
import json
import shlex
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.machine import keep, markdown
from benchmarks.odd_faces.drawing import DRAWN, OddFace, painted
from benchmarks.portrait_sheets.sheets import save, sheet
from engine.faces.by_hand import points_of
from engine.faces.face import Face
from engine.faces.mesh_tracker import MeshTracker
from engine.frame import Pixels
from engine.framing import fit_portrait
from engine.motion import Edit
from engine.pictures import open_picture
from engine.portrait_notes import doubts_of
from engine.rig.model import RigModel
from engine.rig.motion.factors import motion_from_arkit
from engine.rig.motion.motion import RigMotion
from engine.rig.refine.network import load_refiner
from stream.enroll.points import face_with
from stream.files.bundled import ASSETS

_CELL = 216
_SIZE = 512
_EYES = ("right_eye_outer", "left_eye_outer")


def main() -> int:
    """Draw, find, move; keep the table and, if asked for, the pictures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--sheet", type=Path, help="where the moved faces are shown")
    parser.add_argument("--pictures", type=Path, help="folder for the faces and their points")
    options = parser.parse_args()
    tracker = MeshTracker()
    faces = drawn_faces(tracker)
    if options.pictures is not None:
        _write(faces, options.pictures)
    found = {name: _find(tracker, face.picture) for name, face in faces.items()}
    rows = [[name, *_told(tracker, face, found[name])] for name, face in faces.items()]
    if options.sheet is not None:
        moves = motions()
        shown = list(_shown(faces, found, moves))
        save(sheet(["as drawn", *moves], shown, _CELL), options.sheet)
    command = shlex.join(["python", "-m", "benchmarks.odd_faces"])
    table = markdown(["face", "doubted", "its points are off, % of the eyes' distance"], rows)
    keep("odd_faces", command, {"rows": rows}, table)
    return 0


def drawn_faces(tracker: MeshTracker) -> dict[str, OddFace]:
    """All; the painting is of a portrait that ships, and has its points by the tracker."""
    picture = open_picture(ASSETS / "portrait.png")
    face = _find(tracker, picture)
    assert face is not None
    faces = {name: make() for name, make in DRAWN.items()}
    return {**faces, "painting": painted(picture, points_of(face))}


def motions() -> dict[str, RigMotion]:
    """What every face does."""

    def both(**weights: float) -> dict[str, float]:
        return {f"{name}{side}": w for name, w in weights.items() for side in ("Left", "Right")}

    turned = motion_from_arkit(both(mouthSmile=0.6))
    turned.rotation[1] = np.radians(20.0)
    return {
        "calls out": motion_from_arkit({"jawOpen": 0.8, **both(mouthLowerDown=0.3)}),
        "laughs": motion_from_arkit(
            {"jawOpen": 0.15, **both(mouthSmile=0.8, mouthUpperUp=0.5, mouthLowerDown=0.4)}
        ),
        "smiles, turned": turned,
        "blinks": motion_from_arkit(both(eyeBlink=1.0)),
        "looks aside": motion_from_arkit({"eyeLookOutLeft": 0.8, "eyeLookInRight": 0.8}),
    }


def _find(tracker: MeshTracker, picture: Pixels) -> Face | None:
    tracker.reset()
    return tracker.find(picture)


def _told(tracker: MeshTracker, face: OddFace, found: Face | None) -> tuple[str, str]:
    """What the program says of it, and how far its points are off."""
    if found is None:
        return "no face is found", ""
    doubts = doubts_of(face.picture, found, tracker)
    first, second = (np.array(face.points[name]) for name in _EYES)
    eyes = float(np.linalg.norm(first - second))
    off = [
        float(np.linalg.norm(np.subtract(at, face.points[name]))) / eyes
        for name, at in points_of(found).items()
    ]
    return ", ".join(doubts), f"{100 * np.mean(off):.0f} (worst {100 * max(off):.0f})"


def _shown(
    faces: Mapping[str, OddFace], found: Mapping[str, Face | None], moves: Mapping[str, RigMotion]
) -> Iterator[tuple[str, list[Pixels]]]:
    model = RigModel(mouth="drawn", refiner=load_refiner())
    for name, face in faces.items():
        by_hand = face_with(found[name], face.points, face.picture)
        for how, own in (("as found", found[name]), ("by hand", by_hand)):
            if own is None:
                continue
            picture, placed = fit_portrait(face.picture, own, frame="face", size=_SIZE)
            portrait = model.enroll(picture, placed)
            moved = [portrait.for_stream().render(move, Edit()) for move in moves.values()]
            yield f"{name}, {how}", [picture, *moved]


def _write(faces: Mapping[str, OddFace], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, face in faces.items():
        Image.fromarray(face.picture).save(folder / f"{name}.png")
        points = {key: [round(x, 1), round(y, 1)] for key, (x, y) in face.points.items()}
        (folder / f"{name}.json").write_text(json.dumps(points, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
