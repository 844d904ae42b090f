"""The exact flow between two pictures of one person, and what both of them show."""

from dataclasses import dataclass

import moderngl
import numpy as np
from numpy.typing import NDArray

from training.heads.actor import Actor, Extras
from training.heads.frame_block import pack
from training.heads.gpu import TEXTURE_UNITS
from training.heads.lights import sample_light
from training.heads.renderer import Renderer, Rendering


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Flow:
    """From a first picture to a second one, per pixel of the first."""

    displacement: NDArray[np.float32]
    """(S, S, 2) pixels, x right, y down: the first picture's pixel p lies at p + displacement in
    the second; 0 on the backdrop."""
    visible: NDArray[np.bool_]
    """(S, S): whether the second picture shows the same point."""
    covered: NDArray[np.bool_]
    """(S, S): where the first picture shows the person or a thing."""


class FlowDrawer:
    """Draws flows with a renderer's buffers; hairs of the face move with the skin under them."""

    def __init__(self, renderer: Renderer) -> None:
        self._renderer = renderer
        context, size = renderer.context, (renderer.quality.size_px,) * 2
        self._depths = [context.depth_texture(size) for _ in range(2)]
        for depth in self._depths:
            depth.compare_func = ""
        colour = context.texture(size, 4, dtype="f4")
        self._targets = [context.framebuffer([colour], depth) for depth in self._depths]

    def between(self, actor: Actor, first: Rendering, second: Rendering) -> Flow:
        """The flow from the first picture to the second, both of this actor."""
        renderer, size = self._renderer, self._renderer.quality.size_px
        extras = renderer.extras(actor, first.occluder)
        for name in ("flow_surface", "flow_strand", "flow_solid"):
            renderer.programs.set(name, size=float(size))
        # The second picture's depth first: it tells what that picture hides.
        self._draw(actor, extras, second, first, target=1, other_depth=0)
        self._draw(actor, extras, first, second, target=0, other_depth=1)
        data = np.frombuffer(self._targets[0].read(components=4, dtype="f4"), np.float32)
        drawn = data.reshape(size, size, 4)[::-1]
        covered = drawn[..., 3] > 0.5
        return Flow(
            displacement=np.where(covered[..., None], drawn[..., :2], 0).astype(np.float32),
            visible=covered & (drawn[..., 2] > 0.5),
            covered=covered,
        )

    def _draw(
        self,
        actor: Actor,
        extras: Extras | None,
        here: Rendering,
        there: Rendering,
        *,
        target: int,
        other_depth: int,
    ) -> None:
        renderer = self._renderer
        renderer.write_frame(
            pack(here.camera, here.pose, sample_light(0), second=(there.camera, there.pose))
        )
        still = np.zeros(len(here.head), np.float32)
        renderer.surface.write(here.head, here.head, still)
        renderer.surface.write_other(there.head)
        renderer.context.enable_only(moderngl.DEPTH_TEST)
        self._targets[target].use()
        self._targets[target].clear(0, 0, 0, 0, depth=1.0)
        self._depths[other_depth].use(TEXTURE_UNITS["other_depth"])
        renderer.surface.draw("flow_surface")
        actor.draw_hairs("flow_strand", renderer.programs)
        actor.draw_glasses("flow_solid", renderer.programs)
        if extras is not None:
            extras.draw("flow_solid", renderer.programs)
