"""The live step of the cuda runtime in its reference mode: the CPU path, whatever overlaps.

On a GPU the same comparisons run in test_gpu_step.py.
"""

from collections.abc import Sequence

import numpy as np
import pytest
import torch

from engine.dpe.gpu.loaded import DpeNetworks
from engine.dpe.gpu.step import DpeStep, Job, StepConfig
from engine.errors import MachineError
from engine.frame import Pixels
from engine.kernels.pictures import Format
from engine.motion import Mode
from engine.runtimes.cuda_device import Device, ReferenceDevice, open_device
from tests.dpe_wide import wide_weights
from tests.late_device import LateDevice
from tests.step_made import FRAME, OUT, expected, job, setting


def make(device: Device, **changed: object) -> DpeStep:
    sizes = {"frame_height": FRAME[0], "frame_width": FRAME[1], "height": OUT[0], "width": OUT[1]}
    config = StepConfig(**(sizes | changed))  # type: ignore[arg-type] # keywords of many types
    step = DpeStep(DpeNetworks(wide_weights(), device), config)
    for place in range(config.portraits):
        step.enroll(place, setting(place))
    return step


def largest_difference(found: Pixels, wanted: Pixels) -> int:
    return int(np.abs(found.astype(int) - wanted).max())


@pytest.mark.parametrize("mode", ["expression", "pose", "both"])
def test_the_step_is_the_cpu_path_in_every_mode(mode: Mode) -> None:
    step = make(ReferenceDevice(), mode=mode)
    found = step.submit([job(0)]).pictures()
    difference = np.abs(found[0].astype(int) - expected(0, mode=mode))
    # The CPU path rounds its crop to whole levels; older OpenCV also places to 1/32 of a pixel.
    assert difference.mean() < 0.1
    assert difference.max() <= 3


def test_five_runs_in_a_row_are_equal() -> None:
    step = make(ReferenceDevice())
    runs = [step.submit([job(1)]).pictures().copy() for _ in range(5)]
    for later in runs[1:]:
        np.testing.assert_array_equal(later, runs[0])


def test_gains_scale_the_motion() -> None:
    step = make(ReferenceDevice(), mode="both")
    moved, rest = (step.submit([job(0, gain=gain)]).pictures().copy() for gain in (1.0, 0.0))
    assert largest_difference(rest[0], expected(0, mode="both", gain=0.0)) <= 12
    assert np.abs(moved.astype(int) - rest).mean() > 0.4


def test_a_portrait_is_swapped_between_two_frames() -> None:
    step = make(ReferenceDevice())
    before = step.submit([job(0)])
    step.enroll(0, setting(1))
    after = step.submit([job(0)])
    alone = make(ReferenceDevice(), portraits=2).submit([job(0, portrait=1)]).pictures()
    np.testing.assert_array_equal(after.pictures(), alone)
    assert np.abs(before.pictures().astype(int) - after.pictures()).mean() > 5


@pytest.mark.slow
def test_a_batch_of_any_size_is_each_frame_alone() -> None:
    step = make(ReferenceDevice(), portraits=3, largest_batch=8)
    jobs = [job(index, portrait=index % 3) for index in range(8)]
    alone = [step.submit([one]).pictures()[0].copy() for one in jobs]
    for batch in range(2, 9):
        together = step.submit(jobs[:batch]).pictures()
        assert len(together) == batch
        for one, other in zip(together, alone, strict=False):
            assert largest_difference(one, other) <= 1


@pytest.mark.parametrize("picture_format", [Format.I420, Format.NV12])
def test_what_goes_to_an_encoder_is_the_same_picture(picture_format: Format) -> None:
    rgb = make(ReferenceDevice()).submit([job(0)]).pictures()[0]
    step = make(ReferenceDevice(), picture_format=picture_format)
    yuv = step.submit([job(0)]).pictures()[0]
    assert yuv.shape == (OUT[0] * 3 // 2, OUT[1])
    luma = 16 + rgb @ np.array([0.2126, 0.7152, 0.0722]) * 219 / 255
    assert np.abs(yuv[: OUT[0]] - luma).max() < 1.1


def streamed(device: Device, jobs: Sequence[Job]) -> list[Pixels]:
    """Two batches always on their way, the results taken as late as they may be."""
    step = make(device, portraits=2, largest_batch=2)
    results: list[Pixels] = []
    on_their_way = []
    for index, one in enumerate(jobs):
        if index == len(jobs) // 2:
            step.enroll(1, setting(5))
        batch = [one, jobs[(index + 1) % len(jobs)]][: 1 + index % 2]
        on_their_way.append(step.submit(batch))
        if len(on_their_way) == 2:
            results += list(on_their_way.pop(0).pictures().copy())
    return results + list(on_their_way.pop().pictures().copy())


@pytest.mark.slow
def test_lanes_that_overlap_give_the_same_pictures() -> None:
    jobs = [job(index, portrait=index % 2) for index in range(4)]
    wanted = streamed(ReferenceDevice(), jobs)
    orders = set()
    for seed in range(4):
        device = LateDevice(seed)
        found = streamed(device, jobs)
        assert len(found) == len(wanted)
        for one, other in zip(found, wanted, strict=True):
            np.testing.assert_array_equal(one, other)
        orders.add("".join(lane[0] for lane in device.order))
    # They did overlap: an upload went before the download of the batch before it.
    assert any("uu" in order or "cud" in order for order in orders)


def test_what_does_not_fit_the_step_is_refused() -> None:
    step = make(ReferenceDevice(), portraits=2, largest_batch=2)
    with pytest.raises(ValueError, match=r"1\.\.2 frames, got 3"):
        step.submit([job(0)] * 3)
    with pytest.raises(ValueError, match=r"portrait must be in \[0, 2\), got 2"):
        step.submit([job(0, portrait=2)])
    wrong = Job(frame=np.zeros((8, 8, 3), np.uint8), crop_to_frame=job(0).crop_to_frame)
    with pytest.raises(ValueError, match="frame must be"):
        step.submit([wrong])
    with pytest.raises(ValueError, match=r"place must be in \[0, 2\), got 9"):
        step.enroll(9, setting(0))
    with pytest.raises(ValueError, match="must be even"):
        make(ReferenceDevice(), height=61)
    some = make(ReferenceDevice(), largest_batch=2, batches=(2,))
    with pytest.raises(ValueError, match=r"batches of \(2,\) are recorded, got 1"):
        some.submit([job(0)])
    assert len(some.submit([job(0)] * 2).pictures()) == 2
    with pytest.raises(ValueError, match=r"batches must be in 1\.\.2, got \(1, 4\)"):
        make(ReferenceDevice(), largest_batch=2, batches=(1, 4))
    with pytest.raises(ValueError, match=r"largest_batch must be 1\.\.8"):
        make(ReferenceDevice(), largest_batch=9)


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
def test_without_a_gpu_the_gpu_mode_says_so() -> None:
    with pytest.raises(MachineError, match="torch sees no NVIDIA GPU here"):
        open_device("gpu")
    with pytest.raises(MachineError, match="gpu or reference"):
        open_device("cpu")
