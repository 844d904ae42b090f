"""Networks in PyTorch become a bundle: each graph written and checked; all of them or nothing."""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from torch import Tensor

from engine.dpe.nets.dpe import DPE
from engine.errors import BundleError
from engine.manifest import GraphSpec, Manifest, write_manifest
from engine.runtimes.base import Runtime
from engine.runtimes.choose import choose
from engine.runtimes.registry import OPENVINO
from export.exact import exact_tensors
from export.folder import whole_folder
from export.onnx_file import OPSET, write_graph
from export.plans import Plan, plans

TOLERANCE = {"fp32": 5e-3, "fp16": 0.25}
"""Largest error that is written, relative to an output's range. Untrained weights amplify rounding
(the authors' own fp32 differs from their float64 by up to 2e-3 of it), trained ones far less; an
error above this is no rounding but a fault."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where weights come from."""

    licence: str
    trained_on: str


AUTHORS = Origin(licence="MIT, by the authors of DPE", trained_on="VoxCeleb, 256 x 256")


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What a family's bundle is made of."""

    family: str
    sizes: dict[str, int | list[int]]
    """As the manifest has them."""
    exact: Callable[[], Mapping[str, Tensor]]
    """What every tensor of the graphs must be, in float64."""
    plans: Callable[[str], Iterator[Plan]]
    """The graphs in a precision, one after the other."""
    tolerance: Mapping[str, float]
    """Precision -> largest error that is written, relative to an output's range."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What was written."""

    errors: dict[str, float]
    """Graph -> its largest difference from PyTorch in float64, relative to the output's range."""
    size: int
    """Bytes of the whole folder."""
    seconds: float


def write_bundle(
    model: DPE,
    out: Path,
    *,
    origin: Origin,
    precision: str = "fp32",
    dynamic_batch: bool = False,
    force: bool = False,
    tell: Callable[[str], None] = lambda line: None,
) -> Report:
    """Write DPE's bundle; `tell` gets a line for each graph that is done.

    Raises:
        BundleError: a written graph does not compute what PyTorch does.
        OutputError: the folder exists, or cannot be written.
    """
    source = Source(
        family="dpe",
        sizes=_sizes(model),
        exact=partial(exact_tensors, model),
        plans=lambda precision: plans(model, precision=precision),
        tolerance=TOLERANCE,
    )
    return write_graphs(
        source,
        out,
        origin=origin,
        precision=precision,
        dynamic_batch=dynamic_batch,
        force=force,
        tell=tell,
    )


def write_graphs(
    source: Source,
    out: Path,
    *,
    origin: Origin,
    precision: str = "fp32",
    dynamic_batch: bool = False,
    force: bool = False,
    tell: Callable[[str], None] = lambda line: None,
) -> Report:
    """Write a family's bundle; `tell` gets a line for each graph that is done.

    Raises:
        BundleError: a written graph does not compute what PyTorch does.
        OutputError: the folder exists, or cannot be written.
    """
    began = time.monotonic()
    runtime = choose(OPENVINO.name)
    errors: dict[str, float] = {}
    specs: dict[str, GraphSpec] = {}
    with whole_folder(out, force=force) as folder:
        exact = source.exact()
        for plan in source.plans(precision):
            spec = write_graph(plan, exact, folder, dynamic_batch=dynamic_batch)
            error = largest_error(plan, spec, folder, exact, runtime)
            if not error <= source.tolerance[precision]:  # so that NaN is refused too
                raise BundleError(
                    f"the graph {plan.name} differs from PyTorch by {error:.1e} of its range: more "
                    f"than rounding in {precision} explains. Are the weights damaged?"
                )
            tell(f"{plan.name}: within {error:.1e} of its range of PyTorch in float64")
            errors[plan.name], specs[plan.name] = error, spec
        manifest = Manifest(
            family=source.family,
            sizes=source.sizes,
            precision=precision,
            opset=OPSET,
            licence=origin.licence,
            trained_on=origin.trained_on,
            graphs=specs,
        )
        write_manifest(folder, manifest)
        size = sum(file.stat().st_size for file in folder.iterdir())
    return Report(errors=errors, size=size, seconds=time.monotonic() - began)


def largest_error(
    plan: Plan, spec: GraphSpec, folder: Path, exact: Mapping[str, Tensor], runtime: Runtime
) -> float:
    """Of all outputs of a written graph, relative to the range of each."""
    graph = runtime.load(folder / spec.file, spec)
    examples = {name: exact[example].float().numpy() for name, example in plan.inputs.items()}
    results = graph.run(examples)
    errors = []
    for name, wanted in plan.outputs.items():
        reference = exact[wanted].numpy()
        errors.append(float(np.abs(results[name] - reference).max() / np.ptp(reference)))
    return float(np.max(errors))


def _sizes(model: DPE) -> dict[str, int | list[int]]:
    layout = model.layout
    return {
        "picture": layout.size,
        "code": layout.style,
        "directions": layout.directions,
        "channels": list(layout.widths),
    }
