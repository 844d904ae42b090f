"""What every tensor of a bundle must be for one picture, by the unfolded networks in float64."""

import copy

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from engine.dpe.nets.dpe import DPE
from engine.stylegan.layers import GAIN


def example_pictures(size: int, *, count: int = 2, seed: int = 7) -> Tensor:
    """(count, 3, size, size): smooth colours in [-1, 1], as busy as a face."""
    generator = np.random.Generator(np.random.PCG64(seed))
    coarse = torch.from_numpy(generator.standard_normal((count, 3, 16, 16)))
    smooth = F.interpolate(coarse, size=(size, size), mode="bicubic", align_corners=False)
    return smooth.clamp(-2, 2) / 2


def exact_tensors(model: DPE) -> dict[str, Tensor]:
    """All inputs and outputs of the graphs, float64, batch 1.

    The portrait is one picture, the driving picture another; the outputs of the generators are
    named `drawn_expression` and `drawn_pose`.
    """
    model = copy.deepcopy(model).double()
    pictures = example_pictures(model.layout.size)
    portrait, driving = pictures[:1], pictures[1:]
    with torch.inference_mode():
        code, features = model.encode(portrait)
        expression, pose = model.motion(model.encode(driving)[0])
        found = {"portrait": portrait, "driving": driving, "code": code}
        found |= {"expression": expression, "pose": pose}
        for kind, branch, motion in (
            ("expression", model.expression, expression),
            ("pose", model.pose, pose),
        ):
            found[f"drawn_{kind}"] = model.draw(branch, motion, code, features)
            for feature, rgb in zip(features, branch.generator.rgbs, strict=True):
                colour = F.conv2d(feature, rgb.conv.scaled) * GAIN
                found[f"{kind}_colour_{feature.shape[-1]}"] = colour
        found |= {f"feature_{feature.shape[-1]}": feature for feature in features}
    return found
