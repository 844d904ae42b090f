"""How a run goes: sizes, stages, weights; one frozen value with named presets."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from engine.dpe.nets.layout import RELEASED, Layout
from engine.errors import InputError

Learns = Literal["all", "encoder", "expression"]
"""`encoder`: all that reads, and nothing that draws; `expression`: its generator and the motion
MLPs, as in the second stage (Sec. 4.1)."""
Part = Literal["self", "expression", "second-stage", "crossed"]
"""What an ablation leaves out: self-reconstruction, Eq. 10, stage 2, the pair (S', D')."""
PARTS: tuple[Part, ...] = ("self", "expression", "second-stage", "crossed")
_OF_A_READER = 0.15
"""Of the rate: an encoder that has learned to read forgets it at generators' rates (error of what
is read 0.8, and 1.1 after 60 steps at 8e-3)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """Of the losses; the defaults are Eq. 12's."""

    reconstruction: float = 1.0
    """Eq. 8, mean absolute error."""
    perceptual: float = 20.0
    """Eq. 9"""
    expression: float = 20.0
    """Eq. 10"""
    adversarial: float = 1.0
    """Eq. 11"""
    r1: float = 10.0
    """Half of it times the squared gradient at real pictures (Mescheder 2018), every 16 steps."""
    itself: float = 0.0
    """Absolute error of the self pairs, which the paper has in Eq. 9 only."""
    truth: float = 0.0
    """Edits against the exact picture; rendered heads only."""
    reading: float = 0.0
    """Known coefficients read off the motion codes by linear heads; rendered heads only."""
    regions: float = 1.0
    """How much more a pixel of mouth or eyes counts in absolute errors."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A part of a run."""

    name: str
    steps: int
    rate: float
    """Of Adam, at its height."""
    weights: Weights = Weights()
    learns: Learns = "all"
    draws: Literal["cycle", "edits", "self", "nothing"] = "cycle"
    """What is generated: all six pictures; e(S, D) and p(S, D), which only a renderer knows; the
    self pairs alone; or codes alone."""
    batch: int = 32
    """Pairs in a step, of all processes."""
    slowness: float = 1.0
    """Of the rate of all that reads."""
    along: tuple[float, float] = (1.0, 1.0)
    """The curriculum of poses at its beginning and its end, 0..1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """A run; `paper` and `small` below."""

    name: str
    layout: Layout
    stages: tuple[Stage, ...]
    betas: tuple[float, float] = (0.0, 0.99)
    """Of Adam. The paper names none: these are the LIA family's with a regularised adversary."""
    falls: bool = False
    """Whether the rate falls along a cosine to a twentieth, after 30 steps of warm-up."""
    clip: float | None = None
    """Norm of a network's gradients."""
    average: float = 0.999
    """Of the weights, per step."""
    begins_gently: bool = False
    """Whether the first pictures are nearly the portrait: small flows, open masks."""
    mirrors: bool = False
    """Whether pairs are mirrored at random."""
    recolours: bool = False
    """Whether their colours are changed at random. Rendered people differ in skin and light anyway,
    and an encoder that has seen few pictures read worse by it (in 50 steps 1.24 against 0.97)."""
    adversary_widths: tuple[int, ...] | None = None
    """Channels of the discriminator from 4 pixels up; None: the layout's."""
    left_out: tuple[Part, ...] = ()

    @property
    def steps(self) -> int:
        """In all stages."""
        return sum(stage.steps for stage in self.stages)

    def stage_at(self, step: int) -> tuple[Stage, int]:
        """The stage of a step, and the step's number in it."""
        for stage in self.stages:
            if step < stage.steps:
                return stage, step
            step -= stage.steps
        return self.stages[-1], self.stages[-1].steps

    def draws_first_in(self, stage: Stage) -> bool:
        """Whether all stages before only read."""
        before = self.stages[: self.stages.index(stage)]
        return stage.draws != "nothing" and all(s.draws == "nothing" for s in before)

    def uses(self, part: Part) -> bool:
        """Whether it is not left out."""
        return part not in self.left_out

    @property
    def uses_truth(self) -> bool:
        """Whether what only a renderer knows is learned from; where it is, figures must say so."""
        return any(stage.weights.truth or stage.weights.reading for stage in self.stages)

    def lasting(self, steps: int) -> "Recipe":
        """The same with so many steps in all, each stage its share."""
        if steps < len(self.stages):
            raise InputError(f"--steps {steps}: there are {len(self.stages)} stages, a step each.")
        share = steps / self.steps
        lengths = [max(1, round(stage.steps * share)) for stage in self.stages]
        longest = lengths.index(max(lengths))
        lengths[longest] += steps - sum(lengths)
        stages = zip(self.stages, lengths, strict=True)
        return replace(self, stages=tuple(replace(s, steps=n) for s, n in stages))

    def in_stages(self, lengths: Mapping[str, int]) -> "Recipe":
        """Only these stages, in the recipe's order, each with so many steps.

        Raises:
            InputError: there is no such stage.
        """
        names = [stage.name for stage in self.stages]
        unknown = sorted(set(lengths) - set(names))
        if unknown or not lengths or min(lengths.values()) < 1:
            raise InputError(
                f"--stages: `{self.name}` has {', '.join(names)}; write some of them as "
                f"{names[0]}=100,{names[-1]}=50."
            )
        stages = tuple(replace(s, steps=lengths[s.name]) for s in self.stages if s.name in lengths)
        return replace(self, stages=stages)

    def of_films(self) -> "Recipe":
        """Without the stages that have nothing to learn from where nothing is known.

        What reads is then not slower than what draws: it has learned nothing to forget.

        Raises:
            InputError: none is left.
        """
        known = ("nothing", "edits")
        stages = tuple(replace(s, slowness=1.0) for s in self.stages if s.draws not in known)
        if not stages:
            raise InputError("these stages learn from rendered heads alone: name some by --heads.")
        return replace(self, stages=stages)

    def of_a_reader(self) -> "Recipe":
        """For weights whose encoder reads already: it is held to that, and learns slowly.

        Without it r of the jaw fell from 0.76 to 0.45 in 150 steps of the cycle at 32 pixels.
        """
        stages = (
            replace(s, slowness=_OF_A_READER, weights=replace(s.weights, reading=0.3))
            for s in self.stages
        )
        return replace(self, stages=tuple(stages))

    def without(self, parts: Collection[str]) -> "Recipe":
        """An ablation, as in the paper's Sec. 4.4.

        Raises:
            InputError: there is no such part.
        """
        unknown = sorted(set(parts) - set(PARTS))
        if unknown:
            raise InputError(f"--without {unknown[0]}: there are {', '.join(PARTS)}.")
        stages = self.stages
        if "second-stage" in parts:
            stages = tuple(stage for stage in stages if stage.learns != "expression")
        return replace(self, stages=stages, left_out=tuple(part for part in PARTS if part in parts))

    def in_batches_of(self, batch: int) -> "Recipe":
        """The same with another batch; stages keep their ratio to each other."""
        largest = self.stages[-1].batch
        stages = (replace(s, batch=max(1, s.batch * batch // largest)) for s in self.stages)
        return replace(self, stages=tuple(stages))


PAPER = Recipe(
    name="paper",
    layout=RELEASED,  # Sec. 4.1: 256 x 256; widths and 20 directions as released
    stages=(
        Stage(name="joint", steps=100_000, rate=0.002, batch=32),  # Sec. 4.1
        Stage(name="expression", steps=50_000, rate=0.0008, batch=32, learns="expression"),
    ),
)
"""Sec. 3.2, 3.3 and 4.1 of the paper; known truths are never learned from."""

LAYOUTS = {
    32: Layout(widths=(64, 64, 48, 32), style=64, directions=20),
    64: Layout(widths=(128, 128, 64, 32, 16), style=128, directions=20),
    128: Layout(widths=(128, 128, 96, 64, 32, 16), style=128, directions=20),
}
"""Size in pixels -> what two cores can train."""


def small(size: int = 64, batch: int = 8) -> Recipe:
    """What two cores can train in hours; it learns from known truths of rendered heads.

    Raises:
        InputError: there is no such size.
    """
    if size not in LAYOUTS:
        raise InputError(f"--size {size}: `small` has {', '.join(map(str, LAYOUTS))} pixels.")
    read = Weights(reconstruction=0, perceptual=0, expression=0, adversarial=0, reading=1)
    self_only = Weights(
        reconstruction=0, perceptual=0.3, expression=0, adversarial=0, itself=1, reading=0.1,
        regions=4,
    )  # fmt: skip
    edits = Weights(
        reconstruction=0, perceptual=0.3, expression=1.5, adversarial=0, truth=1, reading=0.2,
        regions=8,
    )  # fmt: skip
    cycle = Weights(
        reconstruction=2, perceptual=0.3, expression=2, adversarial=0,
        itself=1, truth=1, reading=0.3, regions=8,
    )  # fmt: skip
    return _on_two_cores(
        name="small",
        layout=LAYOUTS[size],
        stages=(
            Stage(
                name="read", steps=9_000, rate=3e-3, weights=read, draws="nothing",
                batch=2 * batch, learns="encoder", along=(0.0, 1.0),
            ),
            Stage(
                name="autoencode", steps=500, rate=8e-3, weights=self_only, draws="self",
                batch=batch, slowness=_OF_A_READER,
            ),
            Stage(name="edits", steps=7_000, rate=8e-3, weights=edits, draws="edits", batch=batch,
                  slowness=_OF_A_READER, along=(0.0, 1.0)),
            Stage(name="joint", steps=7_000, rate=4e-3, weights=cycle, batch=batch,
                  slowness=0.3,
                  along=(0.0, 1.0)),
            Stage(
                name="expression", steps=1_500, rate=2e-3, weights=cycle, batch=batch,
                learns="expression",
            ),
        ),
    )  # fmt: skip


def plain() -> Recipe:
    """For ablations: 32 pixels, both of the paper's stages, nothing that only a renderer knows."""
    weights = Weights(
        reconstruction=2, perceptual=0.3, expression=1.5, adversarial=0, itself=1, regions=5
    )
    return _on_two_cores(
        name="plain",
        layout=LAYOUTS[32],
        stages=(
            Stage(name="joint", steps=1_200, rate=8e-3, weights=weights, batch=8,
                  along=(0.0, 1.0)),
            Stage(
                name="expression", steps=300, rate=3e-3, weights=weights, batch=8,
                learns="expression",
            ),
        ),
    )  # fmt: skip


def _on_two_cores(name: str, layout: Layout, stages: tuple[Stage, ...]) -> Recipe:
    """What the presets that learn in hours have in common: few steps, so a quick average."""
    return Recipe(
        name=name,
        layout=layout,
        stages=stages,
        betas=(0.5, 0.99),
        falls=True,
        clip=5.0,
        average=0.995,
        begins_gently=True,
        mirrors=True,
    )


def tiny() -> Recipe:
    """For tests: 32 pixels, few channels, every loss and both of the paper's stages."""
    weights = Weights(perceptual=1.0, expression=1.0, adversarial=0.1, itself=4.0, regions=2.0)
    return Recipe(
        name="tiny",
        layout=Layout(widths=(16, 16, 16, 12), style=16, directions=8),
        stages=(
            Stage(name="joint", steps=40, rate=8e-3, weights=weights, batch=8),
            Stage(
                name="expression", steps=10, rate=3e-3, weights=weights, batch=8,
                learns="expression",
            ),
        ),
        betas=(0.5, 0.99),
        clip=5.0,
        average=0.9,
        begins_gently=True,
        adversary_widths=(8, 8, 8, 8),
    )  # fmt: skip


NAMES = ("paper", "small", "plain", "tiny")


def recipe_of(name: str, size: int | None = None) -> Recipe:
    """A preset by name.

    Raises:
        InputError: there is no such preset, or not of that size.
    """
    if name == "small":
        return small(size or 64)
    presets = {"paper": PAPER, "plain": plain(), "tiny": tiny()}
    if name not in presets:
        raise InputError(f"--recipe {name}: there are {', '.join(NAMES)}.")
    recipe = presets[name]
    if size not in (None, recipe.layout.size):
        raise InputError(f"--size {size}: `{name}` is of {recipe.layout.size} pixels.")
    return recipe
