"""A backend that is asked for by name is taken or refused, never replaced; auto is one for all."""

from collections.abc import Callable, Mapping
from inspect import signature
from pathlib import Path
from typing import get_args

import pytest

from engine.errors import MachineError
from engine.manifest import GraphSpec
from engine.progress import Progress
from engine.runtimes.auto import has_nvidia_driver
from engine.runtimes.base import Runtime
from engine.runtimes.choose import choose
from engine.runtimes.registry import IN_AUTO
from stream.cli.factories import load_model
from stream.cli.live import live
from stream.cli.options import BackendName
from stream.cli.render import render
from stream.cli.serve import serve


@pytest.mark.parametrize("backend", ["auto", "openvino", "onnxruntime"])
def test_a_bundle_is_loaded_by_the_backend_asked_for(backend: str, dpe_bundle: Path) -> None:
    model = load_model(str(dpe_bundle), backend=backend)
    assert type(model).__name__ == "DpeModel"


class Asked:
    """Takes the place of `choose` in a family; keeps what it was asked for."""

    def __init__(self) -> None:
        self.name, self.files = "", set[str]()

    def __call__(
        self, name: str, *, progress: Progress, graphs: Mapping[Path, GraphSpec]
    ) -> Runtime:
        self.name, self.files = name, {path.name for path in graphs}
        progress.begin("building a plan", 1)
        return choose("openvino", 1)


class Bar(list[str]):
    """A progress bar that keeps what it was to show."""

    def begin(self, task: str, total: int | None) -> None:
        self.append(task)

    def advance(self) -> None:
        """Nothing is drawn."""


@pytest.mark.parametrize(
    ("family", "module", "files"),
    [
        ("rig", "engine.rig.refine.network", {"enroll.onnx", "refine.onnx"}),
        (
            "dpe",
            "engine.dpe.model",
            {f"{name}.onnx" for name in ("encode", "read", "generate_pose", "generate_expression")},
        ),
    ],
)
@pytest.mark.parametrize("backend", ["auto", "tensorrt"])
def test_auto_and_names_reach_every_family_with_its_graphs_and_a_bar_for_builds(
    backend: str,
    family: str,
    module: str,
    files: set[str],
    dpe_bundle: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked, bar = Asked(), Bar()
    monkeypatch.setattr(f"{module}.choose", asked)
    name = "rig" if family == "rig" else str(dpe_bundle)
    load_model(name, backend=backend, builds=bar)
    assert (asked.name, asked.files) == (backend, files)
    assert bar == ["building a plan"]


@pytest.mark.parametrize("command", [render, live, serve])
def test_the_help_names_what_auto_tries_in_its_order_and_the_refiner(
    command: Callable[..., None],
) -> None:
    assert signature(command).parameters["backend"].annotation == BackendName
    [option] = get_args(BackendName)[1:]
    assert ", ".join(IN_AUTO) in option.help
    assert "the rig's refiner" in option.help
    assert "needs none" not in option.help


@pytest.mark.parametrize("backend", ["tensorrt", "tensorrt-rtx", "cuda", "onnxruntime-gpu"])
def test_without_a_gpu_its_backends_are_refused_in_one_line(backend: str, dpe_bundle: Path) -> None:
    if has_nvidia_driver():
        pytest.skip("this machine has an NVIDIA driver")
    with pytest.raises(MachineError) as caught:
        load_model(str(dpe_bundle), backend=backend)
    assert "\n" not in str(caught.value)
    assert "pip install" in str(caught.value) or "--backend" in str(caught.value)
