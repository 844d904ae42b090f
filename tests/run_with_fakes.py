"""The real command line with the fake model and tracker, in a process of its own.

Run as a module: `python -m tests.run_with_fakes DELAY_S render ...`; the delay slows each frame.
DELAY_S@N slows the Nth and all that follow, and says `slow` on standard error when it begins to.
"""

import sys
import time
from pathlib import Path
from typing import Any

import stream.cli.factories
from engine.faces.face import Face, Tracker
from engine.frame import Pixels
from engine.model import Model
from stream.cli import main
from tests.fakes import DiscTracker, ShiftModel

IS_TOLD = False
"""Whether somebody waits for the word that it is slow now."""


class SlowTracker(DiscTracker):
    """Finds the disc, in its own time."""

    delay_s = 0.0
    quick = 0
    """So many pictures are seen before it is slow."""

    def find(self, picture: Pixels, now_ns: int | None = None) -> Face | None:
        SlowTracker.quick -= 1
        if SlowTracker.quick < 0:
            if SlowTracker.quick == -1 and IS_TOLD:
                sys.stderr.write("slow\n")
                sys.stderr.flush()
            time.sleep(self.delay_s)
        return super().find(picture)


def load_model(
    name: str,
    *,
    mouth: str = "auto",
    refine: str = "on",
    backend: str = "auto",
    builds: object = None,
) -> Model[Any]:
    return ShiftModel()


def tracker_maker(name: str) -> type[Tracker]:
    return SlowTracker


if __name__ == "__main__":
    delay, _, first = sys.argv.pop(1).partition("@")
    IS_TOLD = bool(first)
    SlowTracker.delay_s, SlowTracker.quick = float(delay), int(first or 0)
    if "serve" in sys.argv:
        import stream.server.portrait_list

        vars(stream.server.portrait_list)["ASSETS"] = Path("no assets")  # which show no disc
    stream.cli.factories.load_model = load_model
    stream.cli.factories.tracker_maker = tracker_maker
    main()
