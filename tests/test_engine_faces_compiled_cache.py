"""Compiled networks on disk: the same results, never a damaged or foreign file."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import openvino
import pytest

from engine.faces import compiled_cache, models
from engine.faces.attention import extensions
from engine.faces.compiled_cache import MOST_KEPT, loaded_or_compiled
from engine.faces.mesh_tracker import MeshTracker
from engine.faces.models import FOLDER, SETTINGS, SHA256
from engine.faces.segmentation import PersonSegmenter
from engine.openvino_core import openvino_core
from engine.pictures import open_picture

PORTRAIT = Path(__file__).parents[1] / "stream/assets/portrait.png"
SMALL = "face_detection_short_range.tflite"
MESH = "face_landmark_with_attention.tflite"


class Core:
    """Notes whether the network itself was read, which is done to compile it."""

    has_read = False

    def __getattr__(self, name: str) -> Callable[..., object]:
        found: Callable[..., object] = getattr(openvino_core(), name)
        return found

    def read_model(self, path: Path) -> openvino.Model:
        self.has_read = True
        return openvino_core().read_model(path)


def opened(name: str, **changed: object) -> tuple[openvino.CompiledModel, bool]:
    """The network as a fresh process opens it, and whether that compiled it, which is slow."""
    core = Core()
    for extension in extensions() if name == MESH else []:
        core.add_extension(extension)
    network = loaded_or_compiled(core, FOLDER / name, SHA256[name], {**SETTINGS, **changed})
    return network, core.has_read


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(compiled_cache, "user_cache", lambda: tmp_path)
    return tmp_path / "networks"


@pytest.mark.slow
@pytest.mark.parametrize("name", [SMALL, MESH])
def test_the_second_start_compiles_nothing_and_computes_the_same(kept: Path, name: str) -> None:
    first, was_compiled = opened(name)
    second, was_compiled_again = opened(name)
    assert was_compiled
    assert not was_compiled_again
    picture = np.random.default_rng(3).random(first.input(0).shape, np.float32)
    one, other = first.create_infer_request(), second.create_infer_request()
    for request in (one, other):
        request.infer({0: picture})
    assert len(first.outputs) == len(second.outputs)
    for output in second.outputs:  # whose names are fewer: an alias is not kept
        name = output.any_name
        np.testing.assert_array_equal(one.get_tensor(name).data, other.get_tensor(name).data)


@pytest.mark.slow
def test_trackers_and_segmenters_of_two_starts_find_the_same(
    kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    picture = open_picture(PORTRAIT)
    found = []
    for _ in range(2):
        monkeypatch.setattr(models, "_compiled", {})
        face = MeshTracker().find(picture)
        assert face is not None
        found.append((face.landmarks, PersonSegmenter().matte(picture, face.box)))
    assert len(list(kept.iterdir())) == 3
    for compiled, loaded in zip(*found, strict=True):
        np.testing.assert_array_equal(compiled, loaded)


@pytest.mark.parametrize("damage", ["cut", "flipped", "emptied"])
def test_a_damaged_file_is_made_again(kept: Path, damage: str) -> None:
    opened(SMALL)
    (file,) = kept.iterdir()
    whole = file.read_bytes()
    flipped = bytes([*whole[:1000], whole[1000] ^ 1, *whole[1001:]])
    file.write_bytes({"cut": whole[:-100], "flipped": flipped, "emptied": b""}[damage])
    assert opened(SMALL)[1]
    assert not opened(SMALL)[1]
    assert [path.name for path in kept.iterdir()] == [file.name]


def test_other_settings_or_another_version_are_not_served_by_it(
    kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened(SMALL)
    assert opened(SMALL, NUM_STREAMS=1)[1]
    monkeypatch.setattr(openvino, "get_version", lambda: "another")
    assert opened(SMALL)[1]


def test_versions_long_gone_do_not_pile_up(kept: Path) -> None:
    kept.mkdir()
    stem = Path(SMALL).stem
    for age in range(10):
        old = kept / f"{stem}-{age}.network"
        old.touch()
        os.utime(old, (age, age))
    other = kept / "another-1.network"
    other.touch()
    os.utime(other, (0, 0))
    opened(SMALL)
    left = {path.name for path in kept.glob(f"{stem}-*")}
    assert len(left) == MOST_KEPT
    assert f"{stem}-9.network" in left
    assert other.exists()


def test_where_nothing_can_be_written_it_is_compiled_each_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setattr(compiled_cache, "user_cache", lambda: tmp_path / "file")
    assert opened(SMALL)[1]
    assert opened(SMALL)[1]
