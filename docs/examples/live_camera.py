"""A camera drives a portrait, live, into a file; Ctrl-C ends it, and the file stays valid.

python docs/examples/live_camera.py PORTRAIT OUT.mp4 [CAMERA]

CAMERA is a device, a clip or an rtsp:// address; without one, the first camera is taken. Instead
of `out`, or beside it, a job takes `preview=True` (a window) or `virtual_camera="auto"`.
"""

import sys
from pathlib import Path

from stream.cli.factories import load_model, tracker_maker
from stream.cli.terminal import stop_on_signals
from stream.live.hotkeys import NoKeys
from stream.live.job import LiveJob
from stream.live.run import live

portrait, out = map(Path, sys.argv[1:3])
camera = sys.argv[3] if len(sys.argv) > 3 else "auto"

model, make_tracker = load_model("rig"), tracker_maker("mesh")
job = LiveJob(camera=camera, portraits=[portrait], out=out)
with stop_on_signals() as stop:
    live(job, model=model, make_tracker=make_tracker, keys=NoKeys(), say=print, stop=stop)
