"""Every kernel on the GPU against its twin in float32, and in a CUDA graph on another stream."""

from collections.abc import Iterator

import numpy as np
import pytest
import torch

from engine.kernels.fast import Kernels
from engine.kernels.launch import CudaLauncher
from engine.kernels.pictures import BT601, Format, crop_place
from engine.kernels.pictures_fast import PictureKernels
from engine.kernels.pictures_twins import PictureTwins
from engine.kernels.twins import Twins
from tests.gpu_here import NEEDS_GPU, poisoned
from tests.kernels_made import CASES, SHAPES, Made, compare

pytestmark = NEEDS_GPU

REAL = ((1, 512, 32, 32), (2, 256, 64, 64), (1, 128, 128, 128), (2, 64, 256, 256))
"""Sizes of the released networks' levels."""
TWINS = Twins()


@pytest.fixture(scope="module")
def launcher() -> CudaLauncher:
    return CudaLauncher()


@pytest.fixture(autouse=True)
def _poisoned() -> Iterator[None]:
    with poisoned():
        yield


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("shape", SHAPES + REAL, ids=str)
@pytest.mark.parametrize("name", CASES)
def test_each_kernel_is_its_twin(
    name: str, shape: tuple[int, int, int, int], seed: int, launcher: CudaLauncher
) -> None:
    compare(CASES[name], Kernels(launcher), TWINS, Made(shape, seed=seed, device="cuda"))


@pytest.mark.parametrize("name", CASES)
def test_five_runs_are_equal_to_the_last_bit(name: str, launcher: CudaLauncher) -> None:
    made, kernels = Made((2, 256, 64, 64), device="cuda"), Kernels(launcher)
    first = CASES[name](kernels, made)
    for _ in range(4):
        for one, other in zip(CASES[name](kernels, made), first, strict=True):
            assert one is not None
            assert other is not None
            assert torch.equal(one, other)


@pytest.mark.parametrize("name", CASES)
def test_a_recorded_kernel_sees_new_contents(name: str, launcher: CudaLauncher) -> None:
    made, fresh = (Made((2, 64, 32, 32), seed=seed, device="cuda") for seed in (1, 2))
    kernels = Kernels(launcher)
    CASES[name](kernels, made)
    torch.cuda.synchronize()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        recorded = CASES[name](kernels, made)
    for kept, new in zip(vars(made).values(), vars(fresh).values(), strict=True):
        if isinstance(kept, torch.Tensor):
            kept.copy_(new)
    for field in ("flat", "rows"):
        getattr(made.energies, field).copy_(getattr(fresh.energies, field))
    graph.replay()
    torch.cuda.synchronize()
    for found, wanted in zip(recorded, CASES[name](kernels, fresh), strict=True):
        assert found is not None
        assert wanted is not None
        assert torch.equal(found, wanted)


def test_flows_that_are_not_finite_stay_inside(launcher: CudaLauncher) -> None:
    made, kernels = Made((1, 64, 32, 32), device="cuda"), Kernels(launcher)
    for value in (float("nan"), float("inf"), -float("inf"), 1e30):
        delta = torch.full_like(made.delta, value)
        kernels.flow_warp_blend(made.feature, made.x, delta, None)
        kernels.warp_colours(made.colour, delta, None, made.rgb_bias1, made.rgb_bias2, None)
    torch.cuda.synchronize()  # a read outside would be reported here


@pytest.mark.parametrize("is_nv12", [False, True])
@pytest.mark.parametrize("height", [180, 720])
def test_the_crop_is_its_twin(height: int, is_nv12: bool, launcher: CudaLauncher) -> None:
    pytest.importorskip("cv2")
    from tests.pictures_made import nv12, photo

    width = height * 4 // 3
    frames = np.stack([photo(height, width, seed=seed) for seed in range(3)])
    given = torch.from_numpy(nv12(frames) if is_nv12 else frames).cuda()
    scales = (height / 256 * 0.3, height / 256 * 0.9, height / 256 * 2.5)
    rows = []
    for scale in scales:
        matrix = np.array([[scale, 0.0, 7.3], [0.0, scale, -5.1]])
        rows.append(crop_place(matrix, 256, height, width))
    places = torch.from_numpy(np.stack(rows)).cuda()
    found = PictureKernels(launcher).crop(given, places, 256)
    wanted = PictureTwins().crop(given, places, 256)
    torch.testing.assert_close(found.float(), wanted, rtol=0, atol=2e-3)


@pytest.mark.parametrize("picture_format", Format)
def test_the_paste_is_its_twin(picture_format: Format, launcher: CudaLauncher) -> None:
    pytest.importorskip("cv2")
    from tests.pictures_made import MadePaste

    made = MadePaste(3, device="cuda")
    found, wanted = made.out(picture_format), made.out(picture_format)
    which = torch.tensor([2, 0, 1], dtype=torch.int32, device="cuda")
    PictureKernels(launcher).paste(*made.given, found, picture_format, which, matrix=BT601)
    PictureTwins().paste(*made.given, wanted, picture_format, which, matrix=BT601)
    difference = (found.int() - wanted.int()).abs()
    assert difference.max() <= 1
    assert (difference > 0).float().mean() < 0.01
