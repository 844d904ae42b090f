"""The small DPE that ships: whole, runnable, and called a test model until its figures say else."""

import json
import logging
from pathlib import Path

import pytest
import torch

from engine.dpe import shipped
from engine.dpe.nets.dpe import DPE
from engine.dpe.shipped import FOLDER, LEAST_GAIN_DB, MOST_TURN_DEG, Figures
from engine.errors import BundleError
from engine.families import find_family
from engine.family import Choice
from engine.manifest import read_manifest
from training.dpe import ship

WEIGHTS = Path(ship.__file__).with_name("small.pt")


def record(folder: Path, **figures: float) -> Path:
    (folder / shipped.RECORD).write_text(json.dumps({"figures": figures}))
    return folder


@pytest.mark.parametrize(
    ("expression_db", "turn_deg", "is_offered"),
    [
        (20 + LEAST_GAIN_DB, MOST_TURN_DEG, True),
        (20 + LEAST_GAIN_DB - 0.1, 0.0, False),
        (30.0, MOST_TURN_DEG + 0.1, False),
        (30.0, float("nan"), False),
    ],
)
def test_the_record_alone_decides_whether_it_is_offered(
    tmp_path: Path, expression_db: float, turn_deg: float, *, is_offered: bool
) -> None:
    figures = Figures.of_record(
        record(tmp_path, still_db=20.0, expression_db=expression_db, turn_deg=turn_deg)
    )
    assert figures.is_offered is is_offered
    assert ("test model" in figures.notice) is not is_offered


def test_a_record_without_a_figure_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"record\.json"):
        Figures.of_record(tmp_path)
    with pytest.raises(BundleError, match="turn_deg"):
        Figures.of_record(record(tmp_path, still_db=20.0, expression_db=22.0))


def test_what_ships_is_told_by_its_record_wherever_it_is_loaded(
    caplog: pytest.LogCaptureFixture,
) -> None:
    notice = Figures.of_record().notice
    with caplog.at_level(logging.WARNING):
        model = find_family(shipped.NAME).load(Choice(model=shipped.NAME, backend="openvino"))
    assert model.can.notice == notice
    assert (notice in caplog.text) is bool(notice)
    assert model.can.pastes_back == {"expression"}


def test_the_weights_to_go_on_from_are_those_of_the_bundle() -> None:
    model = DPE.from_official(WEIGHTS)
    manifest = read_manifest(FOLDER)
    assert manifest.sizes["picture"] == model.layout.size
    assert all(value.dtype == torch.float32 for value in model.state_dict().values())
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < 15_000_000
