"""The slow twin of DPE: the published networks computed step by step as the release computes them.

Written from their description, for reading and for comparison: modulated convolutions as grouped
convolutions with a weight per sample, the QR of the directions at every call, every low-pass as
zero-stuffing, padding, one-channel convolution and decimation, the portrait encoded again at every
frame. It works on a state dict in the authors' names, under the authors' flags (`exp`, `pose`,
`both`), so it shares neither names nor code with engine/dpe/nets. Its time is the benchmark's
baseline.
"""

import math
from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn import functional as F

State = Mapping[str, Tensor]


def up_fir_down(x: Tensor, kernel: Tensor, up: int, pad: tuple[int, int]) -> Tensor:
    """Stuff `up - 1` zeros behind each pixel, pad, convolve each channel with `kernel`."""
    batch, channels, height, width = x.shape
    x = x.view(batch * channels, height, 1, width, 1)
    x = F.pad(x, (0, up - 1, 0, 0, 0, up - 1)).view(batch, channels, height * up, width * up)
    x = F.pad(x, (pad[0], pad[1], pad[0], pad[1]))
    height, width = x.shape[2:]
    x = x.reshape(batch * channels, 1, height, width)
    x = F.conv2d(x, kernel.flip(0, 1)[None, None])
    return x.reshape(batch, channels, height - 3, width - 3)


def leaky(x: Tensor, bias: Tensor) -> Tensor:
    """Add the bias and activate, with the gain sqrt(2)."""
    return F.leaky_relu(x + bias, 0.2) * 2**0.5


def equal_conv(x: Tensor, weight: Tensor, stride: int = 1, padding: int = 0) -> Tensor:
    """Convolve at an equalised learning rate."""
    return F.conv2d(x, weight * (1 / math.sqrt(weight[0].numel())), stride=stride, padding=padding)


def equal_linear(x: Tensor, state: State, name: str) -> Tensor:
    """Apply a linear layer at an equalised learning rate."""
    weight = state[f"{name}.weight"]
    return F.linear(x, weight * (1 / math.sqrt(weight.shape[1])), state[f"{name}.bias"])


def chain(x: Tensor, state: State, name: str, layers: int) -> Tensor:
    """Apply linear layers one after the other."""
    for layer in range(layers):
        x = equal_linear(x, state, f"{name}.{layer}")
    return x


