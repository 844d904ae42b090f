"""The styles that head hair can be groomed to: lengths by region, comb, and how it behaves."""

from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from training.heads.appearance import Hair

Comb: TypeAlias = Literal["forward", "part", "swept", "back", "out", "tail"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """Lengths in units (0.8 cm)."""

    top: float
    sides: float
    back: float
    fringe: float
    """Length at the front hairline."""
    comb: Comb
    lift: float
    """How far roots stand up: 0 flat, 1 upright."""
    volume: float
    """How far the outer hairs are from the skull."""
    gravity: float
    stiffness: float
    """How slowly a hair turns to where it is pulled, 0..1."""
    curl: float = 0.0
    """Radius of curls."""
    curl_turns: float = 0.0
    """Turns per 10 units."""
    clump: float = 0.35
    """How much the tips of neighbours meet."""
    fringe_comb: Comb | None = None
    """Another comb for the hair above the forehead."""


STYLES: dict[str, Style] = {
    "buzz": Style(
        top=0.4, sides=0.3, back=0.3, fringe=0.35, comb="forward", lift=0.7, volume=0.25,
        gravity=0, stiffness=0.9, clump=0,
    ),
    "crop": Style(
        top=1.6, sides=0.6, back=0.6, fringe=1.3, comb="forward", lift=0.45, volume=0.75,
        gravity=0.1, stiffness=0.6, clump=0.3,
    ),
    "short": Style(
        top=3.2, sides=1.1, back=1.1, fringe=3.2, comb="forward", lift=0.4, volume=1.3,
        gravity=0.2, stiffness=0.55, clump=0.5,
    ),
    "swept": Style(
        top=4.4, sides=1.2, back=1.2, fringe=4.6, comb="swept", lift=0.5, volume=1.2,
        gravity=0.1, stiffness=0.4, clump=0.4,
    ),
    "quiff": Style(
        top=4.2, sides=0.8, back=0.9, fringe=4.0, comb="back", lift=0.75, volume=1.8,
        gravity=0.1, stiffness=0.6, clump=0.45,
    ),
    "long": Style(
        top=24, sides=22, back=22, fringe=22, comb="part", lift=0.25, volume=1.5,
        gravity=0.75, stiffness=0.3, clump=0.4,
    ),
    "bob": Style(
        top=14, sides=11, back=10, fringe=13, comb="part", lift=0.3, volume=1.7,
        gravity=0.7, stiffness=0.3, clump=0.4,
    ),
    "curly": Style(
        top=6.5, sides=6.0, back=6.5, fringe=5.0, comb="out", lift=0.8, volume=2.6,
        gravity=0.35, stiffness=0.6, curl=0.42, curl_turns=5.5, clump=0.9,
    ),
    "bangs": Style(
        top=18, sides=16, back=16, fringe=4.6, comb="part", lift=0.25, volume=1.4,
        gravity=0.75, stiffness=0.3, clump=0.35, fringe_comb="forward",
    ),
    "updo": Style(
        top=13, sides=12, back=10, fringe=14, comb="tail", lift=0.15, volume=0.9,
        gravity=0, stiffness=0.35, clump=0.3,
    ),
}  # fmt: skip
"""A bald head has none of them."""


def style_of(hair: Hair, *, is_male: bool) -> Style | None:
    """Give the person's own version of a style; None for a bald head."""
    if hair.style not in STYLES:
        return None
    style = STYLES[hair.style]
    length = 0.75 + 0.5 * hair.wave if hair.style in ("long", "bob", "bangs", "curly") else 1.0
    if is_male and hair.style == "curly":
        length *= 0.55
    curl = max(style.curl, 0.45 * hair.wave**2 if style.gravity > 0.5 else 0.12 * hair.wave)
    return replace(
        style,
        top=style.top * length,
        sides=style.sides * length,
        back=style.back * length,
        volume=style.volume * (0.55 + 0.45 * hair.volume),
        curl=curl,
        curl_turns=style.curl_turns or 1.2 + 0.8 * hair.wave,
    )
