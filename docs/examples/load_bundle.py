"""DPE from a bundle that `understudy import` made: one picture gets another one's expression.

python docs/examples/load_bundle.py BUNDLE PORTRAIT DRIVER OUT.png
"""

import sys
from pathlib import Path

from PIL import Image

from engine.dpe.model import load_bundle
from engine.faces.face import Face
from engine.faces.trackers import make_tracker
from engine.frame import Pixels
from engine.framing import fit_portrait
from engine.motion import Edit
from engine.pictures import open_picture

bundle, portrait, driver, out = map(Path, sys.argv[1:5])


def with_face(path: Path) -> tuple[Pixels, Face]:
    """The picture, and where its face is."""
    picture = open_picture(path)
    face = make_tracker().find(picture)
    if face is None:
        sys.exit(f"no face in {path}")
    return picture, face


model = load_bundle(bundle)
shown = model.enroll(*fit_portrait(*with_face(portrait), frame="full", size=512))
motion = model.driver().read(*with_face(driver), captured_ns=0)
Image.fromarray(shown.render(motion, Edit(mode="expression"))).save(out)
