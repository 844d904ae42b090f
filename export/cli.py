"""Commands on model files: import, export, info, cost. PyTorch is imported only where needed."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from engine.errors import BundleError, MachineError
from engine.manifest import Manifest, check_files, read_manifest
from export.cost import Costs, costs

if TYPE_CHECKING:
    from export.bundle import Report

RELEASED = ((512, 512, 512, 512, 256, 128, 64), 512, 20)
"""Channels from 4 pixels up, length of a code, directions: the sizes that were published."""

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)

Checkpoint = Annotated[
    Path, typer.Argument(help="The DPE authors' checkpoint, such as dpe.pt.", show_default=False)
]
Out = Annotated[Path, typer.Option(help="The folder to make.", show_default=False)]
Force = Annotated[bool, typer.Option("--force", help="Replace the folder if it is a bundle.")]


@app.command("import")
def import_(checkpoint: Checkpoint, *, out: Out, force: Force = False) -> None:
    """Turn the DPE authors' checkpoint into a bundle that `understudy render --model` takes."""
    with _needs_torch():
        from engine.nets.dpe import DPE
        from export.bundle import AUTHORS, write_bundle
    model = DPE.from_official(checkpoint)
    _tell(out, write_bundle(model, out, origin=AUTHORS, force=force, tell=print))


@app.command()
def export(
    *,
    model: Annotated[
        Path, typer.Option(help="PyTorch weights in the authors' format.", show_default=False)
    ],
    out: Out,
    precision: Annotated[
        Literal["fp32", "fp16"],
        typer.Option(help="Of the convolutions; flow, grid and sampling are always fp32."),
    ] = "fp32",
    dynamic_batch: Annotated[
        bool,
        typer.Option("--dynamic-batch", help="Any batch size, for a GPU that serves several."),
    ] = False,
    licence: Annotated[str, typer.Option(help="Of the weights; written down.")] = "not stated",
    trained_on: Annotated[str, typer.Option(help="The data; written down.")] = "not stated",
    force: Force = False,
) -> None:
    """Write PyTorch weights as a bundle, each graph checked against PyTorch."""
    with _needs_torch():
        from engine.nets.dpe import DPE
        from export.bundle import Origin, write_bundle
    report = write_bundle(
        DPE.from_official(model),
        out,
        origin=Origin(licence=licence, trained_on=trained_on),
        precision=precision,
        dynamic_batch=dynamic_batch,
        force=force,
        tell=print,
    )
    _tell(out, report)


@app.command()
def info(
    bundle: Annotated[Path, typer.Argument(help="A bundle's folder.", show_default=False)],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False,
) -> None:
    """Say what a bundle holds, after checking that its files are whole."""
    manifest = read_manifest(bundle)
    check_files(bundle, manifest)
    if as_json:
        known = asdict(manifest) | {"sha256": manifest.sha256}
        print(json.dumps(known | _cost_json(_costs_of(manifest)), indent=2))
        return
    for name, value in (
        ("family", manifest.family),
        *manifest.sizes.items(),
        ("precision", manifest.precision),
        ("batch", _batch(manifest)),
        ("opset", manifest.opset),
        ("licence", manifest.licence),
        ("trained on", manifest.trained_on),
        ("sha256", manifest.sha256),
    ):
        print(f"{name:12}{' '.join(map(str, value)) if isinstance(value, list) else value}")
    for name, spec in manifest.graphs.items():
        print(f"  {name:22}{(bundle / spec.file).stat().st_size / 1e6:8.1f} MB  {spec.sha256}")
    _print_costs(_costs_of(manifest))


@app.command()
def cost(
    bundle: Annotated[
        Path | None,
        typer.Argument(help="A bundle's folder. Default: the sizes that were published."),
    ] = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False,
) -> None:
    """Count DPE's parameters and its arithmetic per picture."""
    found = costs(*RELEASED) if bundle is None else _costs_of(read_manifest(bundle))
    if found is None:
        raise BundleError(f"{bundle} is no DPE bundle, so its cost is not known.")
    if as_json:
        print(json.dumps(_cost_json(found), indent=2))
    else:
        _print_costs(found)


@contextmanager
def _needs_torch() -> Iterator[None]:
    """Turn a missing package of the extra into advice."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise MachineError(
            f"{error.name} is not installed. Run `pip install understudy[export]`."
        ) from None


def _tell(out: Path, report: "Report") -> None:
    print(f"{out}: {report.size / 1e6:.0f} MB, written and checked in {report.seconds:.0f} s")


def _batch(manifest: Manifest) -> str:
    tensors = [tensor for spec in manifest.graphs.values() for tensor in spec.inputs.values()]
    return "any" if any("batch" in tensor.shape for tensor in tensors) else "1"


def _costs_of(manifest: Manifest) -> Costs | None:
    """None for another family, whose sizes mean something else."""
    channels, code = manifest.sizes.get("channels"), manifest.sizes.get("code")
    directions = manifest.sizes.get("directions")
    if manifest.family != "dpe" or not isinstance(channels, list):
        return None
    if not isinstance(code, int) or not isinstance(directions, int):
        return None
    return costs(channels, code, directions)


def _cost_json(found: Costs | None) -> dict[str, object]:
    if found is None:
        return {}
    networks = {"encoder": found.encoder, "generator": found.generator, "heads": found.heads}
    return {
        "parameters": found.parameters,
        "cost": {name: asdict(network) for name, network in networks.items()},
    }


def _print_costs(found: Costs | None) -> None:
    if found is None:
        return
    rows = {
        "encoder": found.encoder,
        "generator (each of two)": found.generator,
        "linear heads": found.heads,
    }
    for name, network in rows.items():
        giga = network.flop / 1e9
        print(f"{name:24}{network.parameters:12,} parameters {giga:8.2f} GFLOP per picture")
    single, both = (found.frame_flop(mode) / 1e9 for mode in ("expression", "both"))
    print(f"{'total':24}{found.parameters:12,} parameters")
    print(f"a live frame of a still portrait: {single:.1f} GFLOP, mode both {both:.1f} GFLOP")
