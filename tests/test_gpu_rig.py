"""The rig's kernels on the GPU against their twins."""

import numpy as np
import pytest
import torch

from engine.kernels.launch import CudaLauncher
from engine.kernels.pictures import Format
from engine.kernels.rig_fast import RigKernels, RigOnDevice
from engine.kernels.rig_twins import rig_cover, rig_seam, rig_warp
from engine.motion import Edit
from engine.rig.gpu_frame import rig_frame
from tests.gpu_here import NEEDS_GPU, poisoned
from tests.rig_made import MOTIONS, made_motion, made_portrait

pytestmark = NEEDS_GPU


@pytest.mark.parametrize("picture_format", Format)
@pytest.mark.parametrize("has_layers", [False, True])
@pytest.mark.parametrize("name", MOTIONS)
def test_the_warp_is_its_twin_five_times(
    name: str, has_layers: bool, picture_format: Format
) -> None:
    portrait, kernels = made_portrait(has_layers=has_layers), RigKernels(CudaLauncher())
    frame = rig_frame(portrait, made_motion(name), Edit())
    person, background = portrait.planes(uncovers=frame.uncovers)
    wanted = rig_warp(person, background, frame, picture_format)
    behind = None if background is None else torch.from_numpy(background).cuda()
    with poisoned():
        placed = RigOnDevice.of(frame, torch.device("cuda"))
        given = torch.from_numpy(person).cuda(), behind, placed, picture_format
        runs = [kernels.warp(*given).cpu().numpy() for _ in range(5)]
    # A pixel on an edge may be the other triangle's.
    assert (np.abs(runs[0].astype(int) - wanted) > 1).mean() < 2e-3
    for later in runs[1:]:
        np.testing.assert_array_equal(later, runs[0])


def test_the_cover_and_the_seam_are_their_twins() -> None:
    frame = rig_frame(made_portrait(has_layers=False), made_motion("turned"), Edit())
    ids, seam = RigKernels(CudaLauncher()).cover(RigOnDevice.of(frame, torch.device("cuda")))
    wanted, hull = rig_cover(frame)
    assert (ids.cpu().numpy() != wanted).mean() < 1e-3
    np.testing.assert_allclose(seam.cpu(), rig_seam(hull, frame.seam_reach), rtol=0, atol=2e-3)
