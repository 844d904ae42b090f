"""DPE's live step behind the family's protocol, in its reference mode: the same pictures.

What it runs on a GPU is compared in test_gpu_step.py.
"""

import gc
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from engine.dpe.gpu.weights import DpeWeights
from engine.dpe.graphs import DpeGraphs
from engine.dpe.model import DpeModel
from engine.dpe.on_gpu import GpuDpeModel, GpuMotion
from engine.errors import BundleError, InputError
from engine.faces.face import Face
from engine.frame import Frame, Pixels
from engine.model import Model
from engine.motion import Edit, Mode
from engine.reenactor import Reenactor
from engine.runtimes.base import Array, Arrays, Graph
from engine.runtimes.cuda_device import ReferenceDevice, Work
from export.plans import plans
from tests.dpe_wide import WIDE, wide_dpe, wide_weights
from tests.faces_made import made_face, textured

SQUARE = 96
EXPRESSION = Edit(mode="expression")


class ModuleGraph(Graph):
    """A graph of a bundle, run by the module it is exported from."""

    def __init__(self, module: nn.Module, inputs: list[str], outputs: list[str]) -> None:
        self._module, self._inputs, self._outputs = module, inputs, outputs

    @contextmanager
    def borrow(self, inputs: Arrays) -> Iterator[dict[str, Array]]:
        with torch.no_grad():
            found = self._module(*(torch.tensor(inputs[name]) for name in self._inputs))
        results = found if isinstance(found, tuple) else (found,)
        yield {n: r.numpy() for n, r in zip(self._outputs, results, strict=True)}


def cpu_model() -> DpeModel:
    graphs: dict[str, Any] = {
        plan.name: ModuleGraph(plan.module, list(plan.inputs), list(plan.outputs))
        for plan in plans(wide_dpe(), precision="fp32")
    }
    return DpeModel(DpeGraphs(graphs, WIDE.size))


@pytest.fixture(scope="module")
def model() -> GpuDpeModel:
    return GpuDpeModel(wide_weights(), ReferenceDevice())


def square(seed: int = 3) -> tuple[Pixels, Face]:
    return textured(SQUARE, seed), made_face(SQUARE, scale=1.15)


def whole(seed: int = 3) -> tuple[Pixels, Face]:
    """A face amid a larger picture."""
    return np.ascontiguousarray(textured(160, seed)[:, :150]), made_face(160, scale=0.6)


DRIVING = textured(128, 9), made_face(128, yaw=6.0, jawOpen=0.6)


@pytest.mark.parametrize(
    ("portrait", "mode"),
    [(square, "expression"), (square, "pose"), (square, "both"), (whole, "expression")],
)
def test_it_draws_what_the_cpu_path_draws(
    portrait: Callable[[], tuple[Pixels, Face]], mode: Mode, model: GpuDpeModel
) -> None:
    edit = Edit(mode=mode, gains={"pose": 0.7})
    results = []
    for one in (cpu_model(), model):
        made: Any = one
        motion = made.driver().read(*DRIVING, 0)
        results.append(made.enroll(*portrait()).render(motion.eased(0.25), edit).astype(int))
    assert results[0].shape == results[1].shape
    assert np.abs(results[0] - results[1]).max() <= 2
    assert np.abs(results[0] - results[1]).mean() < 0.05


def test_portraits_take_turns_on_one_step(model: GpuDpeModel) -> None:
    motion = model.driver().read(*DRIVING, 0)
    one, other = (model.enroll(*square(seed)) for seed in (3, 21))
    first = one.render(motion, EXPRESSION)
    assert np.abs(other.render(motion, EXPRESSION).astype(int) - first).mean() > 5
    np.testing.assert_array_equal(one.render(motion, EXPRESSION), first)


