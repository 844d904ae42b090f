"""The appearance encoder: who is shown, as a code and a map. A ResNeXt-50 32x4d (torchvision's)."""

from torch import Tensor, nn
from torch.nn import functional as F

BLOCKS = (3, 4, 6, 3)
GROUPS = 32
EXPANSION = 4


class Bottleneck(nn.Module):
    """1 x 1, grouped 3 x 3, 1 x 1, and a skip."""

    def __init__(self, inputs: int, planes: int, *, stride: int, project: bool) -> None:
        super().__init__()
        width, outputs = planes * 2, planes * EXPANSION
        self.conv1 = nn.Conv2d(inputs, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride, 1, groups=GROUPS, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, outputs, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(outputs)
        self.downsample: nn.Module = nn.Identity()
        if project:
            self.downsample = nn.Sequential(
                nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs)
            )

    def forward(self, x: Tensor) -> Tensor:
        """(N, inputs, h, w) -> (N, 4 planes, h / stride, w / stride)."""
        out = F.relu(self.bn1(self.conv1(x)))
        out = F.relu(self.bn2(self.conv2(out)))
        return F.relu(self.bn3(self.conv3(out)) + self.downsample(x))


class ResNeXt(nn.Module):
    """Without its classifier."""

    def __init__(self, stem: int) -> None:
        """`stem` channels at first; a stage's bottleneck is twice as wide, and doubles."""
        super().__init__()
        self.conv1 = nn.Conv2d(3, stem, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(stem)
        inputs = stem
        for stage, count in enumerate(BLOCKS):
            planes, stride = stem * 2**stage, 1 if stage == 0 else 2
            blocks = [Bottleneck(inputs, planes, stride=stride, project=True)]
            inputs = planes * EXPANSION
            blocks += [
                Bottleneck(inputs, planes, stride=1, project=False) for _ in range(count - 1)
            ]
            self.add_module(f"layer{stage + 1}", nn.Sequential(*blocks))

    def forward(self, picture: Tensor) -> Tensor:
        """(N, 3, 224, 224) -> (N, 2048, 7, 7)."""
        x = F.max_pool2d(F.relu(self.bn1(self.conv1(picture))), 3, 2, 1)
        for stage in range(len(BLOCKS)):
            x = self.get_submodule(f"layer{stage + 1}")(x)
        return x


class AppearanceEncoder(nn.Module):
    """Once per portrait."""

    def __init__(self, stem: int, start: int) -> None:
        """`start`: channels of the map."""
        super().__init__()
        self.model = ResNeXt(stem)
        self.conv1x1 = nn.Conv2d(32 * stem, start, 1)

    def forward(self, picture: Tensor) -> tuple[Tensor, Tensor]:
        """(N, 3, 224, 224) in [-1, 1] -> code (N, 2048), map (N, 512, 7, 7)."""
        features = self.model(picture)
        return features.mean((2, 3)), self.conv1x1(features)
