"""The sizes a DPE is built with, and how they are read off a released state dict."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from statistics import mode

from torch import Size


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """The sizes a DPE is built with; the released ones are the default."""

    widths: tuple[int, ...] = (512, 512, 512, 512, 256, 128, 64)
    """Channels at 4, 8, 16, ... pixels, up to the size of the picture."""
    style: int = 512
    """Length of the latent codes."""
    directions: int = 20
    """Columns of the basis that motion is projected on."""

    @property
    def size(self) -> int:
        """Height and width of the pictures in pixels."""
        return int(2 ** (len(self.widths) + 1))


RELEASED = Layout()


def layout_of(shapes: Mapping[str, Size]) -> Layout:
    """Read the sizes off a state dict in the authors' names; odd shapes are outvoted, not trusted.

    Every size stands in several tensors, so one damaged tensor is later named as the wrong one. A
    size that no tensor tells is the released one.
    """
    levels = max((int(found[1]) + 1 for found in _matches(shapes)), default=6)
    widths = [_vote(_at_4(shapes), RELEASED.widths[0])]
    widths += [_vote(_at_level(shapes, n, levels), _released_width(n)) for n in range(levels)]
    codes = [f"{name}.{layer}.bias" for name in ("mlp", "mlp_pose", "mlp_exp") for layer in (0, 1)]
    directions = [_size(shapes, f"mlp.4.{kind}", 0) for kind in ("weight", "bias")]
    directions.append(_size(shapes, "dir.weight", 1))
    return Layout(
        widths=tuple(widths),
        style=_vote([_size(shapes, name, 0) for name in codes], RELEASED.style),
        directions=_vote(directions, RELEASED.directions),
    )


def _matches(shapes: Mapping[str, Size]) -> Iterator[re.Match[str]]:
    """The names that count the sizes of a generator."""
    for name in shapes:
        found = re.fullmatch(r"dec_(?:pose|exp)\.to_flows\.(\d)\.bias", name)
        if found:
            yield found


def _at_4(shapes: Mapping[str, Size]) -> list[int | None]:
    """Channels at 4 pixels, as both generators state them, each twice."""
    layers = ("input.input", "conv1.activate.bias")
    return [_size(shapes, f"dec_{part}.{layer}", 1) for part in ("pose", "exp") for layer in layers]


def _at_level(shapes: Mapping[str, Size], level: int, levels: int) -> list[int | None]:
    """Channels at 8 * 2 ** level pixels, as each of the three networks states them."""
    return [
        _size(shapes, f"enc.net_app.convs.{levels - level}.conv1.1.bias", 1),
        _size(shapes, f"dec_pose.convs.{2 * level + 1}.activate.bias", 1),
        _size(shapes, f"dec_exp.convs.{2 * level + 1}.activate.bias", 1),
    ]


def _released_width(level: int) -> int:
    return RELEASED.widths[min(level + 1, len(RELEASED.widths) - 1)]


def _size(shapes: Mapping[str, Size], name: str, axis: int) -> int | None:
    shape = shapes.get(name, Size())
    return shape[axis] if axis < len(shape) else None


def _vote(sizes: list[int | None], otherwise: int) -> int:
    known = [size for size in sizes if size]
    return mode(known) if known else otherwise
