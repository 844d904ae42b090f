"""The picture kernels: each twin against the CPU path's OpenCV, each kernel against its twin.

The kernels run on the CPU here (tests/host_launcher.py); the same comparisons on a GPU are in
test_gpu_kernels.py.
"""

import numpy as np
import pytest
import torch

from engine.compositing import Backdrop
from engine.faces.crop import CropBox
from engine.kernels.pictures import BT601, BT709, Format, crop_place, inverted
from engine.kernels.pictures_fast import PictureKernels
from engine.kernels.pictures_twins import PictureTwins, encoded
from stream.files.colours import YuvWriter
from tests.host_launcher import COMPILER, HostLauncher
from tests.pictures_made import MadePaste, nv12, photo, places_of

needs_compiler = pytest.mark.skipif(COMPILER is None, reason="g++ is not installed")
TWINS = PictureTwins()


@pytest.fixture(scope="module")
def kernels(tmp_path_factory: pytest.TempPathFactory) -> PictureKernels:
    return PictureKernels(HostLauncher(tmp_path_factory.mktemp("host")))


BOXES = (
    CropBox(x=100.3, y=80.7, side=50.0),  # enlarged
    CropBox(x=100.0, y=90.0, side=90.0),  # about the same size
    CropBox(x=20.0, y=150.0, side=180.0),  # twice as dense, beyond two borders
    CropBox(x=130.0, y=70.0, side=260.0),  # the whole and more
)


@pytest.mark.parametrize("box", BOXES, ids=str)
def test_the_crop_is_the_one_the_cpu_path_cuts(box: CropBox) -> None:
    frame, size = photo(180, 240), 64
    wanted = box.cut(frame, size)
    place = crop_place(box.crop_to_frame(size), size, 180, 240)
    found = TWINS.crop(torch.from_numpy(frame)[None], torch.from_numpy(place)[None], size)
    levels = (found[0, :3].permute(1, 2, 0).numpy() + 1) * 127.5
    # OpenCV finds places to 1/32 of a pixel and rounds to whole levels.
    assert np.abs(levels - wanted).mean() < 0.7
    assert np.abs(levels - wanted).max() < 6
    assert found[0, 3:].abs().max() == 0


@needs_compiler
@pytest.mark.parametrize("is_nv12", [False, True])
def test_the_crop_kernel_is_its_twin(is_nv12: bool, kernels: PictureKernels) -> None:
    frames = np.stack([photo(180, 240, seed=seed) for seed in range(len(BOXES))])
    given = torch.from_numpy(nv12(frames) if is_nv12 else frames)
    places = places_of(BOXES, 32, 180, 240)
    found, wanted = (k.crop(given, places, 32) for k in (kernels, TWINS))
    assert found.is_contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(found.float(), wanted, rtol=0, atol=2e-3)


def test_nv12_gives_the_picture_that_its_rgb_gives() -> None:
    frames = photo(64, 96, blur=5)[None]  # colour is stored at half the size
    place = places_of([CropBox(x=40, y=30, side=48)], 48, 64, 96)
    from_rgb = TWINS.crop(torch.from_numpy(frames), place, 48)
    from_nv12 = TWINS.crop(torch.from_numpy(nv12(frames)), place, 48)
    assert (from_rgb - from_nv12).abs().max() * 127.5 < 6


def test_the_paste_is_the_one_of_the_cpu_path() -> None:
    made = MadePaste(1)
    matrix = np.array([[1.7, 0.0, 12.3], [0.0, 1.7, -8.6]])
    crop_mask = made.crop_masks[0]
    levels = (made.pictures[0].clamp(-1, 1).permute(1, 2, 0).numpy() + 1) * 127.5
    backdrop = Backdrop(made.behind[0].numpy(), matrix, crop_mask)
    wanted = backdrop.paste(np.ascontiguousarray(levels))
    mask = torch.from_numpy(backdrop.mask())[None]
    out = torch.empty_like(made.behind)
    place = torch.from_numpy(inverted(matrix))[None]
    TWINS.paste(made.pictures, made.behind, mask, place, out, Format.RGB)
    error = np.abs(out[0].numpy().astype(int) - wanted)
    assert error.mean() < 0.3
    assert error.max() <= 6


@needs_compiler
@pytest.mark.parametrize("matrix", [BT601, BT709])
@pytest.mark.parametrize("picture_format", Format)
def test_the_paste_kernel_is_its_twin(
    picture_format: Format, matrix: tuple[float, float], kernels: PictureKernels
) -> None:
    made = MadePaste(3)
    found, wanted = made.out(picture_format), made.out(picture_format)
    which = torch.tensor([2, 0, 1], dtype=torch.int32)
    kernels.paste(*made.given, found, picture_format, which, matrix=matrix)
    TWINS.paste(*made.given, wanted, picture_format, which, matrix=matrix)
    difference = (found.int() - wanted.int()).abs()
    assert difference.max() <= 1  # a half may be rounded either way
    assert (difference > 0).float().mean() < 0.01


def test_yuv_is_what_the_encoders_converter_makes() -> None:
    picture = photo(64, 96, blur=5)
    wanted = YuvWriter().picture(picture).to_ndarray()
    rgb = torch.from_numpy(picture).permute(2, 0, 1)[None].float()
    found = encoded(rgb, Format.I420, BT709)[0].numpy().astype(int)
    # The converter's colour lies between two columns' middle and the left one.
    assert np.abs(found - wanted).max() <= 3
    assert np.abs(found[:64] - wanted[:64]).max() <= 1
