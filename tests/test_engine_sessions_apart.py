"""Two people who share a model get what each would get alone: of every family and runtime here.

Both step at once, in threads of their own, as sessions of a server do. A picture that took anything
from the other's portrait or motion would differ. `UNDERSTUDY_APART=2000` runs for so many pictures.
"""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle, islice
from pathlib import Path
from threading import Barrier
from typing import Any

import numpy as np
import pytest

from engine.faces.face import Face
from engine.faces.mesh_tracker import MeshTracker
from engine.frame import Frame, Pixels
from engine.framing import fit_portrait
from engine.model import Model
from engine.pictures import open_picture
from engine.reenactor import Reenactor
from engine.runtimes.registry import ON_CPU
from stream.cli.factories import load_model
from stream.files.bundled import ASSETS
from stream.files.clips import Clip

PICTURES = int(os.environ.get("UNDERSTUDY_APART", "50"))
"""Of both together, for each family and runtime: six of them are 300 pictures."""
SEEN = 24
"""Frames of the bundled clip, to and fro; the second person begins in the middle."""
PORTRAITS = ("portrait.png", "portraits/man.png")
ROUNDING = 2
"""Grey levels by which a runtime may differ from itself when it is busy."""

pytestmark = pytest.mark.slow

Seen = tuple[Frame, Face | None]


class Remembered:
    """A tracker that has found these faces before."""

    def __init__(self, seen: list[Seen]) -> None:
        self._faces = {id(frame.pixels): face for frame, face in seen}

    def find(self, picture: Pixels, now_ns: int | None = None) -> Face | None:
        return self._faces[id(picture)]

    def reset(self) -> None:
        """Nothing is kept from one to the next."""


@pytest.fixture(scope="module")
def driven() -> list[Seen]:
    tracker = MeshTracker()
    clip = Clip(ASSETS / "driving.mp4")
    return [(frame, tracker.find(frame.pixels)) for frame in islice(clip.frames(), SEEN)]


@pytest.fixture(scope="module")
def portraits() -> list[tuple[Pixels, Face]]:
    found = []
    for name in PORTRAITS:
        tracker, picture = MeshTracker(), open_picture(ASSETS / name)
        face = tracker.find(picture)
        assert face is not None
        found.append(fit_portrait(picture, face, frame="face", size=256))
    return found


def drives(driven: list[Seen], owner: int) -> Iterator[Frame]:
    """This person's frames, timed anew."""
    there = [frame for frame, _ in driven]
    shift = owner * SEEN // 2
    to_and_fro = cycle([*there[shift:], *there[:shift], *there[:shift][::-1], *there[shift:][::-1]])
    for index, frame in enumerate(islice(to_and_fro, PICTURES // 2)):
        yield Frame(pixels=frame.pixels, captured_ns=index * 33_333_333)


def session(model: Model[Any], portrait: tuple[Pixels, Face], driven: list[Seen]) -> Reenactor[Any]:
    """Enrolled here, for a server enrols one after the other."""
    made: Reenactor[Any] = Reenactor(model=model, tracker=Remembered(driven))
    made.set_portrait(*portrait)
    return made


def pictures(
    made: Reenactor[Any],
    driven: list[Seen],
    owner: int,
    before: Callable[[], object] = lambda: None,
) -> list[Pixels]:
    """What one person gets; `before` is called when all is ready."""
    before()
    return [made.step(frame).pixels.copy() for frame in drives(driven, owner)]


def furthest(ones: list[Pixels], others: list[Pixels]) -> int:
    pairs = zip(ones, others, strict=True)
    return max(int(np.abs(one.astype(int) - other).max()) for one, other in pairs)


def check(
    model: Model[Any], portraits: list[tuple[Pixels, Face]], driven: list[Seen], *, moves: int
) -> None:
    """`moves` is by how much a person's pictures differ from each other at least."""
    sessions = [session(model, portrait, driven) for portrait in portraits]
    alone = [pictures(made, driven, owner) for owner, made in enumerate(sessions)]
    sessions = [session(model, portrait, driven) for portrait in portraits]
    together = Barrier(2, timeout=120)
    with ThreadPoolExecutor(2) as pool:
        running = [
            pool.submit(pictures, made, driven, owner, together.wait)
            for owner, made in enumerate(sessions)
        ]
        beside = [each.result() for each in running]
    assert furthest(alone[0], beside[0]) <= ROUNDING
    assert furthest(alone[1], beside[1]) <= ROUNDING
    # The control: one person's pictures are far from the other's, and move.
    assert furthest(alone[0], alone[1]) > 5 * ROUNDING
    assert furthest(alone[0][:1] * len(alone[0]), alone[0]) >= moves


@pytest.mark.parametrize("backend", ON_CPU)
def test_the_rig(backend: str, portraits: list[tuple[Pixels, Face]], driven: list[Seen]) -> None:
    check(load_model("rig", mouth="auto", backend=backend), portraits, driven, moves=20)


@pytest.mark.parametrize("backend", ON_CPU)
def test_dpe(
    backend: str, dpe_bundle: Path, portraits: list[tuple[Pixels, Face]], driven: list[Seen]
) -> None:
    check(load_model(str(dpe_bundle), mouth="auto", backend=backend), portraits, driven, moves=1)
