"""One driving frame in, one picture out: faces, models, runtimes, compositing."""

import sys

# Importing OpenVINO tells Google Analytics so, with an id that it keeps in the home folder; this
# program tells nobody that it runs. Without its messenger, OpenVINO does as if it had none.
sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
