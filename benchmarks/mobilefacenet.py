"""CSIM: how alike two faces are to a network that recognises people.

MobileFaceNet (Chen 2018, arXiv 1804.07573, Table 1) in the form of foamliu/MobileFaceNet, whose
weights are Apache-2.0 but were trained on faces for research only: for measuring, never for
training or shipping. It sees crops of 112 px laid over ArcFace's five points, ImageNet-normalised.
"""

from pathlib import Path
from pickle import UnpicklingError

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from engine.errors import InputError
from engine.faces.face import Face
from engine.frame import Pixels
from engine.geometry import fit_similarity
from engine.rig.landmarks import LEFT_EYE, RIGHT_EYE

Identity = NDArray[np.float32]
"""(128,), of length one."""

_SIDE_PX = 112

_POINTS = np.array(
    [
        [38.2946, 51.6963],
        [73.5318, 51.5014],
        [56.0252, 71.7366],
        [41.5493, 92.3655],
        [70.7299, 92.2041],
    ]
)
"""ArcFace's: eyes, tip of the nose, corners of the mouth; each from the picture's left."""

_NOSE, _MOUTH_RIGHT, _MOUTH_LEFT = 1, 61, 291

_STAGES = ((2, 64, 5, 2), (4, 128, 1, 2), (2, 128, 6, 1), (4, 128, 1, 2), (2, 128, 2, 1))
"""Expansion, channels, blocks, stride of the first."""

_MEAN = np.array([0.485, 0.456, 0.406], np.float32)
_DEVIATION = np.array([0.229, 0.224, 0.225], np.float32)


class Recogniser:
    """Turns a face into its identity."""

    def __init__(self, weights: Path) -> None:
        """`weights`: the state dict.

        Raises:
            InputError: the file is missing or something else.
        """
        self._network = _MobileFaceNet()
        try:
            state = torch.load(weights, map_location="cpu", weights_only=True)
            self._network.load_state_dict(state)
        except (OSError, RuntimeError, TypeError, ValueError, UnpicklingError) as error:
            raise InputError(f"{weights} is not MobileFaceNet's state dict: {error}") from None
        self._network.eval()

    def identity(self, picture: Pixels, face: Face) -> Identity:
        """Of the face in a picture."""
        light = (aligned(picture, face).astype(np.float32) / 255.0 - _MEAN) / _DEVIATION
        with torch.inference_mode():
            found = self._network(torch.from_numpy(light).permute(2, 0, 1)[None])[0].numpy()
        return np.asarray(found / np.linalg.norm(found), np.float32)


def csim(first: Identity, second: Identity) -> float:
    """Cosine of two identities: 1 for the same picture, around 0 for strangers."""
    return float(first @ second)


def aligned(picture: Pixels, face: Face) -> Pixels:
    """(112, 112, 3): the face with its five points where the network expects them."""
    points = face.landmarks[:, :2].astype(np.float64)
    eyes = [points[eye.contour].mean(axis=0) for eye in (RIGHT_EYE, LEFT_EYE)]
    found = np.array([*eyes, points[_NOSE], points[_MOUTH_RIGHT], points[_MOUTH_LEFT]])
    flat = [np.hstack([five, np.zeros((5, 1))]) for five in (found, _POINTS)]
    moved = fit_similarity(flat[0], flat[1], np.ones(5))
    affine = np.hstack([moved.scale * moved.rotation[:2, :2], moved.translation[:2, None]])
    # Reduced by several times, a picture needs its finest detail taken out first.
    blur = max(0.5 / moved.scale - 0.5, 0.0)
    smooth = cv2.GaussianBlur(picture, (0, 0), blur) if blur > 0.1 else picture
    return np.asarray(cv2.warpAffine(smooth, affine, (_SIDE_PX, _SIDE_PX)), np.uint8)


class _MobileFaceNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv1 = _conv(3, 64, 3, stride=2)
        self.dw_conv = _Separable()
        blocks, channels = [], 64
        for expansion, out, count, stride in _STAGES:
            for k in range(count):
                blocks.append(_Bottleneck(channels, out, stride if k == 0 else 1, expansion))
                channels = out
        self.features = nn.Sequential(*blocks)
        self.conv2 = _conv(channels, 512, 1)
        self.gdconv = _Global()
        self.conv3 = nn.Conv2d(512, 128, 1)
        self.bn = nn.BatchNorm2d(128)

    def forward(self, x: Tensor) -> Tensor:
        """(N, 3, 112, 112) -> (N, 128)."""
        x = self.conv2(self.features(self.dw_conv(self.conv1(x))))
        found: Tensor = self.bn(self.conv3(self.gdconv(x)))
        return found.flatten(1)


def _conv(inputs: int, outputs: int, side: int, stride: int = 1, groups: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, side, stride, side // 2, groups=groups, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU6(),
    )


class _Separable(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.depthwise = nn.Conv2d(64, 64, 3, padding=1, groups=64, bias=False)
        self.pointwise = nn.Conv2d(64, 64, 1, bias=False)
        self.bn1, self.bn2 = nn.BatchNorm2d(64), nn.BatchNorm2d(64)

    def forward(self, x: Tensor) -> Tensor:
        x = torch.relu(self.bn1(self.depthwise(x)))
        return torch.relu(self.bn2(self.pointwise(x)))


class _Bottleneck(nn.Module):
    def __init__(self, inputs: int, outputs: int, stride: int, expansion: int) -> None:
        super().__init__()
        inner = inputs * expansion
        self.conv = nn.Sequential(
            _conv(inputs, inner, 1),
            _conv(inner, inner, 3, stride, groups=inner),
            nn.Conv2d(inner, outputs, 1, bias=False),
            nn.BatchNorm2d(outputs),
        )
        self._is_residual = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        found: Tensor = self.conv(x)
        return x + found if self._is_residual else found


class _Global(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.depthwise = nn.Conv2d(512, 512, 7, groups=512, bias=False)
        self.bn = nn.BatchNorm2d(512)

    def forward(self, x: Tensor) -> Tensor:
        found: Tensor = self.bn(self.depthwise(x))
        return found
