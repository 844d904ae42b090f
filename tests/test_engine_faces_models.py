import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import numpy as np
import pytest

from engine.errors import MachineError
from engine.faces import models
from engine.faces.models import FOLDER, Network, checked

NAME = "face_detection_short_range.tflite"


def test_a_damaged_network_is_refused_with_advice(tmp_path: Path) -> None:
    content = bytearray((FOLDER / NAME).read_bytes())
    content[-1] ^= 1
    (tmp_path / NAME).write_bytes(content)
    with pytest.raises(MachineError, match=r"is damaged.*git checkout -- engine/assets"):
        checked(NAME, tmp_path)


def test_a_missing_network_is_refused_with_advice(tmp_path: Path) -> None:
    with pytest.raises(MachineError, match=r"cannot be read \(No such file.*git checkout"):
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


def test_a_network_is_compiled_once_whoever_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Four threads at once get four networks, of one compiled model."""
    read: list[str] = []
    monkeypatch.setattr(models, "_compiled", {})

    def noted(name: str) -> Path:
        read.append(name)
        return checked(name)

    monkeypatch.setattr(models, "checked", noted)
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(Network, [NAME] * 4))
    assert read == [NAME]
    assert len({id(network.input) for network in made}) == 4


def test_networks_of_one_model_have_results_of_their_own_in_every_thread() -> None:
    rng = np.random.default_rng(1)
    networks = [Network(NAME) for _ in range(4)]
    pictures = [rng.uniform(-1, 1, networks[0].input.shape).astype(np.float32) for _ in networks]
    alone = []
    for network, picture in zip(networks, pictures, strict=True):
        network.input[:] = picture
        network.run()
        alone.append(network.output("regressors").copy())
    assert not np.array_equal(alone[0], alone[1])
    together = Barrier(len(networks))

    def run_often(network: Network) -> list[np.ndarray]:
        together.wait(10)
        results = []
        for _ in range(20):
            network.run()
            results.append(network.output("regressors").copy())
        return results

    with ThreadPoolExecutor(len(networks)) as pool:
        for expected, results in zip(alone, pool.map(run_often, networks), strict=True):
            for result in results:
                np.testing.assert_array_equal(result, expected)
