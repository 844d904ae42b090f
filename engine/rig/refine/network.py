"""The refining stage, live: a small network corrects the warped picture at its own resolution.

The network sees eyes and mouth in a crop of the head; its residual flow and mask are laid over the
picture's own pixels, so that skin and hair stay as sharp as the portrait is. A part in which
nothing is to be corrected is not looked at: a face at rest costs nothing.
"""

from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path

import cv2
import numpy as np

from engine.errors import BundleError
from engine.frame import Pixels
from engine.geometry import Array
from engine.manifest import GraphSpec, Manifest, check_files, read_manifest
from engine.progress import Progress
from engine.rig.motion.motion import RigMotion, still_motion
from engine.rig.paint.light import light_of
from engine.rig.paint.own_mouth import own_interior_at, shows_interior
from engine.rig.refine.corrections import Map, apply_corrections, fade
from engine.rig.refine.head_crop import PART_HEIGHT, PART_WIDTH, HeadCrop, head_crop
from engine.rig.refine.inputs import MOTION_LENGTH, motion_vector, region_maps
from engine.rig.refine.regions import (
    PARTS,
    Part,
    Trusted,
    between_lips,
    correction_mask,
    own_teeth,
)
from engine.rig.warp.target import HeadMotion, PortraitFace, head_motion
from engine.runtimes.base import Graph, Runtime
from engine.runtimes.choose import choose
from engine.runtimes.registry import OPENVINO

SHIPPED = "assets/refiner"
"""Of the package `engine`: the bundle that is used unless another is named."""

FAMILY = "rig-refiner"

_KEPT, _WARM_KEPT = 0.15, 0.9
"""How much of a drawn mouth stays as it is drawn, in white light and in a warm picture. The network
has seen white light only: in paintings it makes mouths blue. In white light it makes them milky,
but is nearer to the truth by the figures of `benchmarks.same_person`."""

_SIZES = {"motion": MOTION_LENGTH, "width": PART_WIDTH, "height": PART_HEIGHT}
"""Of the bundle, which the live step rests on."""


class Refiner:
    """The loaded network; portraits in different threads share it."""

    def __init__(self, enroll: Graph, refine: Graph) -> None:
        self._enroll = enroll
        self._refine = refine

    def portrait(self, picture: Pixels, face: PortraitFace) -> "RefinedPortrait":
        """Compute once what the network needs of a portrait."""
        crop = head_crop(face, head_motion(face, still_motion()))
        features = self._enroll.run({"pixels": _pixels(picture, crop, face.landmarks)})
        parts = tuple((part, _features_of(part, features)) for part in PARTS)
        whiteness = light_of(picture, face.landmarks).whiteness
        kept = _WARM_KEPT + (_KEPT - _WARM_KEPT) * whiteness
        shows_teeth = shows_interior(face.landmarks)
        return RefinedPortrait(face, shows_teeth, kept, parts, self._refine)


@dataclass(frozen=True, slots=True)
class RefinedPortrait:
    """One portrait's features, and the graph that uses them."""

    _face: PortraitFace
    _shows_teeth: bool
    _kept: float
    """Of the drawn mouth."""
    _parts: tuple[tuple[Part, dict[str, Map]], ...]
    _refine: Graph

    def refine(
        self,
        picture: Pixels,
        motion: RigMotion,
        head: HeadMotion,
        target: Array,
        trusted: Trusted = Trusted(),  # noqa: B008 (frozen)
    ) -> None:
        """Correct a warped picture in place.

        Args:
            picture: (H, W, 3) what the geometric stage made.
            motion: what it was asked for, edited.
            head: how the head moved.
            target: (478, 3) px, where the landmarks went.
            trusted: where the picture shows the person's own pixels already.
        """
        whole = head_crop(self._face, head)
        vector = motion_vector(self._face, motion, head)[None]
        for part, features in self._parts:
            places = part.wanted(motion, trusted)
            if not places:
                continue
            crop = whole.part(part.top)
            found = self._refine.run(
                {"pixels": _pixels(picture, crop, target), "motion": vector, **features}
            )
            steer, added = found["steer"][0], found["added"][0]
            mask = correction_mask(crop.points(target), places, crop.size)
            if part.has_teeth:
                mask *= np.float32(1.0) - self._left_alone(crop, target)
            fade(steer, added, mask)
            apply_corrections(picture, crop, steer, added)

    def _left_alone(self, crop: HeadCrop, target: Array) -> Map:
        """0..1 where the inside of a mouth is better than the network's: the portrait's own."""
        points = crop.points(target)
        kept = between_lips(points, crop.size) * np.float32(self._kept)
        if not self._shows_teeth:
            return kept
        own = own_interior_at(self._face.landmarks[:, :2], target[:, :2])
        return np.asarray(cv2.max(kept, own_teeth(points, crop.points(own), crop.size)), np.float32)


def _features_of(part: Part, features: dict[str, Map]) -> dict[str, Map]:
    """Those where a part lies, by the network's names for them; the code is the whole head's."""
    own = {name: features[f"{name}_{part.name}"] for name in ("fine", "coarse")}
    return own | {"code": features["code"]}


def _pixels(picture: Pixels, crop: HeadCrop, landmarks: Array) -> Map:
    """(1, height, width, 8) in 0..255."""
    maps = region_maps(crop.points(landmarks), crop.size)
    return np.asarray(cv2.merge([crop.cut(picture), maps]), np.float32)[None]


def load_refiner(
    bundle: Path | None = None,
    runtime: str | Runtime = OPENVINO.name,
    *,
    progress: Progress | None = None,
) -> Refiner:
    """The network of a bundle, by default the one that ships in the package.

    Minutes where a runtime builds plans for the first time; `progress` hears of that.

    Raises:
        BundleError: the folder is no sound bundle of this family.
        MachineError: the runtime's package is not installed.
    """
    if bundle is None:
        with as_file(files("engine").joinpath(SHIPPED)) as shipped:
            return load_refiner(shipped, runtime, progress=progress)
    manifest = _checked(bundle)
    if isinstance(runtime, str):
        runtime = choose(runtime, progress=progress, graphs=manifest.by_file(bundle))
    specs = {name: manifest.graph(name) for name in ("enroll", "refine")}
    graphs = {name: runtime.load(bundle / spec.file, spec) for name, spec in specs.items()}
    return Refiner(graphs["enroll"], graphs["refine"])


def shipped_graphs() -> dict[Path, GraphSpec]:
    """The graphs that ship in the package, by their files."""
    with as_file(files("engine").joinpath(SHIPPED)) as shipped:
        return read_manifest(shipped).by_file(shipped)


def check_shipped() -> None:
    """Compare the shipped bundle's files with their check sums.

    Raises:
        BundleError: one is missing or damaged.
    """
    with as_file(files("engine").joinpath(SHIPPED)) as shipped:
        _checked(shipped)


def _checked(bundle: Path) -> Manifest:
    manifest = read_manifest(bundle)
    if manifest.family != FAMILY or {k: manifest.sizes.get(k) for k in _SIZES} != _SIZES:
        raise BundleError(
            f"{bundle} is no refiner for this version of the rig. "
            "Give the folder of one, or none for the one that ships."
        )
    check_files(bundle, manifest)
    return manifest
