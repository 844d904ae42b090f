"""A family is an entry of the registry: it says what it can, and a loaded model keeps to it."""

import json
from pathlib import Path

import numpy as np
import pytest

from engine.errors import BundleError, InputError
from engine.families import BUILT_IN, BUNDLED, check_shipped, find_family, shipped_graphs
from engine.family import Choice
from engine.motion import MODES
from engine.rig.motion.mixer import RigMixer
from tests.motions_made import moving


def test_the_name_of_a_family_finds_it() -> None:
    family = find_family("rig")
    assert family.name == "rig"
    assert family.can.named_factors
    assert family.can.neutral
    assert family.can.pastes_back == set(MODES)


def test_a_bundle_is_of_the_family_that_its_manifest_names(dpe_bundle: Path) -> None:
    family = find_family(str(dpe_bundle))
    assert family.name == "dpe"
    assert family.arrays is None, "its motion cannot be kept"
    model = family.load(Choice(model=str(dpe_bundle), backend="openvino"))
    assert model.can == family.can
    assert (model.can.named_factors, model.can.neutral, model.can.refine) == (False,) * 3
    assert model.can.pastes_back == {"expression"}
    assert model.mixer() is None


def test_what_the_rig_can_depends_on_its_refiner() -> None:
    model = find_family("rig").load(Choice(model="rig", refine="off"))
    assert not model.can.refine
    assert isinstance(model.mixer(), RigMixer)


def test_a_bundle_of_no_family_is_named(dpe_bundle: Path, tmp_path: Path) -> None:
    manifest = json.loads((dpe_bundle / "manifest.json").read_text())
    (tmp_path / "manifest.json").write_text(json.dumps({**manifest, "family": "rig-refiner"}))
    with pytest.raises(BundleError, match=r"family 'rig-refiner'.*dpe.*understudy import"):
        find_family(str(tmp_path))


def test_a_folder_that_is_not_there_is_named() -> None:
    with pytest.raises(
        InputError, match="--model must be rig, dpe-small or the folder of a bundle"
    ):
        find_family("nowhere")


@pytest.mark.parametrize("mouth", ["open", ""])
def test_a_mouth_that_is_none_is_refused(mouth: str) -> None:
    with pytest.raises(InputError, match="--mouth must be one of auto, own, driver, drawn"):
        find_family("rig").load(Choice(model="rig", mouth=mouth, refine="off"))


def test_what_ships_is_whole_and_has_its_graphs() -> None:
    check_shipped()
    names = {path.name for path in shipped_graphs()}
    assert names == {
        "enroll.onnx", "refine.onnx",
        "encode.onnx", "read.onnx", "generate_expression.onnx", "generate_pose.onnx",
    }  # fmt: skip


def test_every_entry_has_the_name_it_is_found_by() -> None:
    for name, family in {**BUILT_IN, **BUNDLED}.items():
        assert family().name == name


def test_a_motion_of_another_family_is_no_row() -> None:
    arrays = find_family("rig").arrays
    assert arrays is not None
    row = arrays.row(moving(3))
    np.testing.assert_array_equal(row["offsets"], moving(3).offsets)
    with pytest.raises(TypeError, match="only the rig's motion"):
        arrays.row("a smile")