def modulated_conv(
    x: Tensor, code: Tensor, state: State, name: str, *, demodulate: bool = True, up: bool = False
) -> Tensor:
    """Convolve with weights scaled by the style, per sample."""
    batch, inputs, height, width = x.shape
    shared = state[f"{name}.weight"]  # (1, outputs, inputs, k, k)
    outputs, size = shared.shape[1], shared.shape[3]
    style = equal_linear(code, state, f"{name}.modulation").view(batch, 1, inputs, 1, 1)
    weight = 1 / math.sqrt(inputs * size**2) * shared * style
    if demodulate:
        norm = torch.rsqrt(weight.pow(2).sum([2, 3, 4]) + 1e-8)
        weight = weight * norm.view(batch, outputs, 1, 1, 1)
    x = x.reshape(1, batch * inputs, height, width)
    if up:
        weight = weight.transpose(1, 2).reshape(batch * inputs, outputs, size, size)
        x = F.conv_transpose2d(x, weight, stride=2, groups=batch)
        x = x.view(batch, outputs, *x.shape[2:])
        return up_fir_down(x, state[f"{name}.blur.kernel"], 1, (1, 1))
    weight = weight.view(batch * outputs, inputs, size, size)
    x = F.conv2d(x, weight, padding=size // 2, groups=batch)
    return x.view(batch, outputs, height, width)


def styled_conv(x: Tensor, code: Tensor, state: State, name: str, *, up: bool = False) -> Tensor:
    """Convolve with modulated weights and activate."""
    x = modulated_conv(x, code, state, f"{name}.conv", up=up)
    return leaky(x, state[f"{name}.activate.bias"])


def to_flow(
    x: Tensor, code: Tensor, feature: Tensor, below: Tensor | None, state: State, name: str
) -> tuple[Tensor, Tensor, Tensor]:
    """Returns the warped features, the next level's input, and the raw flow."""
    out = modulated_conv(x, code, state, f"{name}.conv", demodulate=False)
    out = out + state[f"{name}.bias"]
    if below is not None:
        out = out + up_fir_down(below, state[f"{name}.upsample.kernel"], 2, (2, 1))
    line = torch.linspace(-1, 1, x.shape[2], dtype=torch.float64)
    grid = torch.stack(torch.meshgrid(line, line, indexing="xy"), 2).float()[None]
    grid = torch.tanh(out[:, 0:2]).permute(0, 2, 3, 1) + grid.repeat(len(x), 1, 1, 1).to(x.dtype)
    mask = torch.sigmoid(out[:, 2:3])
    warped = F.grid_sample(feature, grid, align_corners=False) * mask
    return warped, warped + x * (1.0 - mask), out


def to_rgb(x: Tensor, below: Tensor | None, state: State, name: str) -> Tensor:
    """Add this level's picture to the one below."""
    out = leaky(equal_conv(x, state[f"{name}.conv.0.weight"]), state[f"{name}.conv.1.bias"])
    out = out + state[f"{name}.bias"]
    if below is not None:
        out = out + up_fir_down(below, state[f"{name}.upsample.kernel"], 2, (2, 1))
    return out


def synthesis(code: Tensor, features: list[Tensor], state: State, name: str) -> Tensor:
    """Draw a picture with one of the two generators."""
    x = state[f"{name}.input.input"].repeat(len(code), 1, 1, 1)
    x = styled_conv(x, code, state, f"{name}.conv1")
    flow = rgb = None
    for level, feature in enumerate(features):
        x = styled_conv(x, code, state, f"{name}.convs.{2 * level}", up=True)
        x = styled_conv(x, code, state, f"{name}.convs.{2 * level + 1}")
        warped, x, flow = to_flow(x, code, feature, flow, state, f"{name}.to_flows.{level}")
        rgb = to_rgb(warped, rgb, state, f"{name}.to_rgbs.{level}")
    assert rgb is not None
    return rgb


def residual(x: Tensor, state: State, name: str) -> Tensor:
    """Apply a residual block that halves the size."""
    out = equal_conv(x, state[f"{name}.conv1.0.weight"], padding=1)
    out = leaky(out, state[f"{name}.conv1.1.bias"])
    out = up_fir_down(out, state[f"{name}.conv2.0.kernel"], 1, (2, 2))
    out = equal_conv(out, state[f"{name}.conv2.1.weight"], stride=2)
    out = leaky(out, state[f"{name}.conv2.2.bias"])
    skip = up_fir_down(x, state[f"{name}.skip.0.kernel"], 1, (1, 1))
    skip = equal_conv(skip, state[f"{name}.skip.1.weight"], stride=2)
    return (out + skip) / math.sqrt(2)


def encode(picture: Tensor, state: State) -> tuple[Tensor, list[Tensor]]:
    """Returns the code and the features at 8, 16, ... pixels."""
    name = "enc.net_app.convs"
    x = leaky(equal_conv(picture, state[f"{name}.0.0.weight"]), state[f"{name}.0.1.bias"])
    features = [x]
    block = 1
    while f"{name}.{block}.conv1.0.weight" in state:
        x = residual(x, state, f"{name}.{block}")
        features.append(x)
        block += 1
    code = equal_conv(x, state[f"{name}.{block}.weight"])
    return code.squeeze(-1).squeeze(-1), features[::-1][1:]


def directions(alpha: Tensor, state: State) -> Tensor:
    """Combine the orthonormal directions of motion."""
    basis, _ = torch.linalg.qr(state["dir.weight"] + 1e-8)
    return torch.matmul(torch.diag_embed(alpha), basis.T).sum(dim=1)


def authors_reenact(source: Tensor, driving: Tensor, flag: str, state: State) -> Tensor:
    """What the release returns for its own flag; both pictures are encoded, every time."""
    code, features = encode(source, state)
    driving_code, _ = encode(driving, state)
    direction = directions(chain(driving_code, state, "mlp", 5), state)
    if flag == "exp":
        return synthesis(code + chain(direction, state, "mlp_pose", 3), features, state, "dec_pose")
    if flag == "pose":
        return synthesis(code + chain(direction, state, "mlp_exp", 3), features, state, "dec_exp")
    first = synthesis(code + chain(direction, state, "mlp_pose", 3), features, state, "dec_pose")
    code, features = encode(first, state)
    return synthesis(code + chain(direction, state, "mlp_exp", 3), features, state, "dec_exp")
