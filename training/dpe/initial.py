"""Weights to begin with: the first pictures are nearly the portrait, so there is something to mend.

With StyleGAN2's own, the flows are random and of half the picture. After 100 steps at 32 pixels the
self pairs were at 20.4 instead of 15.2 dB (one run each). And a product of eight random matrices
hands on a few directions of a code and hardly the others; one of identities hands on all alike.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from engine.dpe.nets.dpe import DPE
from engine.stylegan.layers import EqualConv, EqualLinear, typed
from training.dpe.losses import ReadingHeads

_FLOW, _MOTION = 0.05, 0.3
_MASK = 1.0
_LOUD = 0.35
"""Root mean square of a picture's own code and of each motion code before anything is drawn. Of an
encoder that had learned to read they were 1.1 and 0.1, and flows soon left the picture."""
_FEATURES = 0.55
"""Deviation of the features that fresh colours are made for."""


@torch.no_grad()
def begin_gently(model: DPE) -> None:
    """Shrink flows and motion codes, open the masks, and let the linear chains hand on all."""
    _hand_on(model.projection)
    for branch in (model.expression, model.pose):
        for flow in branch.generator.flows:
            flow.conv.weight.mul_(_FLOW)
        branch.generator.flows[0].bias[0, 2] = _MASK
        _hand_on(branch.motion)
        typed(branch.motion, EqualLinear)[-1].weight.mul_(_MOTION)


@torch.no_grad()
def begin_anew(networks: nn.ModuleDict, pictures: Tensor) -> None:
    """Fresh generators for an encoder that reads; what is read of a picture stays the same.

    Args:
        networks: of `task.networks_of`. Encoder and chains are kept, but for the loudness of what
            they give; the heads that read along are kept in tune.
        pictures: (M, 3, S, S) in -1..1, on any device.
    """
    model = networks["dpe"]
    assert isinstance(model, DPE)
    pictures = pictures.to(next(model.parameters()).device)
    heads = dict(networks.items()).get("reading")
    assert heads is None or isinstance(heads, ReadingHeads)
    code, features = model.encode(pictures)
    quieter = _LOUD / _loudness(code)
    model.encoder.net_app.last.weight.mul_(quieter)
    typed(model.projection, EqualLinear)[0].weight.div_(quieter)
    if heads is not None:
        heads.boxes.weight.div_(quieter)
    codes = model.motion(code * quieter)
    read = (None, None) if heads is None else (heads.expression, heads.pose)
    for branch, motion, head in zip((model.expression, model.pose), codes, read, strict=True):
        louder = _LOUD / _loudness(motion)
        last = typed(branch.motion, EqualLinear)[-1]
        last.weight.mul_(louder)
        last.bias.mul_(louder)
        if head is not None:
            head.weight.div_(louder)
    _draw_afresh(model, features)


def _draw_afresh(model: DPE, features: Sequence[Tensor]) -> None:
    """The same generators whatever was drawn at random before, and colours for these features."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        fresh = DPE(model.layout)
    begin_gently(fresh)
    for mine, theirs in ((model.expression, fresh.expression), (model.pose, fresh.pose)):
        mine.generator.load_state_dict(theirs.generator.state_dict())
        for rgb, feature in zip(mine.generator.rgbs, features, strict=True):
            typed([rgb.conv[0]], EqualConv)[0].weight.mul_(_FEATURES / _loudness(feature))


def _loudness(x: Tensor) -> float:
    return max(float(x.square().mean().sqrt()), 1e-6)


def _hand_on(chain: nn.Sequential) -> None:
    """Make each map the identity, or an orthonormal one to fewer numbers."""
    for layer in typed(chain, EqualLinear):
        outputs, inputs = layer.weight.shape
        basis = torch.linalg.qr(layer.weight.T)[0].T if outputs < inputs else torch.eye(inputs)
        layer.weight.copy_(basis * math.sqrt(inputs))
