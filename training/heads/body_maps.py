"""Where the skin is, as maps that thousands of hairs can ask at once: skull, face, chest, back."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates
from scipy.spatial import cKDTree

from training.heads import regions
from training.heads.facekit import Part
from training.heads.head_mesh import HeadMesh, smoothstep

SKULL_CENTRE = np.array([0.0, 4.0, -0.5], np.float32)
AXIS_Z = -1.0
"""The upright axis of the face map runs through x = 0, z = AXIS_Z."""
FACE_LOW, FACE_HIGH = -9.0, 8.0
BODY_LOW, BODY_HIGH, BODY_HALF = -34.0, -6.0, 18.0
SAMPLES = 120_000

Field = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BodyMaps:
    """Maps of the mean head."""

    skull: Field
    """(elevation, azimuth): distance from SKULL_CENTRE, ears left out."""
    face: Field
    """(height, azimuth): distance from the upright axis."""
    chest: Field
    """(height, x): z of the front of neck and shoulders."""
    spine: Field
    """(height, x): z of their back."""

    def pushed_out(self, points: Field, clearance: Field, in_front: NDArray[np.bool_]) -> Field:
        """Move points (M, 3) out of the head and body, to at least `clearance` (M,) from it.

        in_front (M,) says on which side of the shoulders a hair falls.
        """
        outside = self._off_the_skull(points, clearance)
        outside = self._off_the_face(outside, clearance)
        return self._off_the_body(outside, clearance, in_front)

    def skull_radius(self, directions: Field) -> Field:
        """The skull's radius (M,) in unit directions (M, 3) from SKULL_CENTRE."""
        elevation = np.arcsin(np.clip(directions[:, 1], -1, 1))
        azimuth = np.arctan2(directions[:, 0], directions[:, 2])
        rows, columns = self.skull.shape
        return _sampled(
            self.skull,
            (elevation / np.pi + 0.5) * (rows - 1),
            (azimuth / (2 * np.pi) + 0.5) * (columns - 1),
        )

    def _off_the_skull(self, points: Field, clearance: Field) -> Field:
        away = points - SKULL_CENTRE
        distance = np.linalg.norm(away, axis=1) + 1e-6
        wanted = self.skull_radius(away / distance[:, None]) + clearance
        share = smoothstep(-1.0, 2.5, points[:, 1])
        scale = 1 + share * np.maximum(0, wanted / distance - 1)
        return np.asarray(SKULL_CENTRE + away * scale[:, None], np.float32)

    def _off_the_face(self, points: Field, clearance: Field) -> Field:
        x, z = points[:, 0], points[:, 2] - AXIS_Z
        rows, columns = self.face.shape
        row = (points[:, 1] - FACE_LOW) / (FACE_HIGH - FACE_LOW) * (rows - 1)
        column = (np.arctan2(x, z) / (2 * np.pi) + 0.5) * (columns - 1)
        distance = np.hypot(x, z) + 1e-6
        wanted = _sampled(self.face, row, column) + clearance
        share = smoothstep(FACE_LOW, FACE_LOW + 2, points[:, 1]) * smoothstep(
            FACE_HIGH, FACE_HIGH - 3, points[:, 1]
        )
        scale = 1 + share * np.maximum(0, wanted / distance - 1)
        result = points.copy()
        result[:, 0] = x * scale
        result[:, 2] = AXIS_Z + z * scale
        return result

    def _off_the_body(self, points: Field, clearance: Field, in_front: NDArray[np.bool_]) -> Field:
        rows, columns = self.chest.shape
        row = (points[:, 1] - BODY_LOW) / (BODY_HIGH - BODY_LOW) * (rows - 1)
        column = (points[:, 0] / BODY_HALF + 1) / 2 * (columns - 1)
        clear = np.minimum(clearance, 0.8) + 0.35
        front = np.maximum(points[:, 2], _sampled(self.chest, row, column) + clear)
        back = np.minimum(points[:, 2], _sampled(self.spine, row, column) - clear)
        share = smoothstep(BODY_HIGH, BODY_HIGH - 2.5, points[:, 1])
        result = points.copy()
        result[:, 2] += share * (np.where(in_front, front, back) - points[:, 2])
        return result