def test_two_threads_get_pictures_of_their_own_portraits_only(model: GpuDpeModel) -> None:
    portraits = [model.enroll(*square(seed)) for seed in (3, 21)]
    motion = model.driver().read(*DRIVING, 0)
    wanted = [portrait.render(motion, EXPRESSION) for portrait in portraits]

    def crossed(which: int) -> int:
        drawn = [portraits[which].render(motion, EXPRESSION) for _ in range(20)]
        return sum(not np.array_equal(picture, wanted[which]) for picture in drawn)

    with ThreadPoolExecutor(2) as threads:
        assert list(threads.map(crossed, (0, 1))) == [0, 0]


class Recording(ReferenceDevice):
    """Counts what is recorded."""

    count = 0

    def record(self, work: Work) -> Work:
        self.count += 1
        return work


def test_everything_is_recorded_at_enrolment_and_kept_while_it_is_used() -> None:
    device = Recording()
    model = GpuDpeModel(wide_weights(), device)
    motion = model.driver().read(*DRIVING, 0)
    first = model.enroll(*square())
    modes: tuple[Mode, ...] = ("expression", "pose", "both")
    enrolled = device.count
    assert enrolled == 2 * len(modes)  # two slots each
    for mode in modes:
        first.render(motion, Edit(mode=mode))
    for seed in range(3):  # as the pictures of a clip come, each in the place of the one before
        model.enroll(*square(seed)).render(motion, EXPRESSION)
    assert device.count == enrolled
    other = model.enroll(*whole())  # of another size, which takes expressions only
    assert device.count == enrolled + 2
    first.still()
    model.enroll(*square())
    assert device.count == enrolled + 2
    del first, other
    gc.collect()
    model.enroll(*whole())  # nobody has shown this size since: it was given back
    assert device.count == enrolled + 4


def test_networks_that_overflow_half_precision_are_refused_at_enrolment() -> None:
    made = wide_weights()
    name = "trunk.blocks.0.weight1"
    loud = {**made.graphs["encode"], name: torch.full_like(made.graphs["encode"][name], 3e38)}
    weights = DpeWeights(size=made.size, widths=made.widths, graphs={**made.graphs, "encode": loud})
    with pytest.raises(BundleError, match=r"overflow half precision.*--backend openvino"):
        GpuDpeModel(weights, ReferenceDevice()).enroll(*square()).prepare()


def test_eased_to_the_end_is_the_still_picture_and_the_callers_own(model: GpuDpeModel) -> None:
    portrait = model.enroll(*square())
    motion = model.driver().read(*DRIVING, 0)
    still = portrait.still()
    np.testing.assert_array_equal(portrait.render(motion.eased(1.0), EXPRESSION), still)
    assert np.abs(portrait.render(motion, EXPRESSION).astype(int) - still).mean() > 0.1
    still[:] = 0
    assert portrait.still().any()


def test_what_it_cannot_do_is_refused(model: GpuDpeModel) -> None:
    motion = model.driver().read(*DRIVING, 0)
    with pytest.raises(InputError, match="neck would break"):
        model.enroll(*whole()).render(motion, Edit(mode="pose"))
    with pytest.raises(InputError, match="one gain for the pose"):
        model.enroll(*square()).render(motion, Edit(gains={"lips": 0.5}))
    with pytest.raises(InputError, match="even sides"):
        model.enroll(textured(96)[:95], made_face(96))


class Fixed:
    """Finds the same face in every frame but the black ones."""

    def find(self, picture: Pixels, now_ns: int | None = None) -> Face | None:
        return DRIVING[1] if picture.any() else None

    def reset(self) -> None:
        """Nothing is kept."""


def test_it_runs_in_the_frame_loop_and_holds_a_lost_face(model: GpuDpeModel) -> None:
    kept: Model[GpuMotion] = model
    reenactor = Reenactor(model=kept, tracker=Fixed())
    reenactor.set_portrait(*square())
    seen = reenactor.step(Frame(pixels=DRIVING[0], captured_ns=0)).pixels
    lost = Frame(pixels=np.zeros_like(DRIVING[0]), captured_ns=33_000_000)
    assert np.abs(reenactor.step(lost).pixels.astype(int) - seen).max() <= 2
    assert seen.shape == (SQUARE, SQUARE, 3)
