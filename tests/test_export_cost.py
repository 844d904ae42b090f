"""The arithmetic is what is published, and what torch itself counts."""

from itertools import pairwise

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.seeded_weights import TINY
from engine.dpe.nets.dpe import DPE
from engine.dpe.nets.layout import RELEASED, Layout
from export.cli import RELEASED as STATED
from export.cost import costs


def test_the_published_sizes_cost_what_is_published() -> None:
    found = costs(*STATED)
    assert (RELEASED.widths, RELEASED.style, RELEASED.directions) == STATED
    assert found.parameters == 69_101_798
    assert round(found.encoder.parameters / 1e6, 1) == 21.6
    assert round(found.generator.parameters / 1e6, 1) == 22.4
    assert round(found.encoder.flop / 1e9, 1) == 31.2
    assert round(found.generator.flop / 1e9, 1) == 30.1
    assert round(found.frame_flop("expression") / 1e9, 1) == 61.3
    assert round(found.frame_flop("both") / 1e9, 1) == 122.6


@pytest.mark.parametrize(
    "layout", [RELEASED, TINY, Layout(widths=(4, 8, 6), style=5, directions=2)]
)
def test_parameters_and_arithmetic_are_those_that_torch_counts(layout: Layout) -> None:
    found = costs(layout.widths, layout.style, layout.directions)
    with torch.device("meta"):
        model = DPE(layout)
        picture = torch.empty(1, 3, layout.size, layout.size)
    for network, cost in (
        (model.encoder, found.encoder),
        (model.expression.generator, found.generator),
        (model, None),
    ):
        count = sum(parameter.numel() for parameter in network.parameters())
        assert count == (found.parameters if cost is None else cost.parameters)
    with FlopCounterMode(display=False) as encoding:
        code, features = model.encode(picture)
    assert encoding.get_total_flops() == found.encoder.flop
    with FlopCounterMode(display=False) as generating:
        model.expression.generator(code, features)
    # torch counts a transposed low-pass by its input; the release stuffs zeros and convolves all.
    enlarging = 2 * 2 * 3 * 12 * sum((16 * 2**n) ** 2 for n in range(len(layout.widths) - 2))
    # Our demodulation is a matrix product, which torch counts; theirs is a sum over the weight.
    styled = [(layout.widths[0], layout.widths[0])]
    styled += [(b, h) for below, h in pairwise(layout.widths) for b in (below, h)]
    demodulation = sum(2 * inputs * outputs for inputs, outputs in styled)
    assert generating.get_total_flops() == found.generator.flop - enlarging + demodulation
