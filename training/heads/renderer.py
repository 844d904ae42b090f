"""Draws people: one OpenGL context, persons kept ready, one picture per call.

Passes: shadow map, skin, cloth, eyes, mouth, hairs, things, then the backdrop behind it on the CPU.
"""

from collections import OrderedDict
from dataclasses import dataclass

import cv2
import moderngl
import numpy as np
from numpy.typing import NDArray

from engine.frame import Pixels
from training.heads import atlas, body_maps, head_mesh, occlusion, person, wrinkles
from training.heads.actor import Actor, Extras
from training.heads.appearance import Appearance
from training.heads.camera import Camera
from training.heads.context import FRAME_BINDING, create_context
from training.heads.expression import facekit_weights
from training.heads.facekit import FaceKit
from training.heads.frame_block import light_matrix, pack
from training.heads.gpu import TEXTURE_UNITS, Programs, SurfaceBuffers, texture
from training.heads.identity import Identity
from training.heads.lights import Light
from training.heads.maps import card_texture, noise_texture, pore_texture
from training.heads.occluders import make_occluder
from training.heads.posing import Pose, posed
from training.heads.quality import TRAINING, Quality
from training.heads.scene import Shot

KEPT_ACTORS = 8
KEPT_EXTRAS = 8
LEAST_MOUTH_GAP = 0.03
"""Units between the lips below which the inside of the mouth is not drawn."""

Array = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rendering:
    """A picture and all that is known about it."""

    picture: Pixels
    coverage: NDArray[np.uint8]
    """(S, S): 255 where the person is, 0 where the backdrop is."""
    camera: Camera
    pose: Pose
    head: Array
    """(V, 3): the deformed head before it was posed."""
    weights: Array
    """(E,): FaceKit's expression weights."""
    posed_head: Array
    """(V, 3): the head as the camera saw it."""
    occluder: int | None
    """Seed of what was in the way."""


