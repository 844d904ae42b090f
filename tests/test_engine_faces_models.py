import shutil
from pathlib import Path

import numpy as np
import pytest

from engine.errors import MachineError
from engine.faces.models import FOLDER, Network, checked

NAME = "face_detection_short_range.tflite"


def test_a_damaged_network_is_refused_with_advice(tmp_path: Path) -> None:
    content = bytearray((FOLDER / NAME).read_bytes())
    content[-1] ^= 1
    (tmp_path / NAME).write_bytes(content)
    with pytest.raises(MachineError, match=r"is damaged.*reinstall"):
        checked(NAME, tmp_path)


def test_a_missing_network_is_refused_with_advice(tmp_path: Path) -> None:
    with pytest.raises(MachineError, match=r"cannot be read \(No such file.*reinstall"):
        checked(NAME, tmp_path)


def test_a_whole_network_passes(tmp_path: Path) -> None:
    shutil.copy(FOLDER / NAME, tmp_path)
    assert checked(NAME, tmp_path) == tmp_path / NAME


def test_the_same_input_gives_the_same_output_five_times() -> None:
    network = Network(NAME)
    network.input[:] = np.random.default_rng(0).uniform(-1, 1, network.input.shape)
    runs = []
    for _ in range(5):
        network.run()
        runs.append(network.output("regressors").copy())
    for run in runs[1:]:
        np.testing.assert_array_equal(run, runs[0])
