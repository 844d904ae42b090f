"""The real server as a program that can be looked into: python -m benchmarks.live.serving ...

It prints its address; then each line on standard input is answered by one line of JSON: what the
process holds, or how its sessions do. With `--leak` it keeps so much for each session, as a faulty
build would.
"""

import argparse
import asyncio
import gc
import json
import sys
import tempfile
import tracemalloc
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from benchmarks.live.light_model import DiscTracker, ShiftModel, disc_picture
from engine.appearances import Appearance
from engine.faces.face import Face, Tracker
from engine.frame import Pixels
from engine.model import Capabilities, Driver, Mixer, Model, Portrait
from stream.cli.factories import load_model, tracker_maker
from stream.server import portrait_list
from stream.server.app import serving
from stream.server.app_keys import SESSIONS
from stream.server.process import prepare
from stream.server.sessions import Sessions
from stream.server.settings import ServerSettings
from stream.session.loop import FrameLoop

LIGHT = "light"
"""Name of the model that costs nothing."""
DISC_RADIUS = 0.16
"""Of a picture's side."""
TOP = 12
"""Places of allocation that are told of."""


class Leaking:
    """A model that keeps memory for each session."""

    def __init__(self, model: Model[Any], leak_kb: int) -> None:
        self._model = model
        self._leak_kb = leak_kb
        self._kept: list[Any] = []

    @property
    def can(self) -> Capabilities:
        """As the other."""
        return self._model.can

    def mixer(self) -> Mixer[Any] | None:
        """The other's; asked for once by each session, which is where memory is lost."""
        if self._leak_kb:
            self._kept.append(np.ones(self._leak_kb * 1024, np.uint8))
        return self._model.mixer()

    def enroll(
        self, picture: Pixels, face: Face, appearances: Sequence[Appearance] = ()
    ) -> Portrait[Any]:
        """As the other does."""
        return self._model.enroll(picture, face, appearances)

    def driver(self) -> Driver[Any]:
        """The other's."""
        return self._model.driver()


def held() -> dict[str, object]:
    """What this process holds now, after a collection."""
    gc.collect()
    found: dict[str, object] = {"tasks": len(asyncio.all_tasks())}
    if tracemalloc.is_tracing():
        found["traced_kb"] = tracemalloc.get_traced_memory()[0] // 1024
        places = tracemalloc.take_snapshot().statistics("lineno")[:TOP]
        found["places"] = [f"{each.traceback}: {each.size // 1024} KB" for each in places]
    return found


def figures(sessions: Sessions) -> list[dict[str, object]]:
    """How each session has been doing since `begin`, ten seconds at most; the counts are whole."""
    return [
        {
            "delays_ms": [each / 1e6 for each in vars(loop)["_end_to_end_ns"].copy()],
            "steps_ms": loop.report().stages_ms.get("step", {}),
            "drops": loop.source.dropped,
            "frames": loop.report().frames,
        }
        for loop in _loops(sessions)
    ]


def begin(sessions: Sessions) -> None:
    """Forget the durations so far."""
    for loop in _loops(sessions):
        vars(loop)["_end_to_end_ns"].clear()
        vars(vars(loop)["_stages"])["_samples"].clear()


def _loops(sessions: Sessions) -> list[FrameLoop[Any]]:
    return [session.live.loop for session in vars(sessions)["_sessions"].values()]


async def _answer_questions(sessions: Sessions) -> None:
    """One line of JSON for each line that comes, until there are no more."""
    reader = asyncio.StreamReader()
    protocol = asyncio.StreamReaderProtocol(reader)
    await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, sys.stdin)
    while asked := await reader.readline():
        if asked == b"begin\n":
            begin(sessions)
        answer: object = figures(sessions) if asked == b"figures\n" else held()
        print(json.dumps(answer), flush=True)


async def _serve(asked: argparse.Namespace, folder: Path) -> None:
    portrait = asked.portrait
    make_tracker: Callable[[], Tracker] = tracker_maker("mesh")
    if asked.model == LIGHT:
        model: Model[Any] = ShiftModel()
        make_tracker = DiscTracker
        portrait = folder / "disc.png"
        side = asked.size
        disc = disc_picture(side, side, (side / 2, side / 2), DISC_RADIUS * side)
        Image.fromarray(disc).save(portrait)
        vars(portrait_list)["ASSETS"] = folder / "none"  # it sees no face in real portraits
    else:
        model = load_model(asked.model, backend=asked.backend, refine=asked.refine)
    settings = ServerSettings(
        port=0,
        size=asked.size,
        framing="full" if asked.model == LIGHT else "face",
        portrait=portrait,
        most_sessions=asked.sessions,
        adapts=asked.adapts,
        recordings=folder / "kept",
    )
    (folder / "kept").mkdir()
    model = Leaking(model, asked.leak)
    async with serving(settings, model=model, make_tracker=make_tracker) as served:
        print(served.url, flush=True)
        await _answer_questions(served.app[SESSIONS])


def main() -> None:
    """Serve until standard input ends."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--model", default="rig")
    parser.add_argument("--backend", default="auto")
    parser.add_argument("--refine", default="on")
    parser.add_argument("--portrait", type=Path)
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--sessions", type=int, default=4)
    parser.add_argument("--leak", type=int, default=0, metavar="KB")
    parser.add_argument("--adapts", action="store_true")
    parser.add_argument("--trace", action="store_true", help="tell what Python allocated where")
    asked = parser.parse_args()
    if asked.trace:
        tracemalloc.start()
    prepare()  # as `understudy serve` does
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(_serve(asked, Path(folder)))


if __name__ == "__main__":
    main()
