"""The DPE family behind the protocol of engine/model.py."""

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from engine.backends.base import Backend
from engine.backends.choose import PLANNED, choose
from engine.backends.tensorrt_words import FOR_TENSOR_CORES, BuildProgress
from engine.dpe.graphs import DpeGraphs, to_network
from engine.dpe.motion import CAN, DpeMotion
from engine.dpe.portrait import DpePortrait
from engine.errors import BundleError, MachineError
from engine.faces.crop import CropFollower
from engine.faces.face import Face
from engine.frame import Pixels
from engine.installing import needing
from engine.manifest import Manifest, check_files, read_manifest
from engine.model import Neutral

if TYPE_CHECKING:
    from engine.dpe.on_gpu import GpuDpeModel  # it needs torch, which the base install has not

logger = logging.getLogger(__name__)

GRAPHS = ("encode", "read", "generate_expression", "generate_pose")


def load_fastest(
    path: Path, backend: str = "auto", *, progress: BuildProgress | None = None
) -> "DpeModel | GpuDpeModel":
    """Load a DPE bundle on the backend of this name; on `cuda` as one program.

    On `cuda` it computes in fp16, whatever the bundle was exported in; elsewhere as exported. Where
    `auto` takes cuda and its kernels cannot run this bundle, its graphs run there one by one, and a
    note says so.

    Raises:
        BundleError: the folder is no sound DPE bundle, or one that the named backend cannot run.
        MachineError: what the named backend needs is not here.
    """
    if backend == "cuda":
        return load_gpu_bundle(path)
    graphs = read_manifest(path).by_file(path)
    runtime = choose(backend, progress=progress, graphs=graphs)
    if runtime.name == "cuda":
        try:
            return load_gpu_bundle(path)
        except (BundleError, MachineError) as error:
            logger.warning("the whole step cannot run on the GPU, only its networks: %s", error)
    return load_bundle(path, runtime)


def load_gpu_bundle(path: Path) -> "GpuDpeModel":
    """Load a DPE bundle as one program for an NVIDIA GPU: what `--backend cuda` is for.

    Raises:
        BundleError: the folder is no sound DPE bundle, or none that the kernels run.
        MachineError: there is no GPU, or a package is not installed.
    """
    manifest = _checked(path)
    with needing("cuda"):
        from engine.dpe.on_gpu import GpuDpeModel
    return GpuDpeModel.of_bundle(path, manifest)


def load_bundle(
    path: Path,
    backend: str | Backend = "openvino",
    threads: int | None = None,
    *,
    progress: BuildProgress | None = None,
) -> "DpeModel":
    """Load a DPE bundle, ready to run: seconds, and the only place where files are read.

    Minutes where a backend builds plans for the first time; `progress` hears of that.

    Raises:
        BundleError: the folder is no sound DPE bundle.
        MachineError: the backend's package is not installed.
    """
    manifest = _checked(path)
    if isinstance(backend, str):
        backend = choose(backend, threads, progress=progress)
    if backend.name in PLANNED and manifest.precision == "fp32":
        logger.warning("%s: %s", path, FOR_TENSOR_CORES)
    specs = {name: manifest.graph(name) for name in GRAPHS}
    graphs = {name: backend.load(path / spec.file, spec) for name, spec in specs.items()}
    size = manifest.sizes["picture"]
    assert isinstance(size, int)  # _checked has seen to it
    return DpeModel(DpeGraphs(graphs, size))


def _checked(path: Path) -> Manifest:
    """The manifest of a sound DPE bundle."""
    manifest = read_manifest(path)
    if manifest.family != "dpe" or not isinstance(manifest.sizes.get("picture"), int):
        raise BundleError(
            f"{path} is a bundle of the family {manifest.family!r}, not of DPE. "
            "Give a folder that `understudy import` made."
        )
    for name in GRAPHS:
        manifest.graph(name)
    check_files(path, manifest)
    return manifest


class DpeModel:
    """Loaded networks, which the portraits and drivers of all sessions share.

    A portrait or a driver belongs to one session; nothing that a frame writes to is shared.
    """

    def __init__(self, graphs: DpeGraphs) -> None:
        self._graphs = graphs
        self.can = CAN

    def enroll(self, picture: Pixels, face: Face) -> DpePortrait:
        """Encode a portrait; a video as source is enrolled picture by picture."""
        return DpePortrait(self._graphs, picture, face)

    def mixer(self) -> None:
        """There is none: one code holds the whole expression."""

    def driver(self) -> "DpeDriver":
        """A fresh reader for a new driving stream."""
        return DpeDriver(self._graphs)


class DpeDriver:
    """Reads the pictures of one driving stream; keeps their crop around the face.

    DPE reads a face as it is, not against a neutral one, so there is nothing to calibrate.
    """

    def __init__(self, graphs: DpeGraphs) -> None:
        self._graphs = graphs
        self._crop = CropFollower()

    @property
    def neutral(self) -> Neutral:
        """There is none."""
        return "none"

    def read(self, picture: Pixels, face: Face, captured_ns: int) -> DpeMotion:
        """The expression and pose of this picture."""
        box = self._crop.update(face, captured_ns)
        return self._graphs.read(to_network(box.cut(picture, self._graphs.size)))

    def calibrate(self, picture: Pixels, face: Face) -> None:
        """Does nothing: there is no neutral face."""

    def recalibrate(self) -> None:
        """Does nothing: there is no neutral face."""
