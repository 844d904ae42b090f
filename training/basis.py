"""The ARKit displacement basis of the rig: how MediaPipe's 478 points move with each of 52 shapes.

Computed from USC ICT's FaceKit (MIT, notice beside the result), so the rig needs neither FaceKit
nor this module. `engine/assets/rig/basis.npz` holds, without pickle:

    names               (52,)         engine.motion.ARKIT_NAMES, the order of `basis`
    canonical           (478, 3) f32  the mean face in cm: +x the subject's left, +y up, +z out of
                                      the face, placed and scaled as MediaPipe's canonical face is
    basis               (478, 3, 52)  f32, cm at weight 1; tongueOut moves no point of the face
    triangles           (898, 3) i16  counter-clockwise from outside: 852 skin, 14 right eye,
                                      14 left eye, 18 mouth
    mirror              (478,) i16    the left-right counterpart of each point
    facekit_triangles   (468, 3) i32  the FaceKit vertices around each mesh point,
    facekit_weights     (468, 3) f32  and their shares
    facekit_scale       () f32        canonical = scale * rotation @ facekit + translation
    facekit_rotation    (3, 3) f32
    facekit_translation (3,) f32
    eye_centres         (2, 3) f32    left and right eyeball, cm
    eye_radius          () f32        cm, from a centre to the front of the cornea

The face is exactly symmetric, positions and shapes alike. The irises turn with the eyeball.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from engine.motion import ARKIT_NAMES
from training import face_mesh
from training.correspondence import Correspondence
from training.heads import head_mesh
from training.heads.expression import GAZE_FULL_PITCH_RAD, GAZE_FULL_YAW_RAD
from training.heads.facekit import FaceKit, Part
from training.heads.posing import rotation

IRIS_RADIUS_CM = 0.585
"""Half of the 11.7 mm that human irises measure."""
OUTLIER_CM = 1.0
"""Points farther than this from MediaPipe's canonical face (its ears) are left out of the fit."""

Arrays: TypeAlias = dict[str, NDArray[Any]]
"""What the file holds, by name."""

_FLIP = np.array([-1, 1, 1], np.float32)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Placement:
    """FaceKit's frame in the canonical one: canonical = scale * rotation @ point + translation."""

    scale: float
    rotation: NDArray[np.float32]
    translation: NDArray[np.float32]

    def points(self, points: NDArray[np.float32]) -> NDArray[np.float32]:
        """Map points (M, 3) into cm."""
        return np.asarray(self.scale * points @ self.rotation.T + self.translation, np.float32)

    def vectors(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """Map displacements (M, 3) into cm."""
        return np.asarray(self.scale * vectors @ self.rotation.T, np.float32)


def align(points: NDArray[np.float32], canonical: NDArray[np.float32]) -> Placement:
    """Fit FaceKit's mesh points (468, 3) to MediaPipe's canonical face (468, 3), outliers aside."""
    placement = _similarity(points, canonical)
    for _ in range(2):
        near = np.linalg.norm(placement.points(points) - canonical, axis=1) < OUTLIER_CM
        placement = _similarity(points[near], canonical[near])
    return placement


def build(
    facekit: FaceKit,
    found: Correspondence,
    placement: Placement,
    triangles: NDArray[np.int16],
) -> Arrays:
    """Compute every array of the file."""
    rest = placement.points(found.on(facekit.neutral))
    mirror = face_mesh.mirror_points(rest, triangles)
    eyes, radius = _eyes(facekit, placement)
    canonical = np.concatenate([rest, *(_iris(eyes[k], radius) for k in (1, 0))])
    basis = np.zeros((len(canonical), 3, len(ARKIT_NAMES)), np.float32)
    for column, name in enumerate(ARKIT_NAMES):
        for shape in facekit_names(name, facekit.expression_names):
            moved = placement.vectors(found.on(facekit.expression_shape(shape)))
            basis[: face_mesh.MESH_POINTS, :, column] += moved
        basis[face_mesh.MESH_POINTS :, :, column] = _iris_motion(name, radius)
    return {
        "names": np.array(ARKIT_NAMES),
        "canonical": (canonical + canonical[mirror] * _FLIP) / 2,
        "basis": _symmetric(basis, mirror),
        "triangles": triangles,
        "mirror": mirror,
        "facekit_triangles": found.triangles,
        "facekit_weights": found.weights,
        "facekit_scale": np.array(placement.scale, np.float32),
        "facekit_rotation": placement.rotation,
        "facekit_translation": placement.translation,
        "eye_centres": eyes,
        "eye_radius": np.array(radius, np.float32),
    }


def save(path: Path, arrays: Arrays) -> None:
    """Write the file."""
    with path.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **arrays)


