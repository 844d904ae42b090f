"""Draws portraits by the default model of whatever tree Python imports `engine` from.

    PYTHONPATH=TREE python -P benchmarks/beside/drawing.py JOB.npz DRAWN.npz

So one run shows what another checkout makes of the same pictures. What is used here is as old as
commit a118bc4; nothing of this package is imported.
"""

import sys
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.faces.face import Face
from engine.framing import Framing, fit_portrait
from engine.motion import Edit

Arrays = Mapping[str, NDArray[np.uint8]]

_PARTS = (("stream.cli.factories", "auto"), ("stream.parts", "generic"))
"""Module that makes the default model, newest first, and the mouth that its users get unasked."""

_APART_NS = 250_000_000
"""Between a driver's rest and a view: long enough to be trusted on its own."""


def draw(job: Arrays, size: int) -> dict[str, NDArray[np.uint8]]:
    """Enrol every portrait and let every driver move it.

    Args:
        job: `driver_0`, ... (1 + V, S, S, 3): a driver at rest, then in V views; `full_NAME` and
            `face_NAME` (H, W, 3): portraits, framed as their first word says.
        size: shorter side of what is drawn, px.

    Returns:
        NAME -> (1 + D * V, H, W, 3): the portrait as enrolled, then every view of every driver.
        Where no face is found in a view, the portrait stays as it is.

    Raises:
        ValueError: no face is found in a portrait, or in a driver at rest.
    """
    parts, mouth = _find_parts()
    model, tracker = parts.load_model("rig", mouth=mouth), parts.tracker_maker("mesh")()

    def find_face(picture: NDArray[np.uint8]) -> Face | None:
        tracker.reset()  # pictures are far apart: each is searched anew
        found: Face | None = tracker.find(picture)
        return found

    def face_of(name: str, picture: NDArray[np.uint8]) -> Face:
        if (found := find_face(picture)) is None:
            raise ValueError(f"no face is found in {name}")
        return found

    motions = []
    for name, pictures in job.items():
        if not name.startswith("driver_"):
            continue
        rest = face_of(name, pictures[0])
        for picture in pictures[1:]:
            driver, face = model.driver(), find_face(picture)
            driver.calibrate(pictures[0], rest)
            motions.append(None if face is None else driver.read(picture, face, _APART_NS))
    drawn = {}
    for name, picture in job.items():
        kind, _, called = name.partition("_")
        if kind == "driver":
            continue
        framing: Framing = "full" if kind == "full" else "face"
        fitted, face = fit_portrait(picture, face_of(called, picture), frame=framing, size=size)
        portrait = model.enroll(fitted, face)
        shown = [
            fitted if motion is None else portrait.render(motion, Edit()) for motion in motions
        ]
        drawn[called] = np.stack([fitted, *shown])
    return drawn


def _find_parts() -> tuple[Any, str]:
    for module, mouth in _PARTS:
        try:
            return import_module(module), mouth
        except ModuleNotFoundError as error:
            if error.name is None or not module.startswith(error.name):
                raise
    raise ModuleNotFoundError("neither " + " nor ".join(module for module, _ in _PARTS))


def main(arguments: list[str]) -> int:
    """Read a job, write what was drawn."""
    job, out = (Path(each) for each in arguments)
    with np.load(job) as read:
        pictures = {name: read[name] for name in read.files}
    size = int(pictures.pop("size"))
    np.savez(out, **draw(pictures, size))  # type: ignore[arg-type]  # it thinks of allow_pickle
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
