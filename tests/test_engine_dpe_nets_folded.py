"""Folding changes no function: each graph's module equals the networks it was made from."""

from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from engine.dpe.nets.dpe import DPE
from engine.dpe.nets.folded import Encode, Generate, Read
from engine.stylegan.folded import halve
from engine.stylegan.layers import GAIN
from tests.dpe_made import made_pictures


@pytest.fixture
def model(dpe_checkpoint: Path) -> DPE:
    return DPE.from_official(dpe_checkpoint)


@pytest.fixture
def pictures(model: DPE) -> Tensor:
    return made_pictures(2, model.layout.size).float()


def close(result: Tensor, wanted: Tensor, tolerance: float = 1e-5) -> bool:
    """Within a share of the range; a few float32 roundings deep."""
    return float((result - wanted).abs().max()) <= tolerance * float(wanted.max() - wanted.min())


def test_encode_gives_code_features_and_colours(model: DPE, pictures: Tensor) -> None:
    code, features = model.encode(pictures)
    found = Encode(model).eval()(pictures)
    levels = len(features)
    assert close(found[0], code)
    kept, colours = found[1:levels], found[levels:]
    assert all(close(a, b) for a, b in zip(kept, features[:-1], strict=True))
    for branch, drawn in ((model.expression, colours[:levels]), (model.pose, colours[levels:])):
        for feature, rgb, colour in zip(features, branch.generator.rgbs, drawn, strict=True):
            assert close(colour, F.conv2d(feature, rgb.conv.scaled) * GAIN)


def test_read_gives_both_motion_codes(model: DPE, pictures: Tensor) -> None:
    wanted = model.motion(model.encode(pictures)[0])
    assert all(close(a, b) for a, b in zip(Read(model).eval()(pictures), wanted, strict=True))


@pytest.mark.parametrize("kind", ["expression", "pose"])
def test_generate_draws_the_same_picture(kind: str, model: DPE, pictures: Tensor) -> None:
    branch = model.expression if kind == "expression" else model.pose
    code, features = model.encode(pictures)
    motion = torch.linspace(-1, 1, code.numel()).reshape(code.shape)
    colours = [
        F.conv2d(feature, rgb.conv.scaled) * GAIN
        for feature, rgb in zip(features, branch.generator.rgbs, strict=True)
    ]
    result = Generate(branch).eval()(code, motion, features[:-1], colours)
    # The untrained flow net amplifies float32 rounding, here as in the unfolded networks.
    assert close(result, model.draw(branch, motion, code, features), 2e-4)


def test_halving_leaves_codes_flow_and_colours_in_fp32(model: DPE, pictures: Tensor) -> None:
    encode, generate = Encode(model).eval(), Generate(model.expression).eval()
    halve(encode)
    halve(generate)
    assert {found.dtype for found in encode(pictures)} == {torch.float32}
    kinds = {name: buffer.dtype for name, buffer in generate.named_buffers()}
    halved = {name for name, dtype in kinds.items() if dtype == torch.float16}
    assert halved == {name for name in kinds if name.startswith("convs.") and _is_large(name)}


def _is_large(name: str) -> bool:
    return name.endswith((".weight", ".blur"))
