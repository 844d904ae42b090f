"""Whole runs of DPE's training: several processes, a killed one, numbers that run away, and the
documented way from films to a rendered clip."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from threading import Event
from typing import Any

import av
import cv2
import numpy as np
import pytest
import torch
import typer
from torch import Tensor
from typer.testing import CliRunner

from engine.dpe.nets.dpe import DPE
from engine.errors import InputError, MachineError, TrainingError
from engine.frame import Pixels
from tests.dpe_made import command
from tests.dpe_training_made import made_heads
from tests.video_files import make_clip
from training.dpe.checkpoint import RESULT
from training.dpe.recipe import small, tiny
from training.dpe.run import RECORD, Run, train
from training.dpe.ship import ship
from training.dpe.task import DpeTask
from training.trainer import CHECKPOINT, LOG

STEPS = 6


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def heads(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_heads(tmp_path_factory.mktemp("heads"), people=4)


def run_of(folder: Path, people: Path, **more: object) -> Run:
    settings: dict[str, object] = {
        "folder": folder, "heads": (people,), "recipe": tiny().lasting(STEPS), "minutes": 60.0,
        "save_every": 2, "check_every_s": 1e9, "workers": 0, "device": "cpu",
    }  # fmt: skip
    return Run(**(settings | more))  # type: ignore[arg-type]


def trained(run: Run) -> list[str]:
    said: list[str] = []
    train(run, lambda step, seconds, line: None, said.append)
    return said


@pytest.fixture(scope="module")
def whole(heads: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run without interruption."""
    folder = tmp_path_factory.mktemp("whole")
    trained(run_of(folder, heads))
    return folder


def checkpoint(folder: Path) -> dict[str, Any]:
    state: dict[str, Any] = torch.load(folder / CHECKPOINT, weights_only=True)
    return state


def test_a_run_leaves_log_curves_sheet_record_and_the_authors_file(whole: Path) -> None:
    for name in (LOG, "curves.png", f"sheet_{STEPS:07d}.png", RECORD, CHECKPOINT, RESULT):
        assert (whole / name).is_file()
    last = json.loads((whole / LOG).read_text().splitlines()[-1])
    assert {
        "psnr_expression",
        "still_expression",
        "psnr_itself",
        "r_jaw",
        "r_smile",
        "r_blink",
    } <= set(last)
    record = json.loads((whole / RECORD).read_text())
    assert "no --perceptual: Eq. 9 is left out" in record["notes"]
    assert record["recipe"]["stages"][0]["steps"] == 5
    assert DPE.from_official(whole / RESULT).layout == tiny().layout
    sheet = cv2.imread(str(whole / f"sheet_{STEPS:07d}.png"))
    assert sheet is not None
    assert sheet.shape[1] == 7 * 128


def test_a_killed_run_goes_on_to_the_same_bits(whole: Path, heads: Path, tmp_path: Path) -> None:
    script = f"""
import os, signal
from pathlib import Path
from tests.test_training_dpe_runs import run_of, trained
from training.dpe.task import DpeTask

losses = DpeTask.losses
def until_step_3(self, networks, random, step):
    if step == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return losses(self, networks, random, step)

DpeTask.losses = until_step_3
trained(run_of(Path({str(tmp_path)!r}), Path({str(heads)!r})))
"""
    ended = subprocess.run([sys.executable, "-c", script], env=_env(), check=False)
    assert ended.returncode == -signal.SIGKILL
    assert checkpoint(tmp_path)["step"] == 2
    trained(run_of(tmp_path, heads, resume=True))
    mine, wanted = checkpoint(tmp_path), checkpoint(whole)
    for part in ("networks", "average"):
        assert all(torch.equal(mine[part][name], wanted[part][name]) for name in wanted[part])
    moments, others = mine["optimiser"]["state"], wanted["optimiser"]["state"]
    for number, moment in others.items():
        assert all(torch.equal(moments[number][k], moment[k]) for k in ("exp_avg", "exp_avg_sq"))