class Renderer:
    """Everything that stays on the GPU between pictures."""

    def __init__(self, facekit: FaceKit, quality: Quality = TRAINING) -> None:
        self.quality = quality
        self.mesh = head_mesh.build(facekit)
        self.maps = body_maps.build(self.mesh)
        self._context = create_context()
        self.programs = Programs(self._context, is_fine=quality.is_fine)
        self.surface = SurfaceBuffers(self._context, self.programs, self.mesh)
        self._block = self._context.buffer(reserve=len(_empty_block()))
        self._block.bind_to_uniform_block(FRAME_BINDING)
        self._make_targets()
        self._make_textures()
        self._base_occlusion = self._measure_occlusion()
        self.atlas = self._measure_atlas()
        self._actors: OrderedDict[tuple[int, ...], Actor] = OrderedDict()
        self._extras: OrderedDict[tuple[int, int], Extras] = OrderedDict()

    @property
    def context(self) -> moderngl.Context:
        """The OpenGL context, for further passes."""
        return self._context

    @property
    def device(self) -> str:
        """What draws: the name OpenGL gives."""
        return str(self._context.info["GL_RENDERER"])

    def actor(self, identity: Identity, looks: Appearance) -> Actor:
        """Make a person ready to be drawn; the last few are kept."""
        key = (identity.seed, hash(identity.weights.tobytes()), hash(looks))
        if key not in self._actors:
            made = person.make_person(
                self.mesh, self.atlas, self.maps, identity, looks, self.quality
            )
            self._actors[key] = Actor(self._context, self.programs, made)
            if len(self._actors) > KEPT_ACTORS:
                self._actors.popitem(last=False)
        self._actors.move_to_end(key)
        return self._actors[key]

    def extras(self, actor: Actor, seed: int | None) -> Extras | None:
        """What is in the way of this person; None for nothing."""
        if seed is None:
            return None
        key = (id(actor), seed)
        if key not in self._extras:
            things = make_occluder(seed, self.mesh, self.maps, actor.person.identity.vertices)
            self._extras[key] = Extras(self._context, self.programs, things)
            if len(self._extras) > KEPT_EXTRAS:
                self._extras.popitem(last=False)
        return self._extras[key]

    def render(self, actor: Actor, shot: Shot) -> Rendering:
        """Draw one picture."""
        looks = actor.person.looks
        names = self.mesh.facekit.expression_names
        weights = facekit_weights(shot.expression, names)
        head = self.mesh.deformed(actor.person.identity.vertices, weights, shot.expression.gaze)
        camera = shot.framing.camera(shot.pose)
        extras = self.extras(actor, shot.occluder)
        self.surface.write(
            head,
            self.mesh.normals(head),
            occlusion.of_expression(self.mesh, self._base_occlusion, head),
        )
        actor.follow(head)
        folds = wrinkles.weights(names, weights, looks.skin.age)
        self._block.write(pack(camera, shot.pose, shot.light, folds))
        self._draw_shadows(actor, extras)
        self._draw_colours(actor, extras, occlusion.mouth_gap(self.mesh, head))
        picture, coverage = self._over(shot.backdrop)
        return Rendering(
            picture=picture,
            coverage=coverage,
            camera=camera,
            pose=shot.pose,
            head=head,
            weights=weights,
            posed_head=posed(head, self.mesh.head_weights, shot.pose),
            occluder=shot.occluder,
        )

    def write_frame(self, block: bytes) -> None:
        """Set the uniform block, for further passes."""
        self._block.write(block)

    def _draw_shadows(self, actor: Actor, extras: Extras | None) -> None:
        self._context.enable_only(moderngl.DEPTH_TEST)
        self._shadow_target.use()
        self._shadow_target.clear(depth=1.0)
        self.surface.draw("shadow_surface")
        actor.draw_hairs("shadow_strand", self.programs)
        actor.draw_glasses("shadow_solid", self.programs)
        if extras is not None:
            extras.draw("shadow_solid", self.programs)

    def _draw_colours(self, actor: Actor, extras: Extras | None, mouth_gap: float) -> None:
        context, programs = self._context, self.programs
        self._colour_target.use()
        self._colour_target.clear(0, 0, 0, 0)
        self._shadow_map.use(TEXTURE_UNITS["shadow_map"])
        self._use_textures()
        actor.use_textures()
        actor.set_uniforms(programs)
        context.enable_only(moderngl.DEPTH_TEST | moderngl.CULL_FACE)
        programs.set("skin", inflate=0.0)
        self.surface.draw("skin")
        self.surface.draw("eye")
        if mouth_gap > LEAST_MOUTH_GAP:
            self.surface.draw("mouth")
        context.enable_only(moderngl.DEPTH_TEST)
        self.surface.draw("cloth")
        actor.draw_hairs("strand", programs)
        if extras is not None:
            extras.draw("solid", programs)
        actor.draw_glasses("solid", programs)
        context.enable_only(moderngl.DEPTH_TEST | moderngl.BLEND)
        context.blend_func = moderngl.ONE, moderngl.ONE_MINUS_SRC_ALPHA
        actor.draw_lenses(programs)

    def _over(self, backdrop: Array) -> tuple[Pixels, NDArray[np.uint8]]:
        """Read the canvas, scale it down, put it over the backdrop."""
        canvas, size = self.quality.canvas_px, self.quality.size_px
        data = np.frombuffer(self._colour_target.read(components=4), np.uint8)
        drawn = np.ascontiguousarray(data.reshape(canvas, canvas, 4)[::-1])
        if canvas != size:
            small = cv2.resize(drawn, (size, size), interpolation=cv2.INTER_AREA)
            drawn = np.asarray(small, np.uint8)
        share = drawn[..., 3:].astype(np.float32) / 255
        picture = drawn[..., :3] + backdrop * (255 * (1 - share))
        return np.clip(picture + 0.5, 0, 255).astype(np.uint8), drawn[..., 3].copy()

    def _make_targets(self) -> None:
        context, quality = self._context, self.quality
        canvas = quality.canvas_px, quality.canvas_px
        shadow = quality.shadow_px, quality.shadow_px
        self._colour_target = context.framebuffer(
            [context.texture(canvas, 4)], context.depth_renderbuffer(canvas)
        )
        self._shadow_map = context.depth_texture(shadow)
        self._shadow_map.compare_func = "<="
        self._shadow_map.repeat_x = self._shadow_map.repeat_y = False
        self._shadow_target = context.framebuffer(depth_attachment=self._shadow_map)

    def _make_textures(self) -> None:
        self._shared_textures = {
            "noise_map": texture(self._context, noise_texture()),
            "pore_map": texture(self._context, pore_texture()),
            "card_map": texture(self._context, card_texture()),
        }

    def _use_textures(self) -> None:
        for name, shared in self._shared_textures.items():
            shared.use(TEXTURE_UNITS[name])

    def _measure_occlusion(self) -> Array:
        """Share of the sky that each vertex of the mean head sees, from many depth maps."""
        head = self.mesh.neutral
        normals = self.mesh.normals(head)
        self.surface.write(head, normals, np.ones(len(head), np.float32))
        seen, total = np.zeros(len(head)), np.zeros(len(head))
        self._context.enable_only(moderngl.DEPTH_TEST)
        size = self.quality.shadow_px
        for direction in occlusion.directions():
            matrix = self._draw_depth_from(direction)
            depth = np.frombuffer(self._shadow_map.read(), np.float32).reshape(size, size)
            place = (head + normals * 0.12) @ matrix[:3, :3].T + matrix[:3, 3]
            place = place * 0.5 + 0.5
            cell = np.clip((place[:, :2] * size).astype(int), 0, size - 1)
            is_open = place[:, 2] < depth[cell[:, 1], cell[:, 0]] + 0.0015
            facing = np.maximum(0, normals @ direction)
            seen += is_open * facing
            total += facing
        share = (seen / np.maximum(total, 1e-6)).astype(np.float32)
        return occlusion.finish(self.mesh, share)

    def _draw_depth_from(self, direction: NDArray[np.float64]) -> NDArray[np.float64]:
        light = _plain_light(direction)
        self._block.write(
            pack(Camera(focal=1, centre_x=0, centre_y=0, distance=100), Pose(), light)
        )
        self._shadow_target.use()
        self._shadow_target.clear(depth=1.0)
        self.surface.draw("shadow_surface")
        return light_matrix(direction)

    def _measure_atlas(self) -> atlas.Atlas:
        """Draw the mean head's places in texture space."""
        size = min(max(self.quality.texture_px // 2, 128), 512)  # broad fields need no more
        target = self._context.framebuffer([self._context.texture((2 * size, size), 4, dtype="f4")])
        self._context.enable_only(moderngl.NOTHING)
        target.use()
        target.clear(0, 0, 0, 0)
        self.surface.draw("places")
        raster = np.frombuffer(target.read(components=4, dtype="f4"), np.float32)
        target.release()
        return atlas.from_raster(self.mesh, raster.reshape(size, 2 * size, 4))


def _plain_light(direction: NDArray[np.float64]) -> Light:
    return Light(
        key_direction=direction,
        key_colour=np.ones(3),
        fill_direction=direction,
        fill_colour=np.zeros(3),
        ambient=np.ones((6, 3)),
        shadow=1.0,
    )


def _empty_block() -> bytes:
    camera = Camera(focal=1, centre_x=0, centre_y=0, distance=100)
    return pack(camera, Pose(), _plain_light(np.array([0.0, 0.0, 1.0])))
