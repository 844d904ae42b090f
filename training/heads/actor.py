"""A person on the GPU: textures, hairs and glasses, and the uniforms that are theirs."""

from collections.abc import Sequence

import moderngl
import numpy as np
from numpy.typing import NDArray

from training.heads.gpu import TEXTURE_UNITS, Programs, SolidBuffers, StrandBuffers, texture
from training.heads.occluders import Thing
from training.heads.person import Person
from training.heads.skin import linear
from training.heads.strands import RootedStrands

TEETH = (0.80, 0.74, 0.62)
BROW_SKIN = 0.12
"""Share of the skin's tone that shines through the fine hairs of a brow."""


class Actor:
    """One person, ready to be drawn."""

    def __init__(self, context: moderngl.Context, programs: Programs, made: Person) -> None:
        self.person = made
        self._textures = {
            "skin_colour": texture(context, made.skin.colour, repeats=False),
            "skin_relief": texture(context, made.skin.relief, repeats=False),
            "wrinkle_map": texture(context, made.wrinkles, repeats=False),
        }
        self._rooted: list[tuple[str, RootedStrands, StrandBuffers]] = []
        for kind, strands in (
            ("lashes", made.lashes),
            ("brows", made.brows),
            ("beard", made.beard),
        ):
            if strands is not None:
                buffers = StrandBuffers(context, programs, strands.looks)
                self._rooted.append((kind, strands, buffers))
        self._hair: StrandBuffers | None = None
        if made.hair is not None:
            self._hair = StrandBuffers(context, programs, made.hair.looks, made.hair.head_weights)
            self._hair.write(made.hair.points)
        self._frame: SolidBuffers | None = None
        self._lenses: SolidBuffers | None = None
        if made.glasses is not None:
            self._frame = SolidBuffers(context, programs, made.glasses.frame)
            self._lenses = SolidBuffers(context, programs, made.glasses.lenses)

    def follow(self, head: NDArray[np.float32]) -> None:
        """Move the hairs of the face with the deformed head (V, 3)."""
        for _, strands, buffers in self._rooted:
            buffers.write(strands.on(head))

    def use_textures(self) -> None:
        """Bind this person's textures."""
        for name, bound in self._textures.items():
            bound.use(TEXTURE_UNITS[name])

    def set_uniforms(self, programs: Programs) -> None:
        """Set what is constant for the person."""
        looks = self.person.looks
        tone = _triple(linear(looks.skin.tone))
        age = looks.skin.age
        programs.set(
            "skin",
            oil=looks.skin.oil,
            relief=0.05 + 0.09 * age,
            soft_relief=0.035 + 0.03 * age,
            tone=tone,
            neckline=looks.clothes.neckline,
        )
        programs.set(
            "cloth",
            inflate=0.32,
            first_colour=_triple(linear(looks.clothes.colour)),
            second_colour=_triple(linear(looks.clothes.second_colour)),
            pattern=looks.clothes.pattern,
            neckline=looks.clothes.neckline,
        )
        programs.set("eye", inflate=0.0, iris_colour=_triple(linear(looks.eyes.iris)))
        programs.set(
            "eye",
            iris_angle=looks.eyes.iris_rad,
            pupil_angle=looks.eyes.pupil_rad,
            redness=looks.eyes.redness,
        )
        programs.set("mouth", inflate=0.0, tone=tone, teeth=TEETH)

    def draw_hairs(self, program: str, programs: Programs) -> None:
        """Draw all hairs with one of the strand programs; flow needs no hairs of the face."""
        looks = self.person.looks
        hair = looks.hair
        colour = linear(hair.colour)
        if not program.startswith("flow"):
            for kind, _, buffers in self._rooted:
                if kind == "lashes" and program.startswith("shadow"):
                    continue
                shade = colour * (1, 0.9, 0.85)
                if kind == "brows":
                    shade = colour * (1 - BROW_SKIN) + linear(looks.skin.tone) * BROW_SKIN
                if kind == "lashes":
                    shade = np.minimum(colour * 0.3, 0.012)
                programs.set(
                    program, card=0.0, thickness=1.0, gloss=0.25, spread=0.6,
                    hair_colour=_triple(shade),
                )  # fmt: skip
                buffers.draw(program)
        if self._hair is not None:
            programs.set(
                program, card=float(self.is_carded), gloss=hair.gloss, spread=0.55,
                thickness=1.6 if program.startswith("shadow") else 1.0,
                hair_colour=_triple(colour * 1.1),
            )  # fmt: skip
            self._hair.draw(program)

    @property
    def is_carded(self) -> bool:
        """Whether ribbons of head hair are cards of many hairs: wide ones are."""
        hair = self.person.hair
        return hair is not None and float(hair.looks.width.max()) > 0.1

    def draw_glasses(self, program: str, programs: Programs) -> None:
        """Draw the frame."""
        if self._frame is not None and self.person.glasses is not None:
            programs.set(program, share=1.0, colour=self.person.glasses.colour, gloss=0.5, lens=0.0)
            self._frame.draw(program)

    def draw_lenses(self, programs: Programs) -> None:
        """Draw the glass, blended over what is behind it."""
        if self._lenses is not None:
            programs.set("solid", share=1.0, lens=1.0)
            self._lenses.draw("solid")


class Extras:
    """Things in front of a person or on them."""

    def __init__(
        self, context: moderngl.Context, programs: Programs, things: Sequence[Thing]
    ) -> None:
        self._things = [(thing, SolidBuffers(context, programs, thing.solid)) for thing in things]

    def draw(self, program: str, programs: Programs) -> None:
        """Draw them with one of the solid programs."""
        for thing, buffers in self._things:
            programs.set(
                program,
                share=float(thing.is_worn),
                colour=_triple(linear(thing.colour)),
                gloss=thing.gloss,
                lens=0.0,
            )
            buffers.draw(program)


def _triple(values: NDArray[np.floating]) -> tuple[float, float, float]:
    red, green, blue = (float(value) for value in values)
    return red, green, blue
