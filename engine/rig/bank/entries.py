"""An appearance made ready to be pasted: in the portrait's light everywhere along its edge."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.appearances import Appearance
from engine.faces.canonical import load_basis
from engine.frame import Pixels
from engine.geometry import Array
from engine.rig.bank.places import Place
from engine.rig.paint.blend import polygon_mask
from engine.rig.paint.lids import without_eyeballs
from engine.rig.warp.grid import SampleGrid
from engine.rig.warp.mesh_flow import MeshFlower

_MOST_OFF = 40.0
"""Levels of colour by which an edge is brought to the portrait's: more is no light, but a thing."""

_REACH = 0.22
"""How far into the part its edge's difference goes, over the part's width."""

_TRIANGLES_AROUND = 0.2
"""Around a part, over its width and height: for the edge of what is pasted."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Entry:
    """One appearance of one place."""

    picture: NDArray[np.uint8]
    """(h, w, 4): OpenCV samples four channels twice as fast as three."""
    landmarks: Array
    """(478, 3) px of `picture`."""
    flower: MeshFlower


def make_entry(
    place: Place, appearance: Appearance, portrait: Pixels, own: Array, *, hides_eyes: bool
) -> Entry:
    """Bring an appearance to the light of a portrait with landmarks `own` (478, 3) px.

    `hides_eyes` continues its lids' skin over its eyeballs, which are painted above it.
    """
    landmarks = appearance.landmarks.astype(np.float64)
    picture = appearance.picture
    if hides_eyes:
        picture = without_eyeballs(picture, landmarks[:, :2])
    coloured = np.clip(picture * appearance.gain, 0.0, 255.0).astype(np.float32)
    lit = _lit(place, coloured, landmarks, portrait, own)
    rgb = np.clip(np.rint(lit), 0.0, 255.0).astype(np.uint8)
    return Entry(
        picture=np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2RGBA), np.uint8),
        landmarks=landmarks,
        flower=MeshFlower(landmarks, _triangles_of(place, landmarks)),
    )


def _triangles_of(place: Place, landmarks: Array) -> NDArray[np.int32]:
    """(T, 3): those of the face mesh that reach into the place."""
    outline = place.outline(landmarks)
    margin = _TRIANGLES_AROUND * np.ptp(outline, axis=0)
    low, high = outline.min(axis=0) - margin, outline.max(axis=0) + margin
    triangles = load_basis().triangles
    corners = landmarks[triangles, :2]  # (T, 3, 2)
    reaches = (corners.max(axis=1) >= low) & (corners.min(axis=1) <= high)
    return np.ascontiguousarray(triangles[reaches.all(axis=1)])


def _lit(
    place: Place, picture: NDArray[np.float32], landmarks: Array, portrait: Pixels, own: Array
) -> NDArray[np.float32]:
    """What differs from the portrait along the place's edge is taken off, less and less inwards."""
    rows, columns = picture.shape[:2]
    outline = place.outline(landmarks)
    mask, (left, top, right, bottom) = polygon_mask(
        outline, (rows, columns), blur_px=2.0 * place.blur_px(outline)
    )
    flow = MeshFlower(own).flow(landmarks, SampleGrid.of_pixels((0, 0, columns, rows)))
    if mask is None or not flow.covered.any():
        return picture
    there = cv2.remap(portrait, flow.x, flow.y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    edge = np.zeros((rows, columns), np.float32)
    inside = mask[..., 0]
    edge[top:bottom, left:right] = 4.0 * inside * (1.0 - inside)
    edge *= flow.covered
    reach = max(3.0, _REACH * float(np.ptp(outline[:, 0])))
    off = np.clip(there - picture, -_MOST_OFF, _MOST_OFF) * edge[..., None]
    weight = cv2.GaussianBlur(edge, (0, 0), reach) + np.float32(1e-4)
    return np.asarray(picture + cv2.GaussianBlur(off, (0, 0), reach) / weight[..., None])
