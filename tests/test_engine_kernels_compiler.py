"""Every kernel compiles for every GPU that is meant, with neither driver nor GPU; the cache."""

import logging
import sys
from pathlib import Path

import pytest

from engine.errors import MachineError
from engine.kernels import compiler
from engine.kernels.compiler import image_for, kernel_names, target

try:
    compiler.Nvrtc()
    MISSING = ""
except (ModuleNotFoundError, RuntimeError) as found:
    MISSING = str(found)

needs_nvrtc = pytest.mark.skipif(bool(MISSING), reason=f"NVRTC is not installed: {MISSING}")
CAPABILITIES = ((7, 5), (8, 0), (8, 6), (8, 9), (9, 0), (10, 0), (12, 0))


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("kernels")


@needs_nvrtc
@pytest.mark.parametrize("capability", CAPABILITIES, ids=lambda c: f"sm_{c[0]}{c[1]}")
@pytest.mark.parametrize("name", kernel_names())
def test_each_kernel_compiles_for_each_gpu(
    name: str, capability: tuple[int, int], cache: Path
) -> None:
    image = image_for(name, capability, cache=cache)
    assert image.kind == "cubin"
    assert image.architecture == f"sm_{10 * capability[0] + capability[1]}"
    assert image.code.startswith(b"\x7fELF")


@needs_nvrtc
def test_a_gpu_newer_than_nvrtc_gets_ptx_of_the_newest_it_knows(cache: Path) -> None:
    image = image_for(kernel_names()[0], (99, 0), cache=cache)
    assert image.kind == "ptx"
    assert f".target sm_{image.architecture.removeprefix('compute_')}".encode() in image.code


@needs_nvrtc
def test_the_second_time_comes_from_the_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = image_for("flow_warp_blend", (9, 0), cache=tmp_path)

    def refuse(*_: object) -> bytes:
        raise AssertionError("compiled again")

    monkeypatch.setattr(compiler.Nvrtc, "compile", refuse)
    assert image_for("flow_warp_blend", (9, 0), cache=tmp_path) == first


@needs_nvrtc
def test_source_architecture_macros_and_version_each_have_their_own_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image_for("flow_warp_blend", (9, 0), cache=tmp_path)
    image_for("flow_warp_blend", (8, 0), cache=tmp_path)
    image_for("flow_warp_blend", (9, 0), defines={"UNUSED": 1}, cache=tmp_path)
    assert len(list(tmp_path.iterdir())) == 3
    source = compiler.Source.of("flow_warp_blend", {})
    edited = compiler.Source(
        name=source.name, text=source.text + "\n", headers=source.headers, options=source.options
    )
    keys = {source.key("sm_90", "13.0"), source.key("sm_90", "13.1"), edited.key("sm_90", "13.0")}
    assert len(keys) == 3


@needs_nvrtc
@pytest.mark.parametrize("damage", [b"", b"short", b"\0" * 100_000])
def test_a_damaged_file_in_the_cache_is_compiled_again(damage: bytes, tmp_path: Path) -> None:
    whole = image_for("flow_warp_blend", (9, 0), cache=tmp_path)
    (file,) = tmp_path.iterdir()
    file.write_bytes(damage)
    assert image_for("flow_warp_blend", (9, 0), cache=tmp_path) == whole
    assert len(list(tmp_path.iterdir())) == 1


@needs_nvrtc
def test_a_cache_that_cannot_be_written_is_said_and_done_without(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("in the way")
    with caplog.at_level(logging.WARNING):
        assert image_for("flow_warp_blend", (9, 0), cache=tmp_path / "file").kind == "cubin"
    assert "not kept" in caplog.text


@needs_nvrtc
def test_a_source_that_does_not_compile_is_told_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "broken.cu").write_text('extern "C" __global__ void broken() { nonsense; }')
    monkeypatch.setattr(compiler, "FOLDER", tmp_path)
    with pytest.raises(MachineError, match=r"^broken\.cu does not compile for sm_90.*nonsense.*$"):
        image_for("broken", (9, 0), cache=tmp_path)


def test_a_gpu_older_than_turing_is_refused() -> None:
    with pytest.raises(MachineError, match=r"7\.0; the cuda backend needs 7\.5"):
        image_for("flow_warp_blend", (7, 0))


def test_the_target_is_the_gpus_own_or_the_newest_before_it() -> None:
    assert target((9, 0), [75, 90, 120]) == "sm_90"
    assert target((10, 3), [75, 90, 120]) == "compute_90"
    assert target((9, 0), [75, 90, 120], as_ptx=True) == "compute_90"
    with pytest.raises(MachineError, match="older CUDA"):
        target((7, 5), [80, 90])


def test_without_nvrtc_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cuda.bindings", None)
    with pytest.raises(MachineError, match=r"^NVRTC is missing .*pip install .*\[cuda\]'`\.$"):
        image_for("flow_warp_blend", (9, 0))
