"""LPIPS: nothing for equal pictures, more for more blur, and the arithmetic of its paper."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from benchmarks.lpips import Lpips, spatial_distance, unit_length
from engine.errors import InputError
from tests.faces_made import textured

MODELS = Path(__file__).parents[2] / "shared" / "models"
SQUEEZENET, LINEAR = (
    MODELS / "squeezenet1_1_torchvision_fp16.pth",
    MODELS / "lpips_v0.1_squeeze.pth",
)
needs_weights = pytest.mark.skipif(
    not SQUEEZENET.is_file() or not LINEAR.is_file(), reason="../shared/models is missing"
)


@pytest.fixture(scope="module")
def lpips() -> Lpips:
    return Lpips(SQUEEZENET, LINEAR)


def test_two_layers_are_weighed_enlarged_and_summed() -> None:
    """By hand: 2 * 1^2 + 3 * 1^2 everywhere, and 4 * (0.6^2, 0) between two columns."""
    first = [torch.tensor([1.0, 0.0]).view(1, 2, 1, 1), torch.tensor([0.6, 0.2]).view(1, 1, 1, 2)]
    second = [torch.tensor([0.0, 1.0]).view(1, 2, 1, 1), torch.tensor([0.0, 0.2]).view(1, 1, 1, 2)]
    weights = [torch.tensor([2.0, 3.0]).view(1, 2, 1, 1), torch.tensor([4.0]).view(1, 1, 1, 1)]
    found = spatial_distance(first, second, weights, (1, 4))[0, 0]
    # Bilinear, pixel centres at halves: the outer columns are the values, the inner a quarter in.
    by_hand = 5.0 + 1.44 * torch.tensor([[1.0, 0.75, 0.25, 0.0]])
    torch.testing.assert_close(found, by_hand)


def test_features_are_compared_by_direction_alone() -> None:
    features = torch.tensor([[3.0, 4.0], [0.0, 0.0]]).T.reshape(1, 2, 1, 2)
    expected = torch.tensor([[0.6, 0.8], [0.0, 0.0]]).T.reshape(1, 2, 1, 2)
    torch.testing.assert_close(unit_length(features), expected)


@needs_weights
def test_equal_pictures_are_not_apart(lpips: Lpips) -> None:
    features = lpips.features(textured(96))
    assert lpips.between(features, features, (96, 96)).max() == 0.0


@needs_weights
def test_blur_grows_and_stays_where_it_is(lpips: Lpips) -> None:
    sharp = np.random.default_rng(1).integers(0, 256, (128, 128, 3), np.uint8)
    right = lpips.features(sharp)
    maps = []
    for deviation in (0.5, 1.0, 3.0):
        picture = sharp.copy()
        picture[:, :48] = cv2.GaussianBlur(sharp, (0, 0), deviation)[:, :48]
        maps.append(lpips.between(lpips.features(picture), right, (128, 128)))
    means = [float(apart.mean()) for apart in maps]
    assert 0.01 < means[0] < means[1] < means[2]
    assert all(apart[:, :48].mean() > 3 * apart[:, 96:].mean() for apart in maps)


@pytest.mark.parametrize("content", [b"nothing", None])
def test_files_that_are_something_else_are_named(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "linear.pth"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match="squeezenet1_1"):
        Lpips(path, path)


@needs_weights
def test_the_wrong_linear_layers_are_refused(tmp_path: Path) -> None:
    state = {f"lin{k}.model.1.weight": torch.zeros(1, 3, 1, 1) for k in range(7)}
    torch.save(state, tmp_path / "linear.pth")
    with pytest.raises(InputError, match="linear layers for SqueezeNet: other shapes"):
        Lpips(SQUEEZENET, tmp_path / "linear.pth")
