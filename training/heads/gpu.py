"""Buffers and textures: how the head, its hairs and its things lie in the GPU's memory."""

import moderngl
import numpy as np
from numpy.typing import NDArray

from training.heads.context import load_program
from training.heads.facekit import Part
from training.heads.head_mesh import HeadMesh, eye_centre
from training.heads.solids import Solid
from training.heads.strands import StrandLooks, fixed_vertices, moving_vertices, triangles

TEXTURE_UNITS = {
    "shadow_map": 0,
    "skin_colour": 1,
    "skin_relief": 2,
    "wrinkle_map": 3,
    "noise_map": 4,
    "pore_map": 5,
    "card_map": 6,
    "other_depth": 7,
}
PROGRAMS = {
    "skin": ("surface", "skin"),
    "cloth": ("surface", "cloth"),
    "eye": ("surface", "eye"),
    "mouth": ("surface", "mouth"),
    "strand": ("strand", "strand"),
    "solid": ("solid", "solid"),
    "shadow_surface": ("shadow_surface", "depth"),
    "shadow_strand": ("shadow_strand", "depth"),
    "shadow_solid": ("shadow_solid", "depth"),
    "flow_surface": ("flow_surface", "flow"),
    "flow_strand": ("flow_strand", "flow"),
    "flow_solid": ("flow_solid", "flow"),
    "places": ("places", "places"),
}

SHADOW_SHARE = 0.4
FEW_STRANDS = 900
"""Strands are in random order: the first part of them casts the shadow, drawn wider."""

Uniform = float | int | tuple[float, ...]
Array = NDArray[np.float32]


class Programs:
    """All shader programs, compiled once; texture units are fixed."""

    def __init__(self, context: moderngl.Context, *, is_fine: bool) -> None:
        self._programs = {
            name: load_program(context, vertex, fragment, is_fine=is_fine)
            for name, (vertex, fragment) in PROGRAMS.items()
        }
        for program in self._programs.values():
            for name, unit in TEXTURE_UNITS.items():
                _assign(program, name, unit)

    def __getitem__(self, name: str) -> moderngl.Program:
        """The program of this name."""
        return self._programs[name]

    def set(self, name: str, **values: Uniform) -> None:
        """Set a program's uniforms; those that the compiler left out are skipped."""
        for uniform, value in values.items():
            _assign(self._programs[name], uniform, value)


class SurfaceBuffers:
    """The head's mesh: vertices that change per frame, and groups of triangles to draw."""

    GROUPS: dict[str, tuple[Part, ...]] = {  # noqa: RUF012  a constant
        "skin": (Part.FACE, Part.HEAD, Part.EYE_SOCKET),
        "cloth": (Part.FACE, Part.HEAD, Part.TORSO),
        "eye": (Part.LEFT_EYE, Part.RIGHT_EYE),
        "mouth": (Part.MOUTH_SOCKET, Part.GUMS, Part.TEETH),
        "shadow_surface": (Part.FACE, Part.HEAD, Part.TORSO),
        "flow_surface": (
            Part.FACE, Part.HEAD, Part.MOUTH_SOCKET, Part.EYE_SOCKET, Part.TORSO, Part.GUMS,
            Part.TEETH, Part.LEFT_EYE, Part.RIGHT_EYE,
        ),
        "places": (Part.FACE, Part.HEAD),
    }  # fmt: skip

    def __init__(self, context: moderngl.Context, programs: Programs, mesh: HeadMesh) -> None:
        self._mesh = mesh
        count = len(mesh.vertex_of)
        self._moving = context.buffer(reserve=count * 28)
        self._other = context.buffer(reserve=count * 12)
        parts = mesh.parts[mesh.vertex_of].astype(np.float32)
        shares = mesh.head_weights[mesh.vertex_of]
        fixed = np.column_stack([mesh.uv, _generic(mesh)[mesh.vertex_of], parts, shares])
        self._fixed = context.buffer(np.ascontiguousarray(fixed, np.float32).tobytes())
        self._arrays = {
            group: context.vertex_array(
                programs[group],
                [
                    (self._moving, "3f 3f 1f", "in_place", "in_normal", "in_occlusion"),
                    (self._fixed, "2f 3f 2f", "in_uv", "in_generic", "in_kind"),
                    (self._other, "3f", "in_other"),
                ],
                context.buffer(_triangles(mesh, group, parts_of).tobytes()),
                skip_errors=True,
            )
            for group, parts_of in self.GROUPS.items()
        }

    def write(self, head: Array, normals: Array, occlusion: Array) -> None:
        """Set the deformed head: (V, 3), (V, 3), (V,)."""
        row = np.concatenate([head, normals, occlusion[:, None]], axis=1, dtype=np.float32)
        self._moving.write(np.ascontiguousarray(row[self._mesh.vertex_of]).tobytes())

    def write_other(self, head: Array) -> None:
        """Set the head (V, 3) of the other frame of a flow."""
        self._other.write(np.ascontiguousarray(head[self._mesh.vertex_of]).tobytes())

    def draw(self, group: str) -> None:
        """Draw one group with the program of the same name."""
        self._arrays[group].render()


