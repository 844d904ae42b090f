"""How long one step takes on this machine: a driving frame in, a picture out, stage by stage.

python docs/examples/measure_step.py PORTRAIT CLIP
"""

import sys
from pathlib import Path

from engine.faces.trackers import make_tracker
from engine.framing import fit_portrait
from engine.pictures import open_picture
from engine.reenactor import Reenactor
from engine.stats import StageTimes
from stream.cli.factories import load_model
from stream.files.clips import Clip

portrait, clip = map(Path, sys.argv[1:3])

tracker = make_tracker()
picture = open_picture(portrait)
face = tracker.find(picture)
if face is None:
    sys.exit(f"no face in {portrait}")
reenactor = Reenactor(model=load_model("rig"), tracker=tracker)
reenactor.set_portrait(*fit_portrait(picture, face, frame="face", size=512))
reenactor.restart()  # what follows is another face than the portrait's

times = StageTimes()
for frame in Clip(clip).frames():
    times.add(reenactor.step(frame).stages_ns)
for stage, ms in times.percentiles_ms().items():
    print(f"{stage:8} p50 {ms['p50']:6.2f} ms   p95 {ms['p95']:6.2f} ms")