def load(path: Path) -> Arrays:
    """Read the file back."""
    with np.load(path, allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


def placement_of(arrays: Arrays) -> Placement:
    """Give the placement that a file was built with."""
    return Placement(
        scale=float(arrays["facekit_scale"]),
        rotation=arrays["facekit_rotation"].astype(np.float32),
        translation=arrays["facekit_translation"].astype(np.float32),
    )


def correspondence_of(arrays: Arrays) -> Correspondence:
    """Give the correspondence that a file was built with."""
    return Correspondence(
        triangles=arrays["facekit_triangles"].astype(np.int32),
        weights=arrays["facekit_weights"].astype(np.float32),
    )


def mirrored_name(name: str) -> str:
    """Give the shape of the other side: mouthSmileLeft for mouthSmileRight, jawOpen for itself."""
    if name.endswith("Left"):
        return name.removesuffix("Left") + "Right"
    if name.endswith("Right"):
        return name.removesuffix("Right") + "Left"
    return name


def _similarity(points: NDArray[np.float32], target: NDArray[np.float32]) -> Placement:
    """Scale, rotation and translation with the least squared residual (Umeyama 1991)."""
    middle, target_middle = points.mean(axis=0), target.mean(axis=0)
    centred = points - middle
    u, sizes, v = np.linalg.svd((target - target_middle).T @ centred)
    signs = np.array([1, 1, np.sign(np.linalg.det(u @ v))])
    turn = (u * signs) @ v
    scale = float((sizes * signs).sum() / (centred**2).sum())
    shift = target_middle - scale * turn @ middle
    return Placement(
        scale=scale, rotation=turn.astype(np.float32), translation=shift.astype(np.float32)
    )


def _symmetric(basis: NDArray[np.float32], mirror: NDArray[np.int16]) -> NDArray[np.float32]:
    """Average each shape with the reflection of its counterpart."""
    other = [ARKIT_NAMES.index(mirrored_name(name)) for name in ARKIT_NAMES]
    reflected = basis[mirror][:, :, other] * _FLIP[None, :, None]
    return np.asarray((basis + reflected) / 2, np.float32)


def facekit_names(name: str, known: tuple[str, ...]) -> list[str]:
    """FaceKit's shapes for an ARKit name; it splits browInnerUp and cheekPuff into sides."""
    sided = name
    for word, letter in (("Left", "_L"), ("Right", "_R")):
        if name.endswith(word):
            sided = name.removesuffix(word) + letter
    candidates = (name, sided, name + "_L", name + "_R")
    return list(dict.fromkeys(shape for shape in candidates if shape in known))


def _eyes(facekit: FaceKit, placement: Placement) -> tuple[NDArray[np.float32], float]:
    """Centres (2, 3) of the left and right eyeball, made symmetric, and the radius to the front."""
    balls = [
        placement.points(facekit.neutral[facekit.parts == part])
        for part in (Part.LEFT_EYE, Part.RIGHT_EYE)
    ]
    left = (head_mesh.eye_centre(balls[0]) + head_mesh.eye_centre(balls[1]) * _FLIP) / 2
    radius = float(np.mean([ball[:, 2].max() - ball[:, 2].min() for ball in balls]) / 2)
    return np.stack([left, left * _FLIP]).astype(np.float32), radius


def _iris(centre: NDArray[np.float32], radius: float) -> NDArray[np.float32]:
    """Centre, +x, top, -x, bottom of an iris that looks along +z, on the eyeball: (5, 3)."""
    return np.asarray(centre + _iris_directions(radius), np.float32)


def _iris_directions(radius: float) -> NDArray[np.float32]:
    rim = np.array([[0, 0], [1, 0], [0, 1], [-1, 0], [0, -1]], np.float32) * IRIS_RADIUS_CM
    depth = np.sqrt(radius**2 - (rim**2).sum(axis=1, keepdims=True))
    return np.concatenate([rim, depth], axis=1).astype(np.float32)


def _iris_motion(name: str, radius: float) -> NDArray[np.float32]:
    """Displacement (10, 3) of the right, then the left iris points by an eyeLook shape at 1."""
    motion = np.zeros((2, 5, 3), np.float32)
    if name.startswith("eyeLook"):
        side = 1 if name.endswith("Left") else -1
        direction = name.removeprefix("eyeLook").removesuffix("Left").removesuffix("Right")
        yaw = {"Out": side, "In": -side}.get(direction, 0) * GAZE_FULL_YAW_RAD
        pitch = {"Down": 1, "Up": -1}.get(direction, 0) * GAZE_FULL_PITCH_RAD
        straight = _iris_directions(radius)
        motion[0 if side < 0 else 1] = straight @ rotation(yaw, pitch, 0).T - straight
    return motion.reshape(10, 3)
