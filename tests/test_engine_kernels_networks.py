"""The network kernels: each twin against the networks themselves, each kernel against its twin.

The kernels run on the CPU here (tests/host_launcher.py); the same comparisons on a GPU are in
test_gpu_kernels.py.
"""

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from engine.dpe.nets.encoder import Residual
from engine.dpe.nets.folded import FoldedResidual, FoldedRgb
from engine.dpe.nets.generator import StyledConv, ToFlow, ToRgb, warp
from engine.kernels.energies import Energies
from engine.kernels.fast import Kernels
from engine.kernels.twins import Twins, sample, sampling
from engine.stylegan.folded import FoldedConv
from tests.host_launcher import COMPILER, HostLauncher
from tests.kernels_made import CASES, HALF_STEP, SHAPES, Made, close, compare

needs_compiler = pytest.mark.skipif(COMPILER is None, reason="g++ is not installed")
TWINS = Twins()


@pytest.fixture(scope="module")
def kernels(tmp_path_factory: pytest.TempPathFactory) -> Kernels:
    return Kernels(HostLauncher(tmp_path_factory.mktemp("host")))


def test_the_twin_of_a_level_is_the_networks_own() -> None:
    torch.manual_seed(1)
    to_flow = ToFlow(24, 16).requires_grad_(requires_grad=False)
    x, feature, code = torch.randn(2, 24, 16, 16), torch.randn(2, 24, 16, 16), torch.randn(2, 16)
    below = torch.randn(2, 3, 8, 8)
    wanted = to_flow(x, code, below)
    delta = to_flow(x, code, None)
    flow, warped, blended = TWINS.flow_warp_blend(feature, x, delta, below, keeps_warped=True)
    moved, mask = warp(feature, wanted)
    torch.testing.assert_close(flow, wanted, rtol=1e-5, atol=1e-5)
    assert warped is not None
    torch.testing.assert_close(warped, moved, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(blended, moved + x * (1 - mask), rtol=1e-4, atol=1e-4)


@needs_compiler
@pytest.mark.parametrize("has_style", [False, True])
@pytest.mark.parametrize("has_below", [False, True])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_flow_warp_blend_on_the_host(
    shape: tuple[int, int, int, int], has_below: bool, has_style: bool, kernels: Kernels
) -> None:
    made = Made(shape)
    below, style = made.below if has_below else None, made.style if has_style else None
    given = (made.feature, made.x, made.delta, below, style)
    found = kernels.flow_warp_blend(*given, keeps_warped=True)
    wanted = TWINS.flow_warp_blend(*given, keeps_warped=True)
    close(found[0], wanted[0], 1e-6)
    close(found[1], wanted[1], HALF_STEP)
    close(found[2], wanted[2], HALF_STEP)


@needs_compiler
def test_what_samples_outside_the_map_is_nothing(kernels: Kernels) -> None:
    made = Made((1, 8, 8, 8))
    far = torch.full_like(made.delta, 9.0)  # tanh is 1: half a picture beyond the right border
    _, warped, _ = kernels.flow_warp_blend(made.feature, made.x, far, None, keeps_warped=True)
    assert warped is not None
    assert warped[..., 4:, :].abs().max() == 0
    assert warped[..., :3, :3].abs().max() > 0


@needs_compiler
def test_a_broken_flow_reads_no_foreign_memory(kernels: Kernels) -> None:
    made = Made((1, 8, 8, 8))
    for value in (float("nan"), float("inf"), -float("inf")):
        flow, _, _ = kernels.flow_warp_blend(
            made.feature, made.x, torch.full_like(made.delta, value), None
        )
        assert flow.shape == made.delta.shape


@needs_compiler
@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_each_kernel_on_the_host_is_its_twin(
    shape: tuple[int, int, int, int], name: str, kernels: Kernels
) -> None:
    compare(CASES[name], kernels, TWINS, Made(shape))


def test_the_twins_of_the_encoder_are_a_folded_block() -> None:
    torch.manual_seed(2)
    block = FoldedResidual(Residual(16, 24)).requires_grad_(requires_grad=False)
    x = torch.randn(2, 16, 16, 16)
    blurred = TWINS.activate_blur(F.conv2d(x, block.weight1, padding=1), block.bias1)
    skip = F.conv2d(TWINS.blur_halve(x), block.skip)
    out = TWINS.activate_add(F.conv2d(blurred, block.weight2, stride=2), block.bias2, skip)
    torch.testing.assert_close(out, block(x), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("upsample", [False, True])
def test_the_twins_of_a_styled_convolution_are_the_folded_one(upsample: bool) -> None:
    torch.manual_seed(3)
    styled = StyledConv(16, 24, 8, upsample=upsample)
    conv = FoldedConv(styled.conv, styled.activate.bias).requires_grad_(requires_grad=False)
    x, style = torch.randn(2, 16, 8, 8), torch.randn(2, 16)
    scale = TWINS.demodulation(style, Energies([conv.energy]))
    bias = conv.bias.flatten()
    if upsample:
        out = TWINS.blur_activate(F.conv_transpose2d(x, conv.weight, stride=2), bias, scale)
    else:
        out = TWINS.activate(F.conv2d(x, conv.weight, padding=1), bias, scale)
    torch.testing.assert_close(out, conv(x, style), rtol=1e-4, atol=1e-5)


def test_the_twin_of_the_colours_is_the_folded_one() -> None:
    torch.manual_seed(4)
    to_rgb = ToRgb(16)
    torch.nn.init.normal_(to_rgb.bias)
    torch.nn.init.normal_(to_rgb.conv.bias)
    folded = FoldedRgb(to_rgb)
    made = Made((2, 16, 16, 16))
    grid, mask = sampling(made.delta)
    wanted = folded(sample(made.colour, grid) * mask, made.below)
    biases = folded.bias1.flatten(), folded.bias2.flatten()
    out = TWINS.warp_colours(made.colour, made.delta, None, *biases, made.below)
    torch.testing.assert_close(out, wanted.detach(), rtol=1e-5, atol=1e-5)


@needs_compiler
def test_half_precision_of_the_shim_is_ieee(kernels: Kernels) -> None:
    bits = torch.arange(65536, dtype=torch.int32).to(torch.int16).view(torch.float16)
    x = bits[bits.isfinite()][:63488].reshape(1, 8, 62, 128)
    x = x.contiguous(memory_format=torch.channels_last)
    zero = torch.zeros(8)
    found = kernels.activate(x, zero)
    assert torch.equal(found, TWINS.activate(x, zero))


def refused(kernels: Kernels, match: str, **changed: Tensor) -> None:
    made = Made((2, 16, 8, 8))
    given = {"feature": made.feature, "x": made.x, "delta": made.delta, "below": made.below}
    given |= changed
    with pytest.raises(ValueError, match=match):
        kernels.flow_warp_blend(given["feature"], given["x"], given["delta"], given["below"])


def test_a_launch_is_checked_before_it_is_made(kernels: Kernels) -> None:
    made = Made((2, 16, 8, 8))
    refused(kernels, "feature must be float16", feature=made.feature.float())
    refused(kernels, "channels last", feature=made.feature.contiguous())
    refused(kernels, "feature must be float16", x=made.x[:1])
    refused(kernels, "delta must be contiguous float32", delta=made.delta.double())
    refused(kernels, "below must be contiguous float32", below=made.delta)
    odd = Made((1, 16, 8, 8)).feature[:, :12].contiguous(memory_format=torch.channels_last)
    refused(kernels, "multiple of 8", x=odd)