class StrandBuffers:
    """Ribbons; rewrite them per frame, or leave them where they are rigid."""

    def __init__(
        self,
        context: moderngl.Context,
        programs: Programs,
        looks: StrandLooks,
        shares: Array | None = None,
    ) -> None:
        strands, points = looks.width.shape
        self._strands, self._indices_each = strands, (points - 1) * 6
        self._moving = context.buffer(reserve=strands * points * 2 * 24)
        fixed = context.buffer(fixed_vertices(looks).tobytes())
        even = np.ones((strands, points), np.float32) if shares is None else shares
        share = context.buffer(np.repeat(even.ravel(), 2).astype(np.float32).tobytes())
        index = context.buffer(triangles(strands, points).tobytes())
        content = [
            (self._moving, "3f 3f", "in_place", "in_along"),
            (fixed, "4f", "in_strand"),
            (share, "1f", "in_share"),
        ]
        self._arrays = {
            name: context.vertex_array(programs[name], content, index, skip_errors=True)
            for name in ("strand", "shadow_strand", "flow_strand")
        }

    def write(self, points: Array) -> None:
        """Set the strands (S, K, 3)."""
        self._moving.write(moving_vertices(points).tobytes())

    def draw(self, program: str) -> None:
        """Draw with one of the strand programs; a shadow needs only some of many strands."""
        share = SHADOW_SHARE if program == "shadow_strand" and self._strands > FEW_STRANDS else 1.0
        self._arrays[program].render(vertices=int(self._strands * share) * self._indices_each)


class SolidBuffers:
    """A thing that is only turned."""

    def __init__(self, context: moderngl.Context, programs: Programs, solid: Solid) -> None:
        row = np.concatenate([solid.points, solid.normals], axis=1, dtype=np.float32)
        vertices = context.buffer(np.ascontiguousarray(row).tobytes())
        index = context.buffer(np.ascontiguousarray(solid.triangles, np.uint32).tobytes())
        content = [(vertices, "3f 3f", "in_place", "in_normal")]
        self._arrays = {
            name: context.vertex_array(programs[name], content, index, skip_errors=True)
            for name in ("solid", "shadow_solid", "flow_solid")
        }

    def draw(self, program: str) -> None:
        """Draw with one of the solid programs."""
        self._arrays[program].render()


def texture(
    context: moderngl.Context, pixels: NDArray[np.uint8], *, repeats: bool = True
) -> moderngl.Texture:
    """A mipmapped texture of (H, W, C) bytes; row 0 is v = 0."""
    height, width, channels = pixels.shape
    result = context.texture((width, height), channels, np.ascontiguousarray(pixels).tobytes())
    result.build_mipmaps()
    result.filter = (moderngl.LINEAR_MIPMAP_LINEAR, moderngl.LINEAR)
    result.repeat_x = result.repeat_y = repeats
    return result


def _assign(program: moderngl.Program, name: str, value: Uniform) -> None:
    """Set a uniform; the compiler leaves out those that no statement needs."""
    uniform = program.get(name, None)
    if isinstance(uniform, moderngl.Uniform):
        uniform.value = value


def _triangles(mesh: HeadMesh, group: str, parts: tuple[Part, ...]) -> NDArray[np.uint32]:
    chosen = mesh.triangles_of(*parts)
    if group == "cloth":  # of the head only what can be under a collar
        low = mesh.neutral[mesh.vertex_of[chosen]][:, :, 1].min(axis=1) < -8.5
        chosen = chosen[low]
    return np.ascontiguousarray(chosen, np.uint32)


def _generic(mesh: HeadMesh) -> Array:
    """Places on the mean head (V, 3); on the eyeballs directions in the eye's own frame."""
    generic = mesh.neutral.copy()
    for eye in mesh.eyes:
        away = mesh.neutral[eye] - eye_centre(mesh.neutral[eye])
        pole = away[away[:, 2].argmax()]
        pole = pole / np.linalg.norm(pole)
        right = np.cross([0, 1, 0], pole)
        right /= np.linalg.norm(right)
        generic[eye] = away @ np.stack([right, np.cross(pole, right), pole]).T
    return generic
