"""Plans are kept for exactly what they were built for, by one builder at a time."""

import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path

import pytest

from engine.errors import MachineError, OutputError
from engine.runtimes.tensorrt.plan_cache import PlanCache, PlanKey

KEY = PlanKey(
    library="tensorrt",
    version="11.4.0.106",
    gpu="NVIDIA GeForce RTX 4090",
    capability="8.9",
    driver="580.65.6",
    graph="0" * 64,
    precision="typed by the graph, no TF32",
    options="batch 1",
)


def never() -> bytes:
    raise AssertionError("must not be built")


def test_a_plan_is_built_once_and_found_again(tmp_path: Path) -> None:
    cache = PlanCache(tmp_path / "plans")
    assert cache.find("encode", KEY) is None
    assert cache.plan("encode", KEY, lambda: b"machine code") == b"machine code"
    assert PlanCache(tmp_path / "plans").plan("encode", KEY, never) == b"machine code"


@pytest.mark.parametrize("field", [field.name for field in fields(PlanKey)])
def test_a_plan_for_anything_else_is_never_loaded_but_built_anew(
    field: str, tmp_path: Path
) -> None:
    cache, other = PlanCache(tmp_path), replace(KEY, **{field: "another"})
    cache.plan("encode", KEY, lambda: b"old")
    assert cache.find("encode", other) is None
    assert cache.plan("encode", other, lambda: b"new") == b"new"
    assert cache.find("encode", other) == b"new"


def test_a_renamed_plan_of_another_gpu_is_not_loaded(tmp_path: Path) -> None:
    cache, other = PlanCache(tmp_path), replace(KEY, gpu="NVIDIA GeForce RTX 3060")
    cache.plan("encode", other, lambda: b"for the other card")
    cache.path("encode", other).rename(cache.path("encode", KEY))
    assert cache.plan("encode", KEY, lambda: b"mine") == b"mine"


def test_a_new_driver_replaces_the_old_plan_and_says_what_changed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    cache, newer = PlanCache(tmp_path), replace(KEY, driver="590.1.0")
    cache.plan("encode", KEY, lambda: b"old")
    with caplog.at_level(logging.WARNING):
        cache.plan("encode", newer, lambda: b"new")
    assert "driver was 580.65.6, is 590.1.0" in caplog.text
    assert [path.suffix for path in sorted(tmp_path.iterdir())] == [".lock", ".plan"]


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: b"",
        lambda content: content[:-1],
        lambda content: content[:-1] + b"!",
        lambda content: b"something else\n" + content,
        lambda content: content.replace(b'"', b"'", 1),
        lambda content: content[:18],
        lambda content: content[:18] + b"[]\n" + content,
    ],
)
def test_a_damaged_plan_is_never_loaded_but_built_anew(
    damage: Callable[[bytes], bytes], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    cache = PlanCache(tmp_path)
    cache.plan("encode", KEY, lambda: b"machine code")
    path = cache.path("encode", KEY)
    path.write_bytes(damage(path.read_bytes()))
    with caplog.at_level(logging.WARNING):
        assert cache.plan("encode", KEY, lambda: b"again") == b"again"
    assert "damaged" in caplog.text
    assert cache.find("encode", KEY) == b"again"


def test_a_failed_build_keeps_nothing_and_the_next_one_may_succeed(tmp_path: Path) -> None:
    def fails() -> bytes:
        raise MachineError("out of memory")

    cache = PlanCache(tmp_path)
    with pytest.raises(MachineError, match="out of memory"):
        cache.plan("encode", KEY, fails)
    assert [path.suffix for path in tmp_path.iterdir()] == [".lock"]
    assert cache.plan("encode", KEY, lambda: b"second try") == b"second try"


def test_a_shipped_plan_is_read_but_its_folder_never_written(tmp_path: Path) -> None:
    PlanCache(tmp_path / "shipped").plan("encode", KEY, lambda: b"shipped")
    cache = PlanCache(tmp_path / "own", shipped=[tmp_path / "shipped", tmp_path / "missing"])
    assert cache.plan("encode", KEY, never) == b"shipped"
    newer = replace(KEY, driver="590.1.0")
    assert cache.plan("encode", newer, lambda: b"new") == b"new"
    assert cache.find("encode", KEY) == b"shipped"


def test_a_folder_that_cannot_be_made_is_an_error_before_any_build(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match=r"cannot keep plans in.*XDG_CACHE_HOME"):
        PlanCache(tmp_path / "file" / "plans").plan("encode", KEY, never)


BUILDER = """
import sys, time
from pathlib import Path
from engine.runtimes.tensorrt.plan_cache import PlanCache
from tests.test_engine_runtimes_tensorrt_plan_cache import KEY

def build():
    with (folder / "builds").open("a") as file:
        file.write("one\\n")
    time.sleep(seconds)
    return b"machine code"

folder, seconds = Path(sys.argv[1]), float(sys.argv[2])
print("ready", flush=True)
sys.stdin.readline()
assert PlanCache(folder / "plans").plan("encode", KEY, build) == b"machine code"
"""


def start(folder: Path, seconds: float) -> "subprocess.Popen[str]":
    """Another process that asks for the plan once it gets a line."""
    command = [sys.executable, "-c", BUILDER, str(folder), str(seconds)]
    pipe = subprocess.PIPE
    process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n", process.communicate()[1]
    return process


@pytest.mark.slow
def test_of_two_processes_one_builds_and_both_get_the_plan(tmp_path: Path) -> None:
    both = [start(tmp_path, 1.0), start(tmp_path, 1.0)]
    for process in both:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    told = [process.communicate(timeout=60)[1] for process in both]
    assert [process.returncode for process in both] == [0, 0], told
    assert (tmp_path / "builds").read_text() == "one\n"
    assert "".join(told).count("another process is building") == 1


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
def test_a_builder_that_is_killed_leaves_neither_a_plan_nor_a_lock(tmp_path: Path) -> None:
    process = start(tmp_path, 60.0)
    with process:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
        end = time.monotonic() + 30
        while not (tmp_path / "builds").exists() and time.monotonic() < end:
            time.sleep(0.02)
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
    assert (tmp_path / "builds").exists()
    cache = PlanCache(tmp_path / "plans")
    assert cache.find("encode", KEY) is None
    assert cache.plan("encode", KEY, lambda: b"after all") == b"after all"
