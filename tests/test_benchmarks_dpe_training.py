"""What is measured of a trained DPE: exact answers, leaks, and when an ablation decides."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from benchmarks.dpe_training.ablations import WHOLE, decision, find_scores, main, table
from benchmarks.dpe_training.cases import cases_of
from benchmarks.dpe_training.measure import EXACT, as_json, measure, response, tables
from benchmarks.dpe_training.sheets import rendered_sheet
from benchmarks.dpe_training.shown import shown
from benchmarks.dpe_training.subjects import Still
from engine.faces.face import Face
from engine.frame import Pixels
from engine.motion import MODES, Mode
from tests.dpe_training_made import made_grid, made_heads
from training.dpe.held_out import as_tensor
from training.dpe.run import RECORD
from training.trainer import CHECKPOINT, LOG

PEOPLE = [made_grid(seed) for seed in (1, 2)]


class Exact:
    """Draws what should come out."""

    name = "knows"

    def __init__(self) -> None:
        self.answers = {
            (case.source.tobytes(), case.driving.tobytes(), mode): case.exact[mode]
            for case in cases_of(PEOPLE, 3)
            for mode in MODES
        }

    def drawn(self, source: Pixels, driving: Pixels, mode: Mode) -> Pixels | None:
        if mode == "pose":
            return None
        return self.answers[source.tobytes(), driving.tobytes(), mode]


class Blind:
    """Finds no face."""

    def find(self, picture: Pixels, now_ns: int | None = None) -> Face | None:
        return None

    def reset(self) -> None:
        """Nothing is remembered."""


def test_what_should_come_out_is_another_cell_of_the_persons_grid() -> None:
    cases = cases_of(PEOPLE, 3)
    assert [case.person for case in cases] == [0, 0, 0, 1, 1, 1]
    for case in cases:
        np.testing.assert_array_equal(case.exact["both"], case.driving)
        cells = PEOPLE[case.person].pictures
        places = [np.argwhere((cells == p).all((2, 3, 4)))[0] for p in case.exact.values()]
        (expression, pose, both) = (places[k] for k in range(3))
        assert (expression[1], pose[0]) == (both[1], both[0])
        left, top, right, bottom = case.boxes["expression"]
        assert 0 <= left < right <= 32
        assert 0 <= top < bottom <= 32
    again = cases_of(PEOPLE, 3)
    assert all(np.array_equal(a.source, b.source) for a, b in zip(cases, again, strict=True))


def test_a_perfect_subject_has_the_highest_figure_and_what_is_not_drawn_is_counted() -> None:
    cases = cases_of(PEOPLE, 3)
    found = measure([Still(), Exact()], cases, Blind(), None)
    told = as_json(found)
    assert set(told) == {EXACT, "still", "knows"}
    assert min(found["knows"].psnr_db["expression"]) == 99
    assert np.mean(found["still"].psnr_db["expression"]) < 60
    assert found["knows"].refused == {"expression": 0, "pose": 6, "both": 0}
    assert found["knows"].turn_deg == []  # nobody has found a face
    assert "| still |" in tables(found)


def test_a_response_is_the_share_of_what_was_asked() -> None:
    assert response([(1.0, 0.5), (-2.0, -1.0)]) == pytest.approx(0.5)
    assert response([(1.0, 0.0), (2.0, 0.0)]) == 0
    assert math.isnan(response([]))


def test_a_sheet_has_a_row_for_each_case() -> None:
    assert rendered_sheet(Still(), cases_of(PEOPLE, 2)).shape == (24 + 4 * 128, 8 * 128, 3)


def test_half_a_decibel_decides_and_less_is_called_undecided() -> None:
    whole = {"psnr_itself": 20.0, "psnr_expression": 21.0, "psnr_pose": 18.0, "psnr_both": 18.0}
    assert decision(whole, whole | {"psnr_both": 17.6}) == "undecided"
    assert decision(whole, whole | {"psnr_itself": 14.0, "psnr_both": 18.6}) == (
        "itself -6.0, both +0.6"
    )


class Editor:
    """A model whose codes are the pictures, and whose edits are what is known or the portrait."""

    expression, pose = MODES[:2]

    def __init__(self, *, edits: bool) -> None:
        self.edits = edits

    def encode(self, pictures: Tensor) -> tuple[Tensor, list[Tensor]]:
        return pictures, []

    def motion(self, code: Tensor) -> tuple[Tensor, Tensor]:
        return code, code

    def draw(self, branch: Mode, motion: Tensor, code: Tensor, features: list[Tensor]) -> Tensor:
        if not self.edits:
            return code
        answers = [self._answer(branch, s, d) for s, d in zip(code, motion, strict=True)]
        return as_tensor(answers)

    @staticmethod
    def _answer(branch: Mode, source: Tensor, driving: Tensor) -> Pixels:
        for grid in PEOPLE:
            cells = as_tensor(list(grid.pictures.reshape(-1, *grid.pictures.shape[2:])))
            at = [torch.argwhere((cells == p).all(3).all(2).all(1)) for p in (source, driving)]
            if all(map(len, at)):
                faces = grid.pictures.shape[1]
                (p, e), (q, f) = (divmod(int(k[0]), faces) for k in at)
                cell = (p, f) if branch == "expression" else (q, e)
                return np.asarray(grid.pictures[cell], np.uint8)
        raise AssertionError


class Reader:
    """Reads the jaw, the smile and the lids off the darkness of the mouth."""

    def read(self, pictures: Tensor, alignments: Tensor) -> Tensor:
        # Wherever the head is; half a level of a mouth's own colour.
        dark = (pictures - pictures.new_tensor([-0.06, -0.84, -0.76])[:, None, None]).abs() < 0.02
        amount = dark.all(1).float().sum((1, 2)) / 20
        return amount[:, None].expand(-1, 52)


@pytest.mark.parametrize(("edits", "expected"), [(True, 1.0), (False, 0.0)])
def test_an_exact_edit_shows_all_of_the_expression_and_a_still_one_nothing(
    *, edits: bool, expected: float
) -> None:
    found = shown(Editor(edits=edits), PEOPLE, Reader())  # type: ignore[arg-type]
    assert found["shown_e"] == pytest.approx(expected, abs=1e-3)
    assert found["shown_p"] == pytest.approx(0.0, abs=0.05)


@pytest.mark.slow
def test_ablations_run_go_on_and_are_tabled(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    heads = made_heads(tmp_path / "heads", people=3)
    out = tmp_path / "out"
    given = ["--heads", str(heads), "--out", str(out), "--steps", "2", "--device", "cpu"]
    only = ["--only", WHOLE, "--only", "self"]
    assert main([*given, *only, "--minutes", "0"]) == 0
    assert find_scores(out / WHOLE)["step"] == 0
    assert main([*given, *only]) == 0
    assert {find_scores(out / name)["step"] for name in (WHOLE, "self")} == {2}
    assert not find_scores(out / "crossed")
    lines = capsys.readouterr().out.splitlines()
    found = json.loads(lines[-1])
    assert set(found) == {WHOLE, "self"}
    assert any(line.startswith("| without self | 2 |") for line in lines)
    assert (out / "sheet.png").is_file()
    before = (out / WHOLE / LOG).read_text()
    assert main([*given, *only]) == 0  # at its end: nothing is trained further
    assert find_scores(out / WHOLE) == find_scores(out / WHOLE) | {"step": 2}
    assert (out / WHOLE / LOG).read_text().startswith(before)
    assert "The still picture" in table(found)

    # The whole run may begin where the one without a second stage has ended: the same to the bit.
    other = ["--heads", str(heads), "--out", str(tmp_path / "other"), *given[4:]]
    assert main([*other, "--only", "second-stage", "--only", "crossed"]) == 0
    assert not (tmp_path / "other" / WHOLE).exists()  # nobody asked for it
    assert main([*other, "--only", WHOLE]) == 0
    begun = (tmp_path / "other" / WHOLE / LOG).read_text()
    assert begun.startswith((tmp_path / "other" / "second-stage" / LOG).read_text())
    assert _figures(tmp_path / "other" / WHOLE) == _figures(out / WHOLE)


@pytest.mark.slow
def test_ablations_begin_with_an_encoder_that_reads_and_keep_it_slow(tmp_path: Path) -> None:
    heads = made_heads(tmp_path / "heads", people=3)
    given = ["--heads", str(heads), "--steps", "2", "--device", "cpu", "--only", "crossed"]
    assert main([*given, "--out", str(tmp_path / "first")]) == 0
    first = tmp_path / "first" / "crossed" / CHECKPOINT
    assert main([*given, "--out", str(tmp_path / "then"), "--from", str(first)]) == 0
    record = json.loads((tmp_path / "then" / "crossed" / RECORD).read_text())
    assert record["begins_from"]["file"] == str(first)
    assert {stage["slowness"] for stage in record["recipe"]["stages"]} == {0.15}


def _figures(folder: Path) -> dict[str, float]:
    return {name: value for name, value in find_scores(folder).items() if name != "seconds"}
