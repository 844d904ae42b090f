"""The rig on a GPU: the twins against the rig's own CPU path, the kernels against the twins.

The kernels run on the CPU here (tests/host_launcher.py); the same comparison on a GPU is in
test_gpu_rig.py.
"""

from dataclasses import replace

import numpy as np
import pytest
import torch

from engine.kernels.pictures import Format
from engine.kernels.rig_fast import RigKernels, RigOnDevice
from engine.kernels.rig_frame import RigFrame
from engine.kernels.rig_twins import rig_cover, rig_seam, rig_warp
from engine.motion import Edit
from engine.rig.gpu_frame import rig_frame
from tests.host_launcher import COMPILER, HostLauncher
from tests.rig_made import MOTIONS, made_motion, made_portrait

CPU = torch.device("cpu")
needs_compiler = pytest.mark.skipif(COMPILER is None, reason="g++ is not installed")


@pytest.fixture(scope="module")
def kernels(tmp_path_factory: pytest.TempPathFactory) -> RigKernels:
    return RigKernels(HostLauncher(tmp_path_factory.mktemp("host")))


def test_what_a_processor_rounds_away_moves_no_head() -> None:
    portrait, still = made_portrait(has_layers=True), made_motion("still")
    for shift, moves in ((4e-15, False), (0.1, True)):
        motion = replace(still, shift=np.array([shift, -shift]))
        assert rig_frame(portrait, motion, Edit()).uncovers is moves


@pytest.mark.parametrize("has_layers", [False, True])
@pytest.mark.parametrize("name", MOTIONS)
def test_the_twin_is_the_rigs_own_picture(name: str, has_layers: bool) -> None:
    portrait, motion = made_portrait(has_layers=has_layers), made_motion(name)
    wanted = portrait.render(motion, Edit()).astype(int)
    frame = rig_frame(portrait, motion, Edit())
    found = rig_warp(*portrait.planes(uncovers=frame.uncovers), frame, Format.RGB)
    difference = np.abs(found - wanted)
    # The CPU path works the flow out at every second pixel and rounds what it samples, so pixels
    # at the mesh's inner edges (lids, lips) may come from the other side of the edge. It finds the
    # nearer triangle by pixel, the GPU by triangle: they differ where a face folds.
    assert difference.mean() < 0.6
    assert np.percentile(difference, 99) <= 8


@needs_compiler
@pytest.mark.parametrize("picture_format", Format)
@pytest.mark.parametrize("name", ["turned", "smiling"])
def test_the_kernels_are_their_twins(
    name: str, picture_format: Format, kernels: RigKernels
) -> None:
    portrait, motion = made_portrait(has_layers=True), made_motion(name)
    frame = rig_frame(portrait, motion, Edit())
    person, background = portrait.planes(uncovers=frame.uncovers)
    wanted = rig_warp(person, background, frame, picture_format)
    planes = torch.from_numpy(person), None if background is None else torch.from_numpy(background)
    found = kernels.warp(*planes, RigOnDevice.of(frame, CPU), picture_format).numpy()
    difference = np.abs(found.astype(int) - wanted)
    assert (difference > 1).mean() < 1e-3  # a pixel on an edge may be the other triangle's


@needs_compiler
def test_the_cover_and_the_seam_are_their_twins(kernels: RigKernels) -> None:
    frame = rig_frame(made_portrait(has_layers=False), made_motion("turned"), Edit())
    ids, seam = kernels.cover(RigOnDevice.of(frame, CPU))
    wanted, hull = rig_cover(frame)
    assert (ids.numpy() != wanted).mean() < 1e-3
    np.testing.assert_allclose(seam.numpy(), rig_seam(hull, frame.seam_reach), rtol=0, atol=2e-3)
    assert len(np.unique(wanted)) > 500


def test_the_last_triangle_covers_the_ones_before_it() -> None:
    square = np.array([[0, 0], [8, 0], [0, 8]], np.float32)
    near = np.array([[0, 0], [4, 0], [0, 4]], np.float32)[::-1]  # the other way round
    frame = RigFrame(
        corners=np.stack([square, near]),
        affine=np.zeros((2, 6), np.float32),
        outline=np.array([[5, 5], [9, 5], [9, 9], [5, 9]], np.float32),
        box=(0, 0, 10, 10),
        seam_reach=1,
        field=np.zeros((2, 2, 2), np.float32),
        field_corner=(0, 0),
        spacing=9,
        uncovers=False,
        patches=(),
    )
    ids, hull = rig_cover(frame)
    assert ids[1, 1] == 1
    assert ids[6, 1] == 0
    assert ids[9, 9] == -1
    assert hull[6, 6] == 1
    assert hull[2, 9] == 0


@needs_compiler
def test_what_does_not_fit_is_refused(kernels: RigKernels) -> None:
    frame = rig_frame(made_portrait(has_layers=False), made_motion("turned"), Edit())
    placed = RigOnDevice.of(frame, CPU)
    with pytest.raises(ValueError, match="even height and width"):
        kernels.warp(torch.zeros(255, 256, 4, dtype=torch.uint8), None, placed, Format.RGB)
    with pytest.raises(ValueError, match="person must be contiguous uint8"):
        kernels.warp(torch.zeros(256, 256, 4), None, placed, Format.RGB)
