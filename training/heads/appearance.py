"""What a person looks like apart from the shape of the head: drawn from one seed, plain values.

Colours are display RGB in 0..1 unless a name says linear.
"""

from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np

from training.heads.seeds import generator

Colour: TypeAlias = tuple[float, float, float]

SKIN_TONES = (
    (226, 186, 170), (216, 172, 150), (208, 160, 132), (192, 144, 112), (172, 124, 92),
    (148, 102, 74), (118, 80, 60), (92, 62, 48), (72, 50, 41),
)  # fmt: skip
HAIR_COLOURS = (
    (18, 14, 13), (34, 24, 20), (58, 38, 26), (84, 56, 36), (120, 84, 52), (168, 128, 80),
    (206, 172, 120), (128, 52, 26), (150, 146, 142), (205, 203, 200), (60, 40, 90), (30, 80, 90),
)  # fmt: skip
HAIR_COLOUR_SHARES = (24, 20, 15, 11, 8, 6, 5, 4, 4, 3, 0.5, 0.5)
EYE_COLOURS = (
    (56, 34, 20), (84, 54, 30), (112, 84, 48), (96, 110, 70), (92, 122, 140), (120, 148, 172),
    (110, 120, 126), (40, 26, 18),
)  # fmt: skip
DARK_EYES = (0, 1, 7)

HAIR_STYLES = (
    "short", "crop", "buzz", "bald", "swept", "quiff", "long", "bob", "curly", "bangs", "updo",
)  # fmt: skip
MALE_STYLE_SHARES = (20, 14, 9, 9, 14, 10, 3, 2, 12, 3, 2)
FEMALE_STYLE_SHARES = (6, 2, 1, 1, 4, 2, 32, 18, 13, 13, 11)
BEARDS = ("none", "stubble", "goatee", "mustache", "full")
BEARD_SHARES = (36, 28, 10, 7, 19)


