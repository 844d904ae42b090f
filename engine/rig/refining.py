"""The refining stage, live: a small network corrects the warped picture at its own resolution.

The network sees a crop of 256 px; its residual flow and mask are laid over the picture's own
pixels, so that skin and hair stay as sharp as the portrait is. It shows nothing outside the head.
"""

from dataclasses import dataclass
from functools import cache
from importlib.resources import as_file, files
from pathlib import Path
from threading import Lock

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.backends.base import Arrays, Graph
from engine.backends.choose import choose
from engine.errors import BundleError
from engine.frame import Pixels
from engine.geometry import Array
from engine.manifest import check_files, read_manifest
from engine.rig.head_crop import SIDE, HeadCrop, head_crop
from engine.rig.motion import RigMotion, still_motion
from engine.rig.refiner_inputs import MOTION_LENGTH, motion_vector, region_maps
from engine.rig.target import HeadMotion, PortraitFace, head_motion

Map = NDArray[np.float32]

SHIPPED = "assets/refiner"
"""Of the package `engine`: the bundle that is used unless another is named."""

FAMILY = "rig-refiner"

_MARGIN_PX = 1


class Refiner:
    """The loaded network; portraits in different threads share it.

    They take turns: a run keeps all cores busy, and two at once would only slow each other down.
    """

    def __init__(self, enroll: Graph, refine: Graph) -> None:
        self._enroll = _Turns(enroll)
        self._refine = _Turns(refine)

    def portrait(self, picture: Pixels, face: PortraitFace) -> "RefinedPortrait":
        """Compute once what the network needs of a portrait."""
        crop = head_crop(face, head_motion(face, still_motion()))
        features = self._enroll.run({"pixels": _pixels(picture, crop, face.landmarks)})
        return RefinedPortrait(face, features, self._refine)


class _Turns:
    """A graph for many threads."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._lock = Lock()

    def run(self, inputs: Arrays) -> dict[str, Map]:
        """All outputs, the caller's own."""
        with self._lock:
            return {name: array.copy() for name, array in self._graph.run(inputs).items()}


@dataclass(frozen=True, slots=True)
class RefinedPortrait:
    """One portrait's features, and the graph that uses them."""

    _face: PortraitFace
    _features: dict[str, Map]
    _refine: _Turns

    def refine(self, picture: Pixels, motion: RigMotion, head: HeadMotion, target: Array) -> None:
        """Correct a warped picture in place.

        Args:
            picture: (H, W, 3) what the geometric stage made.
            motion: what it was asked for, edited.
            head: how the head moved.
            target: (478, 3) px, where the landmarks went.
        """
        crop = head_crop(self._face, head)
        told = motion_vector(self._face, motion, head)[None]
        found = self._refine.run(
            {"pixels": _pixels(picture, crop, target), "motion": told, **self._features}
        )
        lay_over(picture, crop, found["steer"][0], found["added"][0])


def lay_over(picture: Pixels, crop: HeadCrop, steer: Map, added: Map) -> None:
    """picture[at + flow] * keep + added, in place, at the picture's resolution.

    `steer` is (SIDE, SIDE, 3): flow right and down in px of the crop, and what is kept;
    `added` is (SIDE, SIDE, 3) in 0..255.
    """
    left, top, right, bottom = _box(crop, picture.shape[:2])
    if right - left < 2 or bottom - top < 2:
        return
    to_crop = crop.to_crop.copy()
    to_crop[:, 2] += to_crop[:, :2] @ (left, top)
    size = right - left, bottom - top
    at = _enlarged(steer, to_crop, size, border=(0.0, 0.0, 1.0))
    more = _enlarged(added, to_crop, size, border=(0.0, 0.0, 0.0))
    # The flow is in the crop's px and axes; the picture's are turned and scaled against them.
    turned: Map = np.asarray(cv2.transform(at, _flow_to_picture(crop)), np.float32)
    turned[..., 0] += np.arange(left, right, dtype=np.float32)
    turned[..., 1] += np.arange(top, bottom, dtype=np.float32)[:, None]
    moved = cv2.remap(
        picture, turned[..., 0], turned[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    light = moved.astype(np.float32)
    light *= at[..., 2:]
    light += more
    # Rounds to the nearest and clips: a plain cast would do neither.
    cv2.convertScaleAbs(np.maximum(light, 0.0), dst=picture[top:bottom, left:right])


def _flow_to_picture(crop: HeadCrop) -> Map:
    """(2, 3): flow and keep, in the crop, to flow in the picture."""
    return np.hstack([crop.from_crop[:, :2], np.zeros((2, 1))]).astype(np.float32)


def _enlarged(
    maps: Map, to_crop: Array, size: tuple[int, int], border: tuple[float, float, float]
) -> Map:
    way = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    large = cv2.warpAffine(
        maps, to_crop, size, flags=way, borderMode=cv2.BORDER_CONSTANT, borderValue=border
    )
    return np.asarray(large, np.float32)


def _box(crop: HeadCrop, shape: tuple[int, ...]) -> tuple[int, int, int, int]:
    """Left, top, right, bottom of the picture's part that the crop shows."""
    corners = np.array([[0, 0], [SIDE, 0], [0, SIDE], [SIDE, SIDE]], np.float64)
    placed = corners @ crop.from_crop[:, :2].T + crop.from_crop[:, 2]
    low = np.clip(np.floor(placed.min(axis=0)) - _MARGIN_PX, 0, (shape[1], shape[0])).astype(int)
    high = np.clip(np.ceil(placed.max(axis=0)) + _MARGIN_PX, 0, (shape[1], shape[0])).astype(int)
    return int(low[0]), int(low[1]), int(high[0]), int(high[1])


def _pixels(picture: Pixels, crop: HeadCrop, landmarks: Array) -> Map:
    """(1, SIDE, SIDE, 8) in 0..255."""
    maps = region_maps(crop.points(landmarks))
    return np.dstack([crop.cut(picture), maps]).astype(np.float32)[None]


def load_refiner(
    bundle: Path | None = None, backend: str = "openvino", threads: int | None = None
) -> Refiner:
    """The network of a bundle, by default the one that ships in the package.

    Raises:
        BundleError: the folder is no sound bundle of this family.
        MachineError: the backend's package is not installed.
    """
    if bundle is None:
        with as_file(files("engine").joinpath(SHIPPED)) as shipped:
            return load_refiner(shipped, backend, threads)
    manifest = read_manifest(bundle)
    if manifest.family != FAMILY or manifest.sizes.get("motion") != MOTION_LENGTH:
        raise BundleError(
            f"{bundle} is no refiner for this version of the rig. "
            "Give the folder of one, or none for the one that ships."
        )
    check_files(bundle, manifest)
    runtime = choose(backend, threads)
    specs = {name: manifest.graph(name) for name in ("enroll", "refine")}
    graphs = {name: runtime.load(bundle / spec.file, spec) for name, spec in specs.items()}
    return Refiner(graphs["enroll"], graphs["refine"])


@cache
def ships() -> bool:
    """Whether the package holds a refiner."""
    return files("engine").joinpath(SHIPPED, "manifest.json").is_file()
