"""PD-FGC measured: leak matrix and figure run the whole path, and say what they are of."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks.pdfgc import table
from benchmarks.pdfgc_figures import CELL, LABEL, LINE, PANEL, Figure, main
from benchmarks.pdfgc_leaks import leak_matrix, leak_table, two_heads
from engine.motion import FACTORS
from engine.pdfgc.model import load_bundle
from engine.runtimes.registry import OPENVINO
from stream.files.bundled import ASSETS
from tests.faces_made import textured


@pytest.mark.slow
def test_the_mixing_moves_one_factor_and_the_table_says_it_proves_no_quality(
    pdfgc_bundle: Path,
) -> None:
    leaks = leak_matrix(load_bundle(pdfgc_bundle, OPENVINO.name, threads=1).graphs, two_heads())
    assert list(leaks) == list(FACTORS)
    for factor, seen in leaks.items():
        assert seen.pop("other codes that the mixing changed") == 0
        assert list(seen) == list(FACTORS)
        assert seen[factor] > 0  # the picture changed, and was read again
    assert "prove the path, not quality" in leak_table(leaks)


@pytest.mark.slow
def test_the_figure_moves_one_factor_a_row_and_says_that_seeded_weights_draw_noise(
    pdfgc_bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "figure.png"
    heads = [ASSETS / "portraits" / name for name in ("man.png", "painting.png")]
    assert main([*map(str, heads), "--bundle", str(pdfgc_bundle), "--out", str(out)]) == 0
    said = capsys.readouterr().out
    assert "These weights draw noise" in said
    rows = [line.split(" | ") for line in said.splitlines() if line.startswith("| ")][2:]
    given = [[cell.split(",")[0] for cell in row[1:]] for row in rows]
    assert [row[0].strip("| ") for row in rows] == list(FACTORS)
    assert given == [["1.00" if own == name else "0.00" for name in FACTORS] for own in FACTORS]
    with Image.open(out) as drawn:
        cells = np.asarray(drawn.convert("RGB"))
    assert cells.shape == ((1 + len(FACTORS)) * CELL + 3 * LINE, LABEL + 3 * CELL + PANEL, 3)


def test_a_figure_of_weights_that_redraw_the_portrait_does_not_call_them_noise() -> None:
    portrait = textured(224)
    redrawn = np.clip(portrait.astype(int) + 10, 0, 255).astype(np.uint8)
    for drawn, is_noise in ((redrawn, False), (textured(224, seed=9), True)):
        made = Figure(portrait=portrait, drawn=drawn, sources=[], rows=[])
        assert ("noise" in made.caption) == is_noise


def test_a_figure_without_a_face_is_refused_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    blank = tmp_path / "blank.png"
    Image.new("RGB", (300, 300), "grey").save(blank)
    with pytest.raises(SystemExit) as ended:
        main(["--portrait", str(blank), "--out", str(tmp_path / "figure.png")])
    assert ended.value.code == 1
    assert "no face was found in the portrait" in capsys.readouterr().err
    assert not (tmp_path / "figure.png").exists()


def test_the_table_says_that_the_weights_are_no_bodys() -> None:
    parts = dict.fromkeys(("appearance", "motion", "sound", "generator", "picture"), 10.0)
    said = table(
        {
            "weights": "seeded noise",
            "ms": {"openvino": {name: {"processor": ms, "min": ms} for name, ms in parts.items()}},
            "generator_times_faster_in_openvino": {
                "than_authors_in_openvino": 1.3,
                "than_authors_in_torch": 3.0,
            },
            "matmul_gflop_per_processor_second": 100.0,
            "share_of_matmul": dict.fromkeys(parts, 0.5),
            "peak_mb": {"openvino": 1000.0},
            "export_s": 60.0,
            "bundle_mb": 300.0,
            "errors": {"generate": 1e-6},
            "leaks": {"lips": {"lips": 1.0}},
        }
    )
    assert "seeded noise" in said
    assert "nothing below says how its pictures look" in said
