import hashlib
import importlib
import logging
from pathlib import Path

import numpy as np
import pytest

from engine.errors import MachineError
from engine.faces import mediapipe_tracker
from engine.faces.mediapipe_tracker import MediaPipeTracker, find_task
from engine.faces.mesh_tracker import MeshTracker
from engine.faces.trackers import make_tracker
from engine.folders import user_cache, user_data
from engine.pictures import open_picture

SHARED = Path(__file__).parents[2] / "shared"
TASK = SHARED / "models" / "face_landmarker.task"


def test_the_default_is_the_shipped_tracker() -> None:
    assert isinstance(make_tracker(), MeshTracker)


def test_an_unknown_tracker_is_refused() -> None:
    with pytest.raises(ValueError, match="mesh, mediapipe, got 'dlib'"):
        make_tracker("dlib")  # type: ignore[arg-type]


def test_the_shipped_tracker_takes_no_model_file(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no model file to choose"):
        make_tracker("mesh", task=tmp_path / "a.task")


def test_without_mediapipe_the_message_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise ImportError(f"No module named {name!r}")

    monkeypatch.setattr(importlib, "import_module", missing)
    with pytest.raises(MachineError, match=r"pip install -e '\.\[mediapipe\]'.*tracker mesh"):
        make_tracker("mediapipe")


def test_a_missing_model_file_is_named_with_its_source_and_sum(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(mediapipe_tracker, "user_cache", lambda: tmp_path)
    with pytest.raises(MachineError) as refusal:
        find_task(None)
    message = str(refusal.value)
    assert str(tmp_path / "face_landmarker.task") in message
    assert "https://storage.googleapis.com/" in message
    assert mediapipe_tracker.TASK_SHA256 in message


def test_a_model_file_the_user_names_is_used(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "mine.task"
    path.write_bytes(b"mine")
    monkeypatch.setattr(mediapipe_tracker, "TASK_SHA256", hashlib.sha256(b"mine").hexdigest())
    assert find_task(path) == path
    assert caplog.text == ""


def test_another_release_of_the_model_file_is_used_and_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "newer.task"
    path.write_bytes(b"newer")
    with caplog.at_level(logging.WARNING):
        assert find_task(path) == path
    assert "not the file the tracker was tested with" in caplog.text


def test_the_cache_follows_the_platforms_rule(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")
    monkeypatch.setenv("LOCALAPPDATA", "/elsewhere")
    for platform, folder in (
        ("linux", Path("/somewhere/understudy")),
        ("win32", Path("/elsewhere/understudy")),
        ("darwin", Path.home() / "Library/Caches/understudy"),
    ):
        monkeypatch.setattr("sys.platform", platform)
        assert user_cache() == folder


def test_an_empty_cache_setting_counts_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", "")
    assert user_cache() == Path.home() / ".cache/understudy"


def test_what_users_made_is_not_kept_among_downloads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", "/somewhere")
    monkeypatch.setattr("sys.platform", "linux")
    assert user_data() == Path("/somewhere/understudy")
    monkeypatch.setattr("sys.platform", "darwin")
    assert user_data() == Path.home() / "Library/Application Support/understudy"


@pytest.mark.skipif(not TASK.exists(), reason="../shared/models is missing")
@pytest.mark.slow
def test_both_trackers_give_the_same_face(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("mediapipe", reason="the mediapipe extra is not installed")
    theirs = MediaPipeTracker(TASK)
    picture = open_picture(SHARED / "media" / "portraits" / "astronaut.png")
    assert theirs.find(np.zeros_like(picture)) is None
    one, other = theirs.find(picture), MeshTracker().find(picture)
    assert one is not None
    assert other is not None
    assert np.abs(one.landmarks - other.landmarks)[:, :2].mean() < 2
    theirs.reset()
    assert theirs.find(picture) is not None


@pytest.mark.skipif(not TASK.exists(), reason="../shared/models is missing")
def test_a_broken_model_file_is_refused_with_advice(tmp_path: Path) -> None:
    pytest.importorskip("mediapipe", reason="the mediapipe extra is not installed")
    path = tmp_path / "broken.task"
    path.write_bytes(b"nothing")
    with pytest.raises(MachineError, match=r"cannot use .*broken\.task.*download"):
        MediaPipeTracker(path)
