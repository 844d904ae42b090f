"""A signal after networks have come and gone is handled: OpenVINO takes no signal stack away."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

COME_AND_GO = """
import gc, signal, sys
import engine.faces.models as models
from engine.rig.refine.network import load_refiner

first, second = load_refiner(), load_refiner()
tracker = models.Network("face_detection_short_range.tflite")
third = load_refiner()
for name in sys.argv[1:]:
    del globals()[name]
    models._compiled.clear()
    gc.collect()
    heard = []
    signal.signal(signal.SIGTERM, lambda *_: heard.append(1))
    signal.raise_signal(signal.SIGTERM)
    assert heard
"""


@pytest.mark.parametrize(
    "order",
    ["first second tracker third", "third tracker second first", "second first third tracker"],
)
def test_a_signal_finds_its_stack_whatever_was_let_go_of(order: str) -> None:
    # faulthandler registers a stack of its own, as pytest and debuggers do.
    command = [sys.executable, "-X", "faulthandler", "-c", COME_AND_GO, *order.split()]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert ran.returncode == 0, ran.stderr


def test_nobody_makes_a_core_of_their_own() -> None:
    made = [
        path.relative_to(ROOT).as_posix()
        for room in ("engine", "export", "stream", "training", "benchmarks", "tests")
        for path in (ROOT / room).rglob("*.py")
        if re.search(r"\bCore\(\)", path.read_text("utf-8")) and path != Path(__file__)
    ]
    assert set(made) == {"engine/openvino_core.py", "tests/test_engine_faces_compiled_cache.py"}