def test_two_processes_equal_one_with_the_same_batch_to_rounding(
    whole: Path, heads: Path, tmp_path: Path
) -> None:
    launch = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    options = [
        "--recipe", "tiny", "--heads", heads, "--out", tmp_path, "--steps", STEPS,
        "--minutes", 60, "--check-every", 1e6, "--workers", 0, "--device", "cpu",
    ]  # fmt: skip
    command = [sys.executable, *launch, "-m", "training.dpe", *map(str, options)]
    ended = subprocess.run(command, env=_env(), capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr[-2000:]
    assert json.loads((tmp_path / RECORD).read_text())["processes"] == 2
    mine, wanted = checkpoint(tmp_path)["networks"], checkpoint(whole)["networks"]
    apart = {n: float((mine[n] - wanted[n]).abs().max()) for n in wanted}
    assert max(apart.values()) < 1e-3, sorted(apart.items(), key=lambda e: -e[1])[:5]
    # One optimiser step moves a weight by up to the rate, 8e-3: this is far below.
    assert np.median(list(apart.values())) < 1e-6


def test_accumulated_parts_equal_the_whole_batch_to_rounding(
    whole: Path, heads: Path, tmp_path: Path
) -> None:
    trained(run_of(tmp_path, heads, accumulate=2, workers=1))
    mine, wanted = checkpoint(tmp_path)["networks"], checkpoint(whole)["networks"]
    apart = [float((mine[n] - wanted[n]).abs().max()) for n in wanted]
    assert max(apart) < 1e-3
    assert np.median(apart) < 1e-6


def test_numbers_that_are_not_finite_stop_the_run_with_the_weights_before_them(
    heads: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    losses = DpeTask.losses

    def spoiled(
        self: DpeTask, networks: torch.nn.ModuleDict, random: np.random.Generator, step: int
    ) -> dict[str, Tensor]:
        found = losses(self, networks, random, step)
        return found | {"itself": found["itself"] * (float("nan") if step == 1 else 1.0)}

    monkeypatch.setattr(DpeTask, "losses", spoiled)
    with pytest.raises(TrainingError, match=r"step 1: itself is not finite.*--resume"):
        trained(run_of(tmp_path, heads))
    state = checkpoint(tmp_path)
    assert state["step"] == 1
    assert all(value.isfinite().all() for value in state["networks"].values())


def test_a_run_begins_with_the_weights_of_another_and_says_so(
    whole: Path, heads: Path, tmp_path: Path
) -> None:
    for name, part in ((CHECKPOINT, "average"), (RESULT, None)):
        folder = tmp_path / name
        said = trained(run_of(folder, heads, minutes=0.0, begins_from=whole / name))
        assert any(str(whole / name) in line for line in said)
        mine, wanted = checkpoint(folder)["networks"], checkpoint(whole)["average"]
        names = wanted if part else [n for n in wanted if n.startswith("dpe.")]
        assert all(torch.equal(mine[n], wanted[n]) for n in names)
        ancestor = json.loads((folder / RECORD).read_text())["begins_from"]
        assert ancestor["steps"] == STEPS
        assert ancestor["record"]["recipe"]["name"] == "tiny"
        trained(run_of(folder, heads, recipe=tiny().lasting(2), resume=True))
        assert json.loads((folder / RECORD).read_text())["begins_from"] == ancestor
    wider = small(32).in_stages({"autoencode": 1})
    with pytest.raises(InputError, match=r"--from .*(other sizes|has Layout)"):
        trained(run_of(tmp_path / "c", heads, recipe=wider, begins_from=whole / RESULT))
    with pytest.raises(InputError, match="--from"):
        trained(run_of(tmp_path / "d", heads, begins_from=whole / LOG))


def test_a_run_is_shipped_with_its_record_and_no_folder_of_the_machine(
    whole: Path, tmp_path: Path
) -> None:
    psnr = {"psnr_db": {"expression": 20.0}}
    # The tracker reads 4 degrees where nothing has turned, and 5 of what the model drew: 3 are its.
    still, own = psnr | {"turn_squared_deg2": 16.0}, psnr | {"turn_squared_deg2": 25.0}
    figures = {"people": 2, "cases": 8, "still": still, "DPE": own}
    found = ship(whole, figures, tmp_path / "out", tmp_path / "small.pt")
    assert (found.expression_db, found.still_db, found.turn_deg) == (20.0, 20.0, 3.0)
    assert not found.is_offered
    text = (tmp_path / "out" / RECORD).read_text()
    assert str(whole.parent) not in text
    record = json.loads(text)
    assert record["steps"] == STEPS
    assert record["training"]["recipe"]["name"] == "tiny"
    halves = DPE.from_official(tmp_path / "small.pt").state_dict()
    exact = DPE.from_official(whole / RESULT).state_dict()
    assert all(torch.allclose(halves[name], exact[name], rtol=1e-3, atol=1e-6) for name in exact)
    with pytest.raises(InputError, match="make no record"):
        ship(whole, {"people": 2}, tmp_path / "other", tmp_path / "other.pt")


def test_what_reads_may_learn_more_slowly_than_what_draws(heads: Path, tmp_path: Path) -> None:
    stage = replace(tiny().stages[0], steps=3, slowness=0.0)
    recipe = replace(tiny(), stages=(stage,))
    trained(run_of(tmp_path, heads, recipe=recipe, minutes=0.0))
    before = checkpoint(tmp_path)["networks"]
    trained(run_of(tmp_path, heads, recipe=recipe, resume=True))
    after = checkpoint(tmp_path)["networks"]
    changed = {name for name, value in after.items() if not torch.equal(value, before[name])}
    assert any(".generator." in name for name in changed)
    assert all(".generator." in name for name in changed if name.startswith("dpe."))
    assert {s.slowness for s in small().stages} != {1.0}
    assert {s.slowness for s in small().of_films().stages} == {1.0}


def test_what_draws_begins_anew_where_reading_ends_and_resumes_to_the_same_bits(
    heads: Path, tmp_path: Path
) -> None:
    recipe = small(32).in_stages({"read": 2, "edits": 2})
    recipe = replace(recipe, layout=tiny().layout).in_batches_of(2)
    trained(run_of(tmp_path / "whole", heads, recipe=recipe))

    class AfterTwoSteps(Event):
        def is_set(self) -> bool:
            return (tmp_path / "parts" / CHECKPOINT).exists()

    parts = run_of(tmp_path / "parts", heads, recipe=recipe)
    train(parts, lambda *_: None, lambda _: None, AfterTwoSteps())
    assert checkpoint(tmp_path / "parts")["step"] == 2  # saved exactly where drawing begins
    trained(replace(parts, resume=True))
    mine, wanted = (checkpoint(tmp_path / name) for name in ("parts", "whole"))
    for kind in ("networks", "average"):
        assert all(torch.equal(mine[kind][n], wanted[kind][n]) for n in wanted[kind])


def test_a_cycle_that_begins_before_the_codes_tell_anything_is_warned_of(
    heads: Path, tmp_path: Path
) -> None:
    said = trained(run_of(tmp_path, heads, recipe=tiny().lasting(2)))
    assert [line for line in said if line.startswith("WARNING: stage joint begins with r of")]
    begun = json.loads((tmp_path / RECORD).read_text())["cycle_begins_with"]
    assert set(begun) == {"joint", "expression"}
    assert set(begun["joint"]["reads"]) == {"jaw", "smile", "blink"}
    assert "blink" in begun["joint"]["warning"]


def test_bf16_and_channels_last_learn_too(heads: Path, tmp_path: Path) -> None:
    trained(run_of(tmp_path, heads, precision="bf16", channels_last=True,
                   recipe=tiny().lasting(2)))  # fmt: skip
    assert all(v.dtype != torch.bfloat16 for v in checkpoint(tmp_path)["networks"].values())
    assert all(v.isfinite().all() for v in checkpoint(tmp_path)["networks"].values())


def test_without_data_or_tensorboard_it_is_said_what_to_do(heads: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--data"):
        trained(run_of(tmp_path / "a", heads, heads=()))
    try:
        import tensorboard  # noqa: F401
    except ImportError:
        with pytest.raises(MachineError, match="tensorboard"):
            trained(run_of(tmp_path / "b", heads, tensorboard=True))


ASSETS = Path(__file__).parents[1] / "stream" / "assets"
EVERY = 12


def filmed(most: int) -> list[Pixels]:
    """Every so many frames of the bundled clip."""
    with av.open(str(ASSETS / "driving.mp4")) as container:
        decoded = enumerate(container.decode(video=0))
        chosen = (frame for number, frame in decoded if number % EVERY == 0)
        return [np.asarray(f.to_ndarray(format="rgb24"), np.uint8) for f in islice(chosen, most)]


def frames_of_two_people(folder: Path) -> Path:
    """The bundled clip in VoxCeleb's layout, once as it is and once mirrored and recoloured."""
    pictures = [picture[..., ::-1] for picture in filmed(25)]
    for person, step in (("id10001", 1), ("id10002", -1)):
        there = folder / person / "talk" / "00001"
        there.mkdir(parents=True)
        for number, picture in enumerate(pictures):
            cv2.imwrite(str(there / f"{number:06d}.jpg"), picture[:, ::step, ::step])
    return folder


def understudy(app: typer.Typer, *arguments: object) -> str:
    result = CliRunner().invoke(app, [str(a) for a in arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def itself(folder: Path) -> float:
    """dB of the self pairs on the person who was held out, at the last check."""
    lines = [json.loads(line) for line in (folder / LOG).read_text().splitlines()]
    return float([line["clips_itself"] for line in lines if "clips_itself" in line][-1])


@pytest.mark.slow
def test_from_films_to_a_rendered_clip_and_self_reconstruction_is_what_holds_it(
    tmp_path: Path,
) -> None:
    from stream.cli.commands import app as whole
    from training.cli import app as training

    data, run, ablated = tmp_path / "data", tmp_path / "run", tmp_path / "ablated"
    films = frames_of_two_people(tmp_path / "vox")
    said = understudy(
        training, "train", "clips", films, "--out", data, "--size", 32, "--least-frames", 8
    )
    assert "2 people" in said
    options = (
        "train", "dpe", "--recipe", "tiny", "--steps", 40, "--data", data, "--device", "cpu",
    )  # fmt: skip
    understudy(training, *options, "--minutes", 0, "--out", run)
    untrained = itself(run)
    understudy(training, *options, "--minutes", 60, "--out", run, "--resume")
    understudy(training, *options, "--minutes", 60, "--out", ablated, "--without", "self")
    assert itself(run) > untrained + 3
    assert itself(run) > itself(ablated) + 1
    command("import", run / RESULT, "--out", tmp_path / "bundle")
    made = tmp_path / "made.mp4"
    driving = make_clip(tmp_path / "short.mp4", filmed(4))
    understudy(
        whole, "render", "--model", tmp_path / "bundle", "--portrait", ASSETS / "portrait.png",
        "--driving", driving, "--out", made, "--size", 256,
    )  # fmt: skip
    with av.open(str(made)) as container:
        assert len(list(container.decode(video=0))) == 4


def _env() -> dict[str, str]:
    root = str(Path(__file__).parents[1])
    return os.environ | {
        "PYTHONPATH": root, "OMP_NUM_THREADS": "1", "GLOO_SOCKET_IFNAME": "lo",
    }  # fmt: skip
