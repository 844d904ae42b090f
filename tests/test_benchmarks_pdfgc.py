"""The benchmark of PD-FGC: its leak matrix runs the whole path; its table says what it is of."""

from pathlib import Path

import pytest

from benchmarks.pdfgc import table
from benchmarks.pdfgc_leaks import leak_matrix, leak_table, two_heads
from engine.motion import FACTORS
from engine.pdfgc.model import load_bundle
from engine.runtimes.registry import OPENVINO


@pytest.mark.slow
def test_the_mixing_moves_one_factor_and_the_table_says_it_proves_no_quality(
    pdfgc_bundle: Path,
) -> None:
    leaks = leak_matrix(load_bundle(pdfgc_bundle, OPENVINO.name, threads=1)._graphs, two_heads())
    assert list(leaks) == list(FACTORS)
    for factor, seen in leaks.items():
        assert seen.pop("other codes that the mixing changed") == 0
        assert list(seen) == list(FACTORS)
        assert seen[factor] > 0  # the picture changed, and was read again
    assert "prove the path, not quality" in leak_table(leaks)


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
