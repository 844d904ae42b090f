"""The DPE family behind the protocol of engine/model.py."""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from engine.appearances import Appearance
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
from engine.progress import Progress
from engine.runtimes.base import Runtime
from engine.runtimes.choose import choose
from engine.runtimes.registry import AUTO, CUDA, OPENVINO, RUNTIMES
from engine.runtimes.tensorrt.messages import FOR_TENSOR_CORES

if TYPE_CHECKING:
    from engine.dpe.on_gpu import GpuDpeModel  # it needs torch, which the base install has not

logger = logging.getLogger(__name__)

GRAPHS = ("encode", "read", "generate_expression", "generate_pose")


def load_fastest(
    path: Path, runtime: str = AUTO, *, progress: Progress | None = None
) -> "DpeModel | GpuDpeModel":
    """Load a DPE bundle on the runtime of this name; on `cuda` as one program.

    On `cuda` it computes in fp16, whatever the bundle was exported in; elsewhere as exported. Where
    `auto` takes cuda and its kernels cannot run this bundle, its graphs run there one by one, and a
    note says so.

    Raises:
        BundleError: the folder is no sound DPE bundle, or one that the named runtime cannot run.
        MachineError: what the named runtime needs is not here.
    """
    if runtime == CUDA.name:
        return load_gpu_bundle(path)
    graphs = read_manifest(path).by_file(path)
    chosen = choose(runtime, progress=progress, graphs=graphs)
    if chosen.name == CUDA.name:
        try:
            return load_gpu_bundle(path)
        except (BundleError, MachineError) as error:
            logger.warning("the whole step cannot run on the GPU, only its networks: %s", error)
    return load_bundle(path, chosen)


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
    runtime: str | Runtime = OPENVINO.name,
    threads: int | None = None,
    *,
    progress: Progress | None = None,
) -> "DpeModel":
    """Load a DPE bundle, ready to run: seconds, and the only place where files are read.

    Minutes where a runtime builds plans for the first time; `progress` hears of that.

    Raises:
        BundleError: the folder is no sound DPE bundle.
        MachineError: the runtime's package is not installed.
    """
    manifest = _checked(path)
    if isinstance(runtime, str):
        runtime = choose(runtime, threads, progress=progress)
    if RUNTIMES[runtime.name].builds_plans and manifest.precision == "fp32":
        logger.warning("%s: %s", path, FOR_TENSOR_CORES)
    specs = {name: manifest.graph(name) for name in GRAPHS}
    graphs = {name: runtime.load(path / spec.file, spec) for name, spec in specs.items()}
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

    def enroll(
        self, picture: Pixels, face: Face, appearances: Sequence[Appearance] = ()
    ) -> DpePortrait:
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
