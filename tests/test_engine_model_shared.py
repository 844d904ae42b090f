"""One loaded model serves many threads: nobody ever sees another one's picture.

`serve` loads a model once; each session has a frame loop in a thread of its own, and one more
thread enrols portraits. Every family runs here on every runtime that a machine without a GPU has.
"""

import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.dpe.model import load_bundle
from engine.dpe.on_gpu import GpuDpeModel
from engine.faces.face import Face
from engine.frame import Pixels
from engine.model import Model
from engine.motion import MODES, Edit
from engine.rig.model import RigModel
from engine.rig.refine.network import load_refiner
from engine.runtimes.base import Runtime
from engine.runtimes.choose import choose
from engine.runtimes.cuda import Cuda
from engine.runtimes.cuda_device import ReferenceDevice
from engine.runtimes.registry import ON_CPU
from tests.dpe_wide import wide_weights
from tests.faces_made import made_face, textured

SIDE = 96
SESSIONS = 2
FRAMES = 4
ROUNDS = 4
NEAR = 3
"""Levels: rounding; a stranger's picture differs by a hundred."""

Make = Callable[[Path], Model[Any]]


def runtime_of(name: str) -> Runtime:
    """`cuda` in its reference mode, which needs no GPU."""
    return Cuda(device=ReferenceDevice()) if name == "cuda" else choose(name, 1)


def refined_rig(runtime: str) -> Make:
    return lambda _: RigModel(refiner=load_refiner(runtime=runtime_of(runtime)))


def dpe(runtime: str) -> Make:
    return lambda bundle: load_bundle(bundle, runtime_of(runtime))


FAMILIES: dict[str, Make] = {
    "rig": lambda _: RigModel(),
    **{f"rig refined by {name}": refined_rig(name) for name in (*ON_CPU, "cuda")},
    **{f"dpe on {name}": dpe(name) for name in (*ON_CPU, "cuda")},
    "dpe on cuda as one step": lambda _: GpuDpeModel(wide_weights(), ReferenceDevice()),
}


@pytest.fixture(params=FAMILIES)
def model(request: pytest.FixtureRequest, dpe_bundle: Path) -> Model[Any]:
    return FAMILIES[request.param](dpe_bundle)


@pytest.fixture
def hasty() -> Iterator[None]:
    """Threads take turns a hundred times as often as they use to."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(5e-5)
    yield
    sys.setswitchinterval(before)


class Session:
    """A portrait and a driver that nobody else has; frame by frame, in every mode."""

    def __init__(self, model: Model[Any], number: int) -> None:
        self._model, self._number = model, number
        self._portrait = model.enroll(textured(SIDE, number), made_face(SIDE, scale=1.15))

    def pictures(self) -> list[Pixels]:
        """What it shows, of a stream that begins anew."""
        driver = self._model.driver()
        driver.calibrate(*self._driving(0))
        shown = [self._portrait.still()]
        for index in range(FRAMES):
            motion = driver.read(*self._driving(index), index * 40_000_000)
            shown += [self._portrait.render(motion, Edit(mode=mode)) for mode in MODES]
        return shown

    def _driving(self, index: int) -> tuple[Pixels, Face]:
        open_by = 0.2 * index * (1 + self._number % 2)
        face = made_face(SIDE, scale=1.1, yaw=4.0 * self._number, jawOpen=open_by)
        return textured(SIDE, 100 * self._number + index), face


@pytest.mark.slow
def test_two_sessions_at_once_show_what_each_shows_alone(model: Model[Any], hasty: None) -> None:
    sessions = [Session(model, 3 + number) for number in range(SESSIONS)]
    alone = [session.pictures() for session in sessions]
    for one, other in zip(*alone, strict=True):
        assert np.abs(one.astype(int) - other).max() > 10 * NEAR, "the test would see nothing"
    stopped = threading.Event()

    def enroll() -> None:
        while not stopped.is_set():
            model.enroll(textured(SIDE, 50), made_face(SIDE, scale=1.15)).still()

    def strange(number: int) -> list[int]:
        """The pictures that are not this session's own, by their index."""
        return [
            index
            for _ in range(ROUNDS)
            for index, (seen, own) in enumerate(
                zip(sessions[number].pictures(), alone[number], strict=True)
            )
            if np.abs(seen.astype(int) - own).max() > NEAR
        ]

    with ThreadPoolExecutor(SESSIONS + 1) as threads:
        threads.submit(enroll)
        try:
            found = list(threads.map(strange, range(SESSIONS)))
        finally:
            stopped.set()
    assert found == [[], []]
