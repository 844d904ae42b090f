"""A portrait does what the face in a clip does, from file to file.

python docs/examples/reenact_clip.py PORTRAIT CLIP OUT.mp4
"""

import sys
from pathlib import Path

from stream.cli.factories import load_model, tracker_maker
from stream.render.job import RenderJob, render

portrait, clip, out = map(Path, sys.argv[1:4])

model, make_tracker = load_model("rig"), tracker_maker("mesh")
job = RenderJob(portrait=portrait, driving=clip, out=out, size=512)
report = render(job, model=model, make_tracker=make_tracker)
print(f"{report.frames} frames in {report.seconds:.1f} s: {out}")
