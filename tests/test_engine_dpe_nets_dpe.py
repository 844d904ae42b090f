"""The networks equal the authors' form: on their golden outputs, and on our own slow twin."""

import runpy
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

import engine.nets.dpe as door
from benchmarks.authors_form import authors_reenact
from benchmarks.seeded_weights import TINY, seeded_state, write_checkpoint
from engine.dpe.nets.dpe import DPE
from engine.dpe.nets.layout import Layout
from engine.motion import MODES, Mode
from tests.dpe_made import made_pictures

PARITY = Path(__file__).parents[2] / "shared" / "dpe_parity"
FLAGS = {"expression": "exp", "pose": "pose", "both": "both"}
"""Our mode -> the flag under which the release computes it."""

needs_parity = pytest.mark.skipif(not PARITY.exists(), reason=f"no {PARITY} on this machine")


def relative_error(result: Tensor, reference: Tensor | np.ndarray) -> float:
    """Largest difference over the reference's range."""
    wanted = np.asarray(reference, np.float64)
    return float(np.abs(result.double().numpy() - wanted).max() / np.ptp(wanted))


class Released:
    """The seeded checkpoint of full width, its pictures, and what the authors' networks make."""

    def __init__(self, folder: Path) -> None:
        seeded = runpy.run_path(str(PARITY / "seeded.py"))
        self.checkpoint = folder / "dpe.pt"
        torch.save({"gen": seeded["state_dict"]()}, self.checkpoint)
        self.source: Tensor = seeded["picture"](71)
        self.driving: Tensor = seeded["picture"](72)
        self.golden = np.load(PARITY / "golden.npz")


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Released:
    return Released(tmp_path_factory.mktemp("released"))


@needs_parity
@pytest.mark.slow
def test_in_float64_all_modes_equal_the_authors_golden_outputs(released: Released) -> None:
    model = DPE.from_official(released.checkpoint).double()
    source, driving = released.source.double(), released.driving.double()
    for mode in MODES:
        result = model.reenact(source, driving, mode)
        assert relative_error(result, released.golden[f"image_{FLAGS[mode]}"]) < 1e-6


@needs_parity
@pytest.mark.slow
def test_in_float32_all_modes_stay_within_what_untrained_weights_make_of_rounding(
    released: Released,
) -> None:
    model = DPE.from_official(released.checkpoint)
    for mode in MODES:
        result = model.reenact(released.source, released.driving, mode)
        assert relative_error(result, released.golden[f"image_{FLAGS[mode]}"]) < 5e-3


@needs_parity
@pytest.mark.slow
def test_codes_and_motion_codes_equal_the_golden_ones_under_their_swapped_names(
    released: Released,
) -> None:
    model = DPE.from_official(released.checkpoint).double()
    code, _ = model.encode(released.source.double())
    driving, _ = model.encode(released.driving.double())
    expression, pose = model.motion(driving)
    for result, name in (
        (code, "code_source"),
        (driving, "code_driving"),
        (model.projection(driving), "alpha"),
        (model.directions(model.projection(driving)), "direction"),
        (expression, "code_mlp_pose"),
        (pose, "code_mlp_exp"),
    ):
        assert relative_error(result, released.golden[name]) < 1e-6


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    "layout",
    [
        TINY,
        Layout(widths=(10, 6, 4, 7), style=9, directions=3),
        Layout(widths=(8, 16, 8, 4, 4, 2), style=24, directions=8),
    ],
)
def test_any_width_size_and_batch_equals_the_slow_twin(
    layout: Layout, mode: Mode, tmp_path: Path
) -> None:
    model = DPE.from_official(write_checkpoint(tmp_path / "dpe.pt", layout, seed=3)).double()
    state = {name: value.double() for name, value in seeded_state(layout, seed=3).items()}
    pictures = made_pictures(6, layout.size)
    source, driving = pictures[:3], pictures[3:]
    wanted = authors_reenact(source, driving, FLAGS[mode], state)
    assert relative_error(model.reenact(source, driving, mode), wanted) < 1e-9


def test_the_pictures_of_a_batch_do_not_mix(dpe_checkpoint: Path) -> None:
    model = DPE.from_official(dpe_checkpoint).double()
    pictures = made_pictures(4, model.layout.size)
    together = model.reenact(pictures[:2], pictures[2:], "both")
    alone = model.reenact(pictures[1:2], pictures[3:], "both")
    torch.testing.assert_close(together[1:], alone, rtol=1e-9, atol=1e-9)


def test_noise_weights_and_the_unused_picture_layer_change_nothing(tmp_path: Path) -> None:
    state = seeded_state()
    unused = [name for name in state if ".noise." in name or ".to_rgb1." in name]
    changed = state | {name: state[name] + 1.0 for name in unused}
    torch.save({"gen": state}, tmp_path / "as_is.pt")
    torch.save({"gen": changed}, tmp_path / "changed.pt")
    pictures = made_pictures(2, TINY.size).float()
    results = [
        DPE.from_official(tmp_path / name).reenact(pictures[:1], pictures[1:], "both")
        for name in ("as_is.pt", "changed.pt")
    ]
    assert unused
    assert torch.equal(results[0], results[1])


def test_other_low_pass_kernels_in_the_checkpoint_are_used_as_stored(tmp_path: Path) -> None:
    state = seeded_state()
    lopsided = torch.arange(16.0).reshape(4, 4) / 120
    state = {n: lopsided.clone() if n.endswith("kernel") else v for n, v in state.items()}
    torch.save({"gen": state}, tmp_path / "dpe.pt")
    model = DPE.from_official(tmp_path / "dpe.pt").double()
    pictures = made_pictures(2, TINY.size)
    exact = {name: value.double() for name, value in state.items()}
    wanted = authors_reenact(pictures[:1], pictures[1:], "both", exact)
    assert relative_error(model.reenact(pictures[:1], pictures[1:], "both"), wanted) < 1e-9


def test_the_state_goes_back_to_the_authors_names_unchanged(dpe_checkpoint: Path) -> None:
    model = DPE.from_official(dpe_checkpoint)
    state = seeded_state()
    back = model.official_state()
    assert back.keys() == state.keys()
    assert all(torch.equal(back[name], state[name]) for name in state)


def test_it_can_be_trained_where_gradients_are_asked_for(dpe_checkpoint: Path) -> None:
    model = DPE.from_official(dpe_checkpoint).requires_grad_()
    pictures = made_pictures(2, model.layout.size).float()
    loss = model.reenact(pictures[:1], pictures[1:], "both").square().mean()
    torch.autograd.backward(loss)
    idle = [name for name, parameter in model.named_parameters() if parameter.grad is None]
    assert all(".noise." in name or ".to_rgb1." in name for name in idle)


def test_a_mode_that_does_not_exist_is_refused(dpe_checkpoint: Path) -> None:
    model = DPE.from_official(dpe_checkpoint)
    picture = made_pictures(1, model.layout.size).float()
    with pytest.raises(ValueError, match="expression, pose, both"):
        model.reenact(picture, picture, "exp")  # type: ignore[arg-type]


def test_the_public_door_opens_to_the_same_networks() -> None:
    assert door.DPE is DPE
