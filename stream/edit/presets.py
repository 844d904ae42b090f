"""Expressions with a name, for `understudy edit --preset`: a little friendlier, or surprised."""

from collections.abc import Mapping

from engine.errors import InputError

_BOTH: Mapping[str, Mapping[str, float]] = {
    "friendlier": {"mouthSmile": 0.3, "cheekSquint": 0.2, "mouthDimple": 0.1, "browOuterUp": 0.1},
    "smile": {"mouthSmile": 0.65, "cheekSquint": 0.45, "mouthDimple": 0.2, "eyeSquint": 0.15},
    "awake": {"eyeWide": 0.25, "browOuterUp": 0.3},
    "surprised": {"eyeWide": 0.5, "browOuterUp": 0.6},
    "serious": {"browDown": 0.35, "mouthPress": 0.2, "mouthFrown": 0.1},
    "sad": {"mouthFrown": 0.45, "mouthStretch": 0.1},
}
"""ARKit names without their side, and values in 0..1."""

_MIDDLE: Mapping[str, Mapping[str, float]] = {
    "awake": {"browInnerUp": 0.2},
    "surprised": {"browInnerUp": 0.6, "jawOpen": 0.15},
    "sad": {"browInnerUp": 0.55, "mouthShrugLower": 0.2},
}

PRESETS = tuple(_BOTH)


def sliders_of(text: str) -> Mapping[str, float]:
    """`NAME` or `NAME=STRENGTH`, 0 to 1, as ARKit names with values in 0..1.

    Raises:
        InputError: there is no such preset, or no such strength.
    """
    name, is_given, strength_text = text.partition("=")
    if name not in PRESETS:
        raise InputError(f"there is no preset {name!r}. Choose one of {', '.join(PRESETS)}.")
    try:
        strength = float(strength_text) if is_given else 1.0
    except ValueError:
        strength = -1.0
    if not 0.0 <= strength <= 1.0:
        raise InputError(f"the strength of {text!r} is not in 0..1. Write {name}=0.5, or {name}.")
    values = {f"{each}{side}": v for each, v in _BOTH[name].items() for side in ("Left", "Right")}
    return {each: v * strength for each, v in {**values, **_MIDDLE.get(name, {})}.items()}
