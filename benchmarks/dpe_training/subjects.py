"""Who is compared: a DPE bundle, the still picture, the rig."""

from dataclasses import replace
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np

from engine.dpe.graphs import DpeGraphs, from_network, to_network
from engine.dpe.model import GRAPHS
from engine.faces.face import Face, Tracker
from engine.frame import Pixels
from engine.manifest import check_files, read_manifest
from engine.motion import Edit, Mode
from engine.rig.model import RigModel
from engine.runtimes.choose import choose
from engine.runtimes.registry import OPENVINO

TRACKED_PX = 256
"""Pictures are enlarged to this side where a face is looked for."""


class Subject(Protocol):
    """Draws a source as a driver has it."""

    name: str

    def drawn(self, source: Pixels, driving: Pixels, mode: Mode) -> Pixels | None:
        """(S, S, 3) of the source's size; None where no face is found."""
        ...


class Still:
    """The source as it is: what an edit must beat."""

    name = "still"

    def drawn(self, source: Pixels, driving: Pixels, mode: Mode) -> Pixels:
        """The source."""
        return source


class DpeSubject:
    """The networks of a bundle alone: pictures as they were rendered, no tracker, no pasting."""

    def __init__(self, bundle: Path, name: str = "DPE") -> None:
        self.name = name
        manifest = read_manifest(bundle)
        check_files(bundle, manifest)
        runtime = choose(OPENVINO.name, 1)
        specs = {graph: manifest.graph(graph) for graph in GRAPHS}
        size = manifest.sizes["picture"]
        assert isinstance(size, int)
        loaded = {graph: runtime.load(bundle / spec.file, spec) for graph, spec in specs.items()}
        self.graphs = DpeGraphs(loaded, size)

    def drawn(self, source: Pixels, driving: Pixels, mode: Mode) -> Pixels:
        """As `DPE.reenact` has it."""
        motion = self.graphs.read(to_network(driving))
        picture = to_network(source)
        if mode in ("expression", "both"):
            with self.graphs.encode(picture) as found:
                picture = self.graphs.draw("expression", found, motion.expression)
        if mode in ("pose", "both"):
            with self.graphs.encode(picture) as found:
                picture = self.graphs.draw("pose", found, motion.pose)
        return np.asarray(from_network(picture).round(), np.uint8)


class RigSubject:
    """The rig, whose neutral face is the source itself.

    It is made for a neutral face that looks straight ahead, and a driver who moves continuously.
    Here the source is turned and grimaces, and the driver is one picture: figures of the rig are
    those of that task, and lower than in its own.
    """

    name = "rig"

    def __init__(self, tracker: Tracker) -> None:
        self._tracker = tracker
        self._model = RigModel()

    def drawn(self, source: Pixels, driving: Pixels, mode: Mode) -> Pixels | None:
        """At 256 px, then of the source's size again."""
        big, other = enlarged(source), enlarged(driving)
        face, driver_face = found_in(self._tracker, big), found_in(self._tracker, other)
        if face is None or driver_face is None:
            return None
        driver = self._model.driver()
        driver.calibrate(big, face)
        # Looked for afresh, but of the same shot: the neutral face holds.
        motion = driver.read(other, replace(driver_face, shot=face.shot), 0)
        picture = self._model.enroll(big, face).render(motion, Edit(mode=mode))
        side = len(source)
        return np.asarray(cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA), np.uint8)


def enlarged(picture: Pixels) -> Pixels:
    """(S, S, 3) -> (256, 256, 3)."""
    side = (TRACKED_PX, TRACKED_PX)
    return np.asarray(cv2.resize(picture, side, interpolation=cv2.INTER_CUBIC), np.uint8)


def found_in(tracker: Tracker, picture: Pixels) -> Face | None:
    """The face of a single picture, looked for afresh."""
    tracker.reset()
    return tracker.find(picture)
