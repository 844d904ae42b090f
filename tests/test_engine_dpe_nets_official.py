"""Checkpoints: what the authors write is taken, anything else is refused in words."""

import argparse
import gzip
import json
import os
import pickle
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from benchmarks.seeded_weights import TINY, seeded_state
from engine.dpe.nets.dpe import DPE
from engine.dpe.nets.layout import RELEASED, Layout, layout_of
from engine.errors import BundleError


def trainers_file(path: Path) -> None:
    """All five entries, with optimisers that have made a step, as the authors' trainer saves."""
    linear = torch.nn.Linear(3, 2)
    optimiser = torch.optim.Adam(linear.parameters(), lr=0.002, betas=(0.0, 0.99))
    linear(torch.ones(1, 3)).sum().backward()
    optimiser.step()
    content = {
        "gen": seeded_state(),
        "dis": linear.state_dict(),
        "g_optim": optimiser.state_dict(),
        "d_optim": optimiser.state_dict(),
        "args": argparse.Namespace(size=256, lr=0.002, resume_ckpt=None, dataset="vox"),
    }
    torch.save(content, path)


def test_the_trainers_file_loads_the_same_weights_as_the_published_one(
    tmp_path: Path, dpe_checkpoint: Path
) -> None:
    trainers_file(tmp_path / "003000.pt")
    one = DPE.from_official(tmp_path / "003000.pt").state_dict()
    other = DPE.from_official(str(dpe_checkpoint)).state_dict()
    assert all(torch.equal(one[name], other[name]) for name in other)


def test_a_file_of_the_old_format_without_zip_loads(tmp_path: Path) -> None:
    torch.save({"gen": seeded_state()}, tmp_path / "old.pt", _use_new_zipfile_serialization=False)
    assert DPE.from_official(tmp_path / "old.pt").layout == TINY


def test_the_released_sizes_are_read_off_the_released_names() -> None:
    with torch.device("meta"):
        state = DPE().official_state()
    assert layout_of({name: value.shape for name, value in state.items()}) == RELEASED
    assert sum(v.numel() for n, v in state.items() if not n.endswith("kernel")) == 69_101_798


@pytest.mark.parametrize(
    "name",
    [
        "dec_pose.convs.3.activate.bias",
        "enc.net_app.convs.2.conv1.1.bias",
        "mlp.4.bias",
        "dir.weight",
        "dec_exp.input.input",
    ],
)
def test_one_tensor_of_a_wrong_shape_is_the_one_that_is_named(name: str, tmp_path: Path) -> None:
    state = seeded_state()
    state[name] = torch.cat([state[name], state[name]], dim=min(1, state[name].ndim - 1))
    torch.save({"gen": state}, tmp_path / "dpe.pt")
    with pytest.raises(BundleError, match=f"wrong shape: {name} ") as caught:
        DPE.from_official(tmp_path / "dpe.pt")
    assert "missing" not in str(caught.value)


def test_missing_and_unknown_names_are_listed(tmp_path: Path) -> None:
    state = seeded_state()
    del state["mlp_exp.1.bias"], state["dec_exp.conv1.noise.weight"]
    state["enc.fc.weight"] = torch.zeros(3)
    torch.save({"gen": state}, tmp_path / "dpe.pt")
    with pytest.raises(BundleError) as caught:
        DPE.from_official(tmp_path / "dpe.pt")
    message = str(caught.value)
    assert "missing: mlp_exp.1.bias, dec_exp.conv1.noise.weight" in message
    assert "unknown: enc.fc.weight" in message


def test_a_long_list_of_names_is_cut_and_counted(tmp_path: Path) -> None:
    torch.save({"gen": {f"layer{n}": torch.zeros(1) for n in range(40)}}, tmp_path / "other.pt")
    with pytest.raises(BundleError, match=r"unknown: layer0, .* and 10 more"):
        DPE.from_official(tmp_path / "other.pt")


