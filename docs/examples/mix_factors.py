"""Each factor from a source of its own: the face from the driver, a still head, eyes kept open.

python docs/examples/mix_factors.py PORTRAIT CLIP OUT.mp4

`ToCamera()` is a source of gaze, and `Replayed(load_motion(path))`, of
stream.files.motion_reader, one of every factor.
"""

import sys
from pathlib import Path

from engine.motion import Edit
from engine.rig.motion.mixer import Held, RigMixer
from stream.cli.factories import load_model, tracker_maker
from stream.render.job import RenderJob, render

portrait, clip, out = map(Path, sys.argv[1:4])

sliders = {"mouthSmileLeft": 0.3, "mouthSmileRight": 0.3}  # ARKit names, on top of the sources
mixer = RigMixer(sources={"pose": Held(), "blink": Held()}, sliders=sliders)
edit = Edit(gains={"lips": 1.2})  # of what the mix gives

model, make_tracker = load_model("rig"), tracker_maker("mesh")
job = RenderJob(portrait=portrait, driving=clip, out=out, edit=edit)
render(job, model=model, make_tracker=make_tracker, mixer=mixer)