def build(mesh: HeadMesh) -> BodyMaps:
    """Measure the mean head."""
    points = _surface_samples(mesh)
    return BodyMaps(
        skull=_skull_map(mesh),
        face=_face_map(points),
        chest=_body_map(points, front=True),
        spine=_body_map(points, front=False),
    )


def _sampled(field: Field, rows: Field, columns: Field) -> Field:
    value = map_coordinates(field, [rows, columns], order=1, mode="nearest")
    return np.asarray(value, np.float32)


def _surface_samples(mesh: HeadMesh) -> Field:
    draw = np.random.default_rng(3)
    corners = mesh.neutral[mesh.vertex_of[mesh.triangles_of(Part.FACE, Part.HEAD, Part.TORSO)]]
    area = np.linalg.norm(
        np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1
    )
    chosen = corners[draw.choice(len(corners), SAMPLES, p=area / area.sum())]
    weights = draw.dirichlet((1, 1, 1), SAMPLES)
    return np.asarray(np.einsum("nc,ncx->nx", weights, chosen), np.float32)


def _skull_map(mesh: HeadMesh) -> Field:
    skin = np.isin(mesh.parts, (Part.FACE, Part.HEAD)) & ~regions.ears(mesh.neutral)
    away = mesh.neutral[skin] - SKULL_CENTRE
    radius = np.linalg.norm(away, axis=1)
    elevation, azimuth = np.meshgrid(
        np.linspace(-np.pi / 2, np.pi / 2, 61), np.linspace(-np.pi, np.pi, 121), indexing="ij"
    )
    directions = np.stack(
        [
            np.cos(elevation) * np.sin(azimuth),
            np.sin(elevation),
            np.cos(elevation) * np.cos(azimuth),
        ],
        axis=-1,
    )
    distance, near = cKDTree(away / radius[:, None]).query(directions, 10)
    weights = 1 / (distance + 0.03) ** 2
    return np.asarray((radius[near] * weights).sum(-1) / weights.sum(-1), np.float32)


def _face_map(points: Field) -> Field:
    shape = (52, 97)
    inside = (points[:, 1] > FACE_LOW) & (points[:, 1] < FACE_HIGH) & ~regions.ears(points)
    x, y, z = points[inside, 0], points[inside, 1], points[inside, 2] - AXIS_Z
    row = (y - FACE_LOW) / (FACE_HIGH - FACE_LOW) * (shape[0] - 1)
    column = (np.arctan2(x, z) / (2 * np.pi) + 0.5) * (shape[1] - 1)
    return _largest(shape, row, column, np.hypot(x, z))


def _body_map(points: Field, *, front: bool) -> Field:
    shape = (57, 73)
    inside = (points[:, 1] > BODY_LOW) & (points[:, 1] < BODY_HIGH)
    inside &= np.abs(points[:, 0]) < BODY_HALF
    x, y, z = points[inside].T
    row = (y - BODY_LOW) / (BODY_HIGH - BODY_LOW) * (shape[0] - 1)
    column = (x / BODY_HALF + 1) / 2 * (shape[1] - 1)
    return _largest(shape, row, column, z) if front else -_largest(shape, row, column, -z)


def _largest(shape: tuple[int, int], row: Field, column: Field, value: Field) -> Field:
    """The largest value per cell; empty cells take the nearest, then everything is smoothed."""
    field = np.full(shape, -np.inf, np.float32)
    cell = np.rint(row).astype(int), np.rint(column).astype(int)
    np.maximum.at(field, cell, value)
    known = np.argwhere(np.isfinite(field))
    everywhere = np.argwhere(np.ones(shape, bool))
    nearest = known[cKDTree(known).query(everywhere)[1]]
    full = field[nearest[:, 0], nearest[:, 1]].reshape(shape)
    return np.asarray(cv2.GaussianBlur(full, (0, 0), 1.0), np.float32)