class Burglar:
    """Its unpickling makes a folder."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
        return os.mkdir, (str(self.target),)


@pytest.mark.parametrize("where", ["plain pickle", "torch file", "old torch file", "gen", "args"])
def test_a_pickle_that_would_run_code_is_refused_and_does_not_run(
    where: str, tmp_path: Path
) -> None:
    target, path = tmp_path / "was here", tmp_path / "dpe.pt"
    burglar = Burglar(target)
    if where == "plain pickle":
        path.write_bytes(pickle.dumps({"gen": burglar}))
    elif where == "gen":
        torch.save({"gen": seeded_state() | {"mlp.0.bias": burglar}}, path)
    elif where == "args":
        content = {"gen": seeded_state(), "args": argparse.Namespace(hook=burglar)}
        torch.save(content, path)
    else:
        is_new = where == "torch file"
        torch.save({"gen": burglar}, path, _use_new_zipfile_serialization=is_new)
    with pytest.raises(BundleError, match="would run code"):
        DPE.from_official(path)
    assert not target.exists()
    # The trap is a real one: torch's own unsafe loading falls into it.
    torch.load(path, weights_only=False) if where != "plain pickle" else pickle.loads(
        path.read_bytes()
    )
    assert target.exists()


def truncated(path: Path) -> None:
    torch.save({"gen": seeded_state()}, path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def truncated_old(path: Path) -> None:
    torch.save({"gen": seeded_state()}, path, _use_new_zipfile_serialization=False)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def other_zip(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "no weights")


def zipped(path: Path) -> None:
    torch.save({"gen": seeded_state()}, path.with_name("inside.pt"))
    with zipfile.ZipFile(path, "w") as archive:
        archive.write(path.with_name("inside.pt"), "dpe.pt")


def tarred(path: Path) -> None:
    torch.save({"gen": seeded_state()}, path.with_name("inside.pt"))
    with tarfile.open(path, "w") as archive:
        archive.add(path.with_name("inside.pt"), "dpe.pt")


def safetensors(path: Path) -> None:
    header = json.dumps({"a": {"dtype": "F32", "shape": [4], "data_offsets": [0, 16]}}).encode()
    path.write_bytes(len(header).to_bytes(8, "little") + header + bytes(16))


PAGE = "\n<!DOCTYPE html><html><head><title>Virus scan warning</title></head></html>"
POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:0000\nsize 276000000\n"


def bad_numbers(path: Path) -> None:
    state = seeded_state()
    state["mlp.0.bias"][3] = float("nan")
    torch.save({"gen": state}, path)


@pytest.mark.parametrize(
    ("write", "words"),
    [
        (truncated, "damaged or incomplete"),
        (truncated_old, "damaged or incomplete"),
        (lambda path: path.write_bytes(b""), "damaged or incomplete"),
        (lambda path: path.write_text("not found\n"), "no PyTorch file"),
        (other_zip, "damaged or incomplete"),
        (zipped, "is a ZIP archive, not a checkpoint. Unpack it"),
        (tarred, "is a tar archive, not a checkpoint. Unpack it"),
        (lambda path: path.write_bytes(gzip.compress(b"weights")), "is a gzip archive, not"),
        (lambda path: path.write_text(PAGE), "is a web page, not a checkpoint. Open"),
        (lambda path: path.write_text("\ufeff<html><body>Sign in"), "is a web page, not"),
        (lambda path: path.write_text(POINTER), "is a Git LFS pointer, not .*git lfs pull"),
        (lambda path: path.write_text('{"error": "not found"}'), "is a JSON text, not"),
        (safetensors, "is a safetensors file, not a checkpoint"),
        (lambda path: path.write_bytes(b"%PDF-1.7\n" + bytes(90)), "is a PDF, not a checkpoint"),
        (lambda path: path.write_bytes(bytes(5000)), "damaged or incomplete"),
        (lambda path: path.write_bytes(bytes(range(256)) * 20), "no PyTorch file"),
        (lambda path: None, "cannot read"),
        (lambda path: path.mkdir(), "cannot read"),
        (lambda path: torch.save({"model": seeded_state()}, path), "no entry 'gen'"),
        (lambda path: torch.save([1, 2], path), "no entry 'gen'"),
        (lambda path: torch.save({"gen": {}, "ema": 1}, path), "entries.*: ema"),
        (lambda path: torch.save({"gen": {"mlp.0.bias": 3}}, path), "no state dict"),
        (lambda path: torch.save({"gen": torch.zeros(2)}, path), "no state dict"),
        (bad_numbers, "not finite: mlp.0.bias"),
    ],
)
def test_a_file_that_is_no_checkpoint_is_refused_in_words(
    write: Callable[[Path], object], words: str, tmp_path: Path
) -> None:
    path = tmp_path / "dpe.pt"
    write(path)
    with pytest.raises(BundleError, match=words) as caught:
        DPE.from_official(path)
    assert str(path) in str(caught.value)
    assert "weights_only" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_names_of_a_model_that_was_wrapped_for_several_gpus_are_ours_too(
    tmp_path: Path, dpe_checkpoint: Path
) -> None:
    wrapped = {f"module.{name}": value for name, value in seeded_state().items()}
    torch.save({"gen": wrapped}, tmp_path / "module.pt")
    one = DPE.from_official(tmp_path / "module.pt").state_dict()
    other = DPE.from_official(dpe_checkpoint).state_dict()
    assert all(torch.equal(one[name], other[name]) for name in other)


def test_what_a_refused_file_wants_to_call_is_named(tmp_path: Path) -> None:
    torch.save({"gen": Burglar(tmp_path / "was here")}, tmp_path / "dpe.pt")
    with pytest.raises(BundleError, match=r"would run code \(\w+\.mkdir\)") as caught:
        DPE.from_official(tmp_path / "dpe.pt")
    assert "weights_only" not in str(caught.value)


def test_a_layout_knows_its_pictures_size() -> None:
    assert RELEASED.size == 256
    assert Layout(widths=(4, 4, 4)).size == 16
