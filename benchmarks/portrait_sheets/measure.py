"""What a drawn picture is measured by: L1 to the exact picture in parts, likeness, and seams."""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from benchmarks.mobilefacenet import Identity, Recogniser, csim
from benchmarks.portrait_sheets.cast import Exact
from benchmarks.regions import regions
from engine.faces.face import Face
from engine.faces.mesh_tracker import MeshTracker
from engine.frame import Pixels
from engine.geometry import Array
from engine.rig.landmarks import CHIN, FOREHEAD, OVAL

AREAS = ("face", "mouth", "eyes", "hair, ears, body", "background")

_STEP = 0.012
"""Half of the way over which a seam is looked for, in face heights."""
_ALONG = 8
"""Points between two landmarks of the outline."""


@dataclass(frozen=True, slots=True)
class Meter:
    """Finds faces, and the identity of each where the recogniser's weights are at hand."""

    tracker: MeshTracker
    recogniser: Recogniser | None

    @classmethod
    def of(cls, models: Path | None) -> "Meter":
        """`models`: the folder that has mobilefacenet.pt; None measures no likeness."""
        recogniser = Recogniser(models / "mobilefacenet.pt") if models is not None else None
        return cls(MeshTracker(), recogniser)

    def face(self, picture: Pixels) -> Face | None:
        """The face in a picture that has nothing to do with the last."""
        self.tracker.reset()
        return self.tracker.find(picture)

    def likeness(self, portrait: "Known", picture: Pixels, face: Face | None) -> float | None:
        """CSIM; 0 where no face is found any more, None without weights."""
        if self.recogniser is None or portrait.identity is None:
            return None
        if face is None:
            return 0.0
        return csim(portrait.identity, self.recogniser.identity(picture, face))

    def known(self, portrait: Pixels) -> "Known":
        """What every picture of a portrait is compared with.

        Raises:
            ValueError: it shows no face.
        """
        if (face := self.face(portrait)) is None:
            raise ValueError("a portrait shows no face")
        own = None if self.recogniser is None else self.recogniser.identity(portrait, face)
        return Known(identity=own, steps=steps(portrait, face))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Known:
    """Of a portrait."""

    identity: Identity | None
    steps: Array
    """As `steps` gives them."""


def seam(portrait: Known, picture: Pixels, face: Face | None) -> float | None:
    """What steps of colour across the face's outline gained on the portrait's own, in levels.

    A turned head has such steps of its own, where its cheek ends before the background: only beside
    the exact picture's, or another tree's, the figure says something. None: no face.
    """
    if face is None:
        return None
    return float(np.maximum(steps(picture, face) - portrait.steps, 0.0).mean())


def steps(picture: Pixels, face: Face) -> Array:
    """(N,) levels: the change of colour across the face's outline, point by point along it."""
    outline = face.landmarks[list(OVAL), :2].astype(np.float64)
    ring = np.vstack([outline, outline[:1]])
    shares = np.arange(_ALONG)[:, None, None] / _ALONG
    along = (ring[:-1] + shares * (ring[1:] - ring[:-1])).transpose(1, 0, 2).reshape(-1, 2)
    tangent = np.repeat(ring[1:] - ring[:-1], _ALONG, axis=0)
    normal = np.stack([tangent[:, 1], -tangent[:, 0]], axis=1)
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-6)
    height = float(np.linalg.norm(face.landmarks[FOREHEAD, :2] - face.landmarks[CHIN, :2]))
    inside, outside = (
        _colours(picture, along + side * _STEP * height * normal) for side in (-1.0, 1.0)
    )
    return np.asarray(np.abs(outside - inside).mean(axis=1))


def errors(drawn: Pixels, exact: Exact, face: Face) -> dict[str, float]:
    """L1 of 255 in AREAS; `face` is the exact picture's."""
    off = np.abs(drawn.astype(np.float32) - exact.picture).mean(axis=-1)
    masks = regions(face, off.shape[:2])
    parts = {
        "face": masks["face"],
        "mouth": masks["mouth"],
        "eyes": masks["eyes"],
        "hair, ears, body": exact.person & ~masks["face"],
        "background": ~exact.person,
    }
    return {area: float(off[mask].mean()) for area, mask in parts.items()}


def _colours(picture: Pixels, at: Array) -> Array:
    """(N, 3): colours at points (N, 2) px."""
    x, y = (np.ascontiguousarray(at[None, :, axis], np.float32) for axis in (0, 1))
    found = cv2.remap(picture, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(found[0], np.float64)