@dataclass(frozen=True, slots=True, kw_only=True)
class Skin:
    """Colour and finish of the skin."""

    tone: Colour
    blush: float
    freckles: float
    makeup: float
    lip_colour: Colour
    lip_strength: float
    oil: float
    """Strength of highlights."""
    age: float
    """0 young to 1 old: relief, eye sockets, wrinkles at rest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Eyes:
    """Irises and lashes."""

    iris: Colour
    iris_rad: float
    """Angle from the middle of the iris to its rim, on the eyeball."""
    pupil_rad: float
    lash_length: float
    """Share of FaceKit's longest lashes."""
    redness: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Hair:
    """Head hair, brows and beard."""

    style: str
    colour: Colour
    volume: float
    wave: float
    part: float
    """Where the parting is: x in units, positive on the subject's left."""
    recession: float
    gloss: float
    brow_thickness: float
    brow_strength: float
    brow_lift: float
    beard: str
    beard_length: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Clothes:
    """A top with a neckline."""

    colour: Colour
    second_colour: Colour
    pattern: int
    """0 plain, 1 stripes, 2 patches, 3 checks, 4 plain knit."""
    neckline: int
    """0 round, 1 V, 2 high."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Appearance:
    """All of it; `seed` drives the details that are painted or grown."""

    seed: int
    is_male: bool
    skin: Skin
    eyes: Eyes
    hair: Hair
    clothes: Clothes
    wears_glasses: bool

    def plain(self) -> "Appearance":
        """The same person without glasses and beard."""
        return replace(self, wears_glasses=False, hair=replace(self.hair, beard="none"))


def sample_appearance(seed: int) -> Appearance:
    """Draw a person."""
    draw = generator(seed, "looks")
    is_male = bool(draw.random() < 0.5)
    darkness = float(draw.uniform(0, 1))
    age = float(draw.random() ** 1.5)
    skin = _sample_skin(draw, is_male, darkness, age)
    return Appearance(
        seed=seed,
        is_male=is_male,
        skin=skin,
        eyes=_sample_eyes(draw, is_male, darkness),
        hair=_sample_hair(draw, is_male, darkness, age),
        clothes=Clothes(
            colour=sample_colour(draw),
            second_colour=sample_colour(draw),
            pattern=int(draw.integers(0, 5)),
            neckline=int(draw.integers(0, 3)),
        ),
        wears_glasses=bool(draw.random() < 0.22),
    )


def sample_colour(draw: np.random.Generator) -> Colour:
    """Draw any colour, mostly muted."""
    value, saturation = draw.uniform(0.03, 0.9), 0.9 * draw.random() ** 2
    hue = draw.random(3)
    return _colour(value * (1 - saturation + saturation * hue / hue.max()))


def skin_tone(darkness: float) -> Colour:
    """Give the tone between light (0) and dark (1)."""
    place = darkness * (len(SKIN_TONES) - 1.001)
    index = int(place)
    tones = np.array(SKIN_TONES) / 255
    return _colour(tones[index] * (1 + index - place) + tones[index + 1] * (place - index))


def _sample_skin(draw: np.random.Generator, is_male: bool, darkness: float, age: float) -> Skin:  # noqa: FBT001
    tone = np.array(skin_tone(darkness)) * np.exp(draw.normal(0, 0.05))
    tone = tone * np.exp(draw.normal(0, 0.025, 3))
    hue, has_makeup = draw.random(), not is_male and draw.random() < 0.5
    painted = np.array([0.62 + 0.18 * hue, 0.26 + 0.07 * (1 - hue), 0.29 + 0.06 * (1 - hue)])
    natural = tone * np.array([0.93, 0.66, 0.66])
    share = 0.8 if has_makeup else 0.15
    return Skin(
        tone=_colour(tone),
        blush=float(draw.uniform(0.1, 0.8)),
        freckles=float(draw.uniform(0, 1) if draw.random() < 0.2 and darkness < 0.4 else 0),
        makeup=float(draw.uniform(0.2, 1) if has_makeup else 0),
        lip_colour=_colour(painted * share + natural * (1 - share)),
        lip_strength=float(draw.uniform(0.35, 0.6) if is_male else draw.uniform(0.5, 1.0)),
        oil=float(draw.uniform(0.1, 0.9)),
        age=age,
    )


def _sample_eyes(draw: np.random.Generator, is_male: bool, darkness: float) -> Eyes:  # noqa: FBT001
    any_colour, dark_colour = draw.integers(len(EYE_COLOURS)), draw.choice(DARK_EYES)
    index = int(any_colour if darkness < 0.45 else dark_colour)
    return Eyes(
        iris=_colour(np.array(EYE_COLOURS[index]) / 255 * np.exp(draw.normal(0, 0.1))),
        iris_rad=float(draw.uniform(0.44, 0.51)),
        pupil_rad=float(draw.uniform(0.15, 0.25)),
        lash_length=float(draw.uniform(0.35, 0.6) if is_male else draw.uniform(0.55, 1.0)),
        redness=float(draw.uniform(0.2, 0.9)),
    )


def _sample_hair(draw: np.random.Generator, is_male: bool, darkness: float, age: float) -> Hair:  # noqa: FBT001
    shares = np.array(HAIR_COLOUR_SHARES) / sum(HAIR_COLOUR_SHARES)
    any_colour, dark_colour = draw.choice(len(HAIR_COLOURS), p=shares), draw.integers(0, 3)
    is_any = darkness < 0.55 or draw.random() < 0.15
    colour = np.array(HAIR_COLOURS[int(any_colour if is_any else dark_colour)]) / 255
    if draw.random() < 0.45 and age > 0.72:
        colour = np.array([0.62, 0.61, 0.60]) * draw.uniform(0.6, 1.1)
    styles = np.array(MALE_STYLE_SHARES if is_male else FEMALE_STYLE_SHARES, float)
    beard = str(draw.choice(BEARDS, p=np.array(BEARD_SHARES) / sum(BEARD_SHARES)))
    thick = draw.uniform(0.85, 1.4) if is_male else draw.uniform(0.6, 1.05)
    return Hair(
        style=str(draw.choice(HAIR_STYLES, p=styles / styles.sum())),
        colour=_colour(colour * np.exp(draw.normal(0, 0.1))),
        volume=float(draw.uniform(0.6, 1.3)),
        wave=float(draw.uniform(0, 1)),
        part=float(draw.normal(0, 2.2)),
        recession=float(draw.uniform(0.3, 2.6) * age if is_male else 0.0),
        gloss=float(draw.uniform(0.2, 0.9)),
        brow_thickness=float(thick),
        brow_strength=float(draw.uniform(0.7, 1.0)),
        brow_lift=float(draw.normal(0, 0.12)),
        beard=beard if is_male else "none",
        beard_length=float(draw.uniform(0.1, 0.85) ** 1.5),
    )


def _colour(values: np.ndarray) -> Colour:
    red, green, blue = np.clip(values, 0.01, 0.97).tolist()
    return red, green, blue
