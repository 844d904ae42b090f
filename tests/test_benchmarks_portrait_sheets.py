"""The sheets' benchmark: one rendered head by one driver, drawn here and by another checkout."""

from argparse import Namespace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks import machine
from benchmarks.beside.__main__ import CSIM, table
from benchmarks.beside.trees import drawn_by
from benchmarks.portrait_sheets import __main__ as sheets
from benchmarks.portrait_sheets.cast import DRIVERS
from benchmarks.portrait_sheets.measure import AREAS, steps
from benchmarks.portrait_sheets.tables import EXACT, STILL, Cell, file_of
from engine.errors import InputError
from engine.faces.face import Face
from engine.rig.landmarks import CHIN, FOREHEAD, OVAL
from tests.heads_here import FACEKIT, NEEDS_HEADS
from training.heads.quality import Quality

ROOT = Path(__file__).parents[1]
HEAD = "head, short hair"
TINY = sheets.Settings(
    quality=Quality(size_px=256, supersampling=1, texture_px=256, shadow_px=256, hair_strands=500),
    cell=64,
    drivers=DRIVERS[:1],
    views=("yaw 15",),
    heads=(HEAD,),
    shipped=(),
)


@pytest.mark.slow
@NEEDS_HEADS
def test_a_turned_head_is_nearer_to_the_exact_picture_than_the_still_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "RESULTS", tmp_path)
    asked = Namespace(facekit=FACEKIT, portraits=None, models=None, beside=ROOT, sheets=None)
    cells = {cell.row: cell for cell in sheets.run(asked, TINY, tmp_path / "portrait_sheets")}
    here, still = cells["here"], cells[STILL]
    other: Cell = next(cell for row, cell in cells.items() if row not in {"here", STILL, EXACT})
    assert set(here.l1) == set(AREAS)
    assert here.l1["face"] < still.l1["face"]
    assert other.l1 == here.l1  # the other checkout is this one
    assert cells[EXACT].seam is not None
    assert not cells[EXACT].l1
    written = (tmp_path / "portrait_sheets.md").read_text()
    assert f"portrait_sheets/{file_of(HEAD)}" in written
    assert "CSIM was not measured" in written
    assert str(FACEKIT.parent) not in written
    with Image.open(tmp_path / "portrait_sheets" / file_of(HEAD)) as sheet:
        # Driver, portrait and one view; a row that was drawn, a row that is exact; a title.
        assert sheet.size == (3 * 64, 2 * 64 + 20)


def test_a_seam_is_the_change_of_colour_across_the_outline() -> None:
    size, radius = 200, 60.0
    angles = np.linspace(0.0, 2.0 * np.pi, len(OVAL), endpoint=False)
    landmarks = np.zeros((478, 3), np.float32)
    landmarks[list(OVAL), 0] = size / 2 + radius * np.sin(angles)
    landmarks[list(OVAL), 1] = size / 2 - radius * np.cos(angles)
    landmarks[FOREHEAD, :2], landmarks[CHIN, :2] = (100, 40), (100, 160)
    face = Face(landmarks=landmarks, confidence=1.0)
    y, x = np.mgrid[:size, :size]
    inside = np.hypot(x - size / 2, y - size / 2) < radius
    picture = np.where(inside[..., None], 130, 100).astype(np.uint8).repeat(3, axis=2)
    assert np.median(steps(picture, face)) == pytest.approx(30.0, abs=3.0)
    assert not steps(np.full((size, size, 3), 100, np.uint8), face).any()


def test_a_folder_that_is_no_checkout_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no checkout"):
        drawn_by(tmp_path, {}, 256)


def test_a_region_that_is_worse_than_in_the_other_tree_is_told() -> None:
    def row(mouth: float) -> dict[str, float]:
        return {"face": 5.0, "mouth": mouth, "eyes": 5.0, "whole": 5.0, CSIM: 0.8}

    told = table({"clip": {"a1b2c3d": row(10.0), "here": row(10.3)}})
    assert "| clip | 5.00, 5.00 | 10.00, 10.30 |" in told
    assert told.endswith("Worse by 2% or more: mouth of clip (+3.0%).")
    assert table({"clip": {"a1b2c3d": row(10.0), "here": row(10.1)}}).endswith("none.")
