"""What is imported tells nobody that it runs: no name is looked up and no connection is made."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

# Hooks outlive a fork, where OpenVINO's messenger does its talking; so does standard error.
WATCHED = """
import os, sys
def heard(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto"):
        os.write(2, f"{event} {arguments}\\n".encode())
sys.addaudithook(heard)
"""
OURS = """
import engine.faces.mesh_tracker, engine.faces.models, engine.runtimes.openvino
import engine.runtimes.onnxruntime, engine.runtimes.torch
import stream.server.app, stream.cli, export.cli
from engine.rig.refine.network import load_refiner
load_refiner()
engine.faces.mesh_tracker.MeshTracker()
"""
WAIT = "\nimport time; time.sleep(1.0)\n"


def said(code: str, home: Path) -> str:
    ran = subprocess.run(
        [sys.executable, "-c", WATCHED + code + WAIT],
        cwd=ROOT, capture_output=True, text=True, timeout=240, check=True,
        env={"HOME": str(home), "PYTHONPATH": str(ROOT), "PATH": ""},
    )  # fmt: skip
    return ran.stderr


@pytest.mark.slow
def test_nothing_that_is_imported_talks_to_anybody(tmp_path: Path) -> None:
    assert "socket." not in said(OURS, tmp_path)
    assert not (tmp_path / "intel").exists()


def test_openvino_is_imported_only_where_engine_comes_first() -> None:
    """Whoever imports a room of another name would have it before `engine` can say anything."""
    imported = {
        path.relative_to(ROOT).parts[0]
        for room in ("engine", "export", "stream", "training", "benchmarks", "tests", "docs")
        for path in (ROOT / room).rglob("*.py")
        if re.search(r"^\s*(import|from) openvino", path.read_text("utf-8"), re.MULTILINE)
    }
    assert imported == {"engine", "benchmarks", "tests"}
    for first in ("benchmarks/__init__.py", "tests/conftest.py"):
        assert "\nimport engine  #" in (ROOT / first).read_text("utf-8")


def test_somebody_who_talks_would_be_heard(tmp_path: Path) -> None:
    """The control, in a process that the first one forks."""
    asks = """
import multiprocessing, socket
def ask():
    with socket.socket() as asking:
        asking.connect_ex(("127.0.0.1", 9))
multiprocessing.get_context("fork").Process(target=ask).start()
"""
    assert "socket.connect" in said(asks, tmp_path)
