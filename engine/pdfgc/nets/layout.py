"""Reads the widths of a PD-FGC off released state dicts."""

from collections.abc import Mapping

from torch import Tensor

from engine.pdfgc.widths import RELEASED, Widths

STEM = "model.conv1.weight"


def widths_of(
    appearance: Mapping[str, Tensor],
    motion: Mapping[str, Tensor],
    sound: Mapping[str, Tensor],
    generator: Mapping[str, Tensor],
) -> Widths:
    """Read the widths off four state dicts; what no tensor tells is as released.

    A width that does not go with the rest is found when names and shapes are compared.
    """
    levels = ["conv1", *(f"convs.{2 * level + 1}" for level in range(5))]
    found = [
        _size(generator, f"{level}.activate.bias", 1, released)
        for level, released in zip(levels, RELEASED.generator, strict=True)
    ]
    return Widths(
        appearance=_whole(_size(appearance, STEM, 0, RELEASED.appearance), 16),
        motion=_whole(_size(motion, STEM, 0, RELEASED.motion), 4),
        sound=_whole(_size(sound, STEM, 0, RELEASED.sound), 8),
        generator=tuple(found),
    )


def _size(state: Mapping[str, Tensor], name: str, axis: int, otherwise: int) -> int:
    shape = state[name].shape if name in state else ()
    return (shape[axis] if axis < len(shape) else 0) or otherwise


def _whole(width: int, factor: int) -> int:
    """The next multiple: a foreign file must be refused in words, not by a network's arithmetic."""
    return -(-width // factor) * factor
