"""The PD-FGC family behind the protocol of engine/model.py."""

import logging
import time
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.appearances import Appearance
from engine.errors import BundleError
from engine.faces.face import Face
from engine.frame import Pixels
from engine.manifest import Manifest, check_files, read_manifest
from engine.motion import Factor
from engine.pdfgc.driver import PdfgcDriver
from engine.pdfgc.graphs import PdfgcGraphs, to_network
from engine.pdfgc.hearing import lips_of
from engine.pdfgc.layout import INDICES, MOTION, SIZE
from engine.pdfgc.mixer import PdfgcMixer
from engine.pdfgc.motion import CAN, PdfgcMotion
from engine.pdfgc.portrait import PdfgcPortrait
from engine.pdfgc.recording import PdfgcRecording
from engine.pdfgc.smoothing import mean
from engine.progress import Progress
from engine.runtimes.base import Array, Runtime
from engine.runtimes.choose import choose
from engine.runtimes.registry import AUTO, RUNTIMES
from engine.runtimes.tensorrt.messages import FOR_TENSOR_CORES

logger = logging.getLogger(__name__)

GRAPHS = ("encode", "read", "hear", "generate")
LIVE_RATE = 20.0
"""Pictures a second; what is slower is no live video, and is said before it starts."""


def load_bundle(
    path: Path,
    runtime: str | Runtime = AUTO,
    threads: int | None = None,
    *,
    progress: Progress | None = None,
) -> "PdfgcModel":
    """Load a PD-FGC bundle, ready to run: seconds, and the only place where files are read.

    Minutes where a runtime builds plans for the first time; `progress` hears of that.

    Raises:
        BundleError: the folder is no sound PD-FGC bundle.
        MachineError: what the named runtime needs is not here.
    """
    manifest = _checked(path)
    if isinstance(runtime, str):
        runtime = choose(runtime, threads, progress=progress, graphs=manifest.by_file(path))
    if RUNTIMES[runtime.name].builds_plans and manifest.precision == "fp32":
        logger.warning("%s: %s", path, FOR_TENSOR_CORES)
    specs = {name: manifest.graph(name) for name in GRAPHS}
    graphs = {name: runtime.load(path / spec.file, spec) for name, spec in specs.items()}
    reads_lips = "lips" in specs["read"].outputs
    if not reads_lips:
        logger.warning("%s reads no lips off pictures: take them from sound, --source lips=", path)
    model = PdfgcModel(PdfgcGraphs(graphs, reads_lips=reads_lips))
    model.tell_rate(runtime.name)
    return model


def _checked(path: Path) -> Manifest:
    """The manifest of a sound PD-FGC bundle."""
    manifest = read_manifest(path)
    sizes = manifest.sizes
    if manifest.family != "pdfgc" or (sizes.get("picture"), sizes.get("motion")) != (SIZE, MOTION):
        raise BundleError(
            f"{path} is a bundle of the family {manifest.family!r}, not of PD-FGC. "
            "Give a folder that `understudy import --family pdfgc` made."
        )
    for name in GRAPHS:
        manifest.graph(name)
    check_files(path, manifest)
    return manifest


class PdfgcModel:
    """Loaded networks, which the portraits and drivers of all sessions share.

    A portrait or a driver belongs to one session; nothing that a frame writes to is shared.
    """

    def __init__(self, graphs: PdfgcGraphs) -> None:
        self.graphs = graphs
        """For whoever measures what each of them does."""
        self.can = CAN

    def enroll(
        self, picture: Pixels, face: Face, appearances: Sequence[Appearance] = ()
    ) -> PdfgcPortrait:
        """Encode a portrait; a video as source is enrolled picture by picture."""
        return PdfgcPortrait(self.graphs, picture, face)

    def mixer(self) -> PdfgcMixer:
        """Takes everything from the driver, until it is told otherwise."""
        return PdfgcMixer()

    def driver(self) -> PdfgcDriver:
        """A fresh reader for a new driving stream."""
        return PdfgcDriver(self.graphs)

    def performed(
        self,
        times_ns: NDArray[np.int64],
        motions: Sequence[PdfgcMotion | None],
        rate: Fraction,
    ) -> PdfgcRecording:
        """A performance read to its end: the pose is smoothed as in the demo, to both sides.

        `motions` are a driver's own (`read` with `smooths` off); None where there was no face.
        """
        codes = np.stack([np.zeros(MOTION, np.float32) if m is None else m.codes for m in motions])
        tracked = np.array([motion is not None for motion in motions])
        if tracked.any():
            pose = INDICES["pose"]
            seen = codes[tracked]
            seen[:, pose] = mean(seen[:, pose], times_ns[tracked])
            codes[tracked] = seen
        return PdfgcRecording(
            times_ns=times_ns,
            tracked=tracked,
            codes=codes,
            share=np.ones(len(codes), np.float32),
            rate=rate,
        )

    def reader(self) -> PdfgcDriver:
        """A driver for `performed`: it smooths nothing."""
        return PdfgcDriver(self.graphs, smooths=False)

    def heard(self, mel: Array) -> PdfgcRecording:
        """(T, 80) log-mel (engine/speech/mel.py) of a whole sound -> the lips it makes."""
        return lips_of(self.graphs, mel)

    def can_come_from_pictures(self, factor: Factor) -> bool:
        """Whether the bundle reads this factor off a picture."""
        return factor != "lips" or self.graphs.reads_lips

    def tell_rate(self, runtime: str) -> None:
        """Draw and read one picture, and say how slow that is where it is slow."""
        rate = 1 / self._seconds_per_picture()
        if rate < LIVE_RATE:
            logger.warning(
                "PD-FGC draws about %.1f pictures a second here, by %s: a minute of video at 25 a "
                "second takes about %.0f minutes, and live video wants a GPU",
                rate,
                runtime,
                max(1.0, 25 / rate),
            )
        else:
            logger.info("PD-FGC draws about %.0f pictures a second here, by %s", rate, runtime)

    def _seconds_per_picture(self) -> float:
        """Of the second picture: the first one warms up."""
        blank = to_network(np.zeros((SIZE, SIZE, 3), np.uint8))
        appearance = self.graphs.encode(blank)
        took = 0.0
        for _ in range(2):
            began = time.perf_counter()
            self.graphs.draw(appearance, self.graphs.read(blank))
            took = time.perf_counter() - began
        return max(took, 1e-6)
