"""Commands on model files: import, export, info, cost. PyTorch is imported only where needed."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from engine.errors import BundleError
from engine.installing import needing
from engine.manifest import GraphSpec, Manifest, check_files, read_manifest
from export import cost_pdfgc
from export.cost import costs
from export.cost_lines import AnyCosts, cost_json, cost_lines, costs_of

if TYPE_CHECKING:
    from export.bundle import Report

RELEASED = ((512, 512, 512, 512, 256, 128, 64), 512, 20)
"""Channels from 4 pixels up, length of a code, directions: the sizes that were published."""

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)

Checkpoint = Annotated[
    Path,
    typer.Argument(
        help="The authors' file, such as dpe.pt; for PD-FGC, the folder of its four files.",
        show_default=False,
    ),
]
FamilyName = Annotated[
    Literal["dpe", "pdfgc"], typer.Option("--family", help="Whose networks these are.")
]
Out = Annotated[Path, typer.Option(help="The folder to make.", show_default=False)]
Force = Annotated[bool, typer.Option("--force", help="Replace the folder if it is a bundle.")]
Precision = Literal["fp32", "fp16"]
PRECISION_HELP = (
    "Of the convolutions; flow, grid and sampling are always fp32. A CPU wants fp32. `cuda` runs "
    "DPE in fp16 whatever its bundle is in; TensorRT and onnxruntime-gpu keep to the bundle."
)


@app.command("import")
def import_(
    checkpoint: Checkpoint,
    *,
    out: Out,
    family: FamilyName = "dpe",
    precision: Annotated[Precision, typer.Option(help=PRECISION_HELP)] = "fp32",
    force: Force = False,
) -> None:
    """Turn the authors' weights into a bundle that `understudy render --model` takes."""
    if family == "pdfgc":
        with needing("export"):
            from engine.pdfgc.nets.pdfgc import PDFGC
            from export.pdfgc import write_pdfgc
        networks = PDFGC.from_official(checkpoint)
        _tell(out, write_pdfgc(networks, out, precision=precision, force=force, tell=print))
        return
    with needing("export"):
        from engine.dpe.nets.dpe import DPE
        from export.bundle import AUTHORS, write_bundle
    model = DPE.from_official(checkpoint)
    report = write_bundle(model, out, origin=AUTHORS, precision=precision, force=force, tell=print)
    _tell(out, report)


@app.command()
def export(
    *,
    model: Annotated[
        Path,
        typer.Option(
            help="PyTorch weights in the authors' format; for TensorRT, a bundle's folder.",
            show_default=False,
        ),
    ],
    to: Annotated[
        Literal["onnx", "tensorrt", "tensorrt-rtx"],
        typer.Option(
            help="onnx: a bundle, each graph checked against PyTorch. tensorrt: a bundle's plans "
            "for the GPU here. tensorrt-rtx: its plans for GeForce and RTX cards, with or without "
            "a GPU here."
        ),
    ] = "onnx",
    out: Annotated[
        Path | None,
        typer.Option(
            help="The folder to make. Plans are kept where --backend looks for them if left out; "
            "shipped with a bundle, they belong in its folder `plans`.",
            show_default=False,
        ),
    ] = None,
    precision: Annotated[
        Precision | None,
        typer.Option(help=f"{PRECISION_HELP} Default: fp32.", show_default=False),
    ] = None,
    dynamic_batch: Annotated[
        bool,
        typer.Option("--dynamic-batch", help="Any batch size, for a GPU that serves several."),
    ] = False,
    target: Annotated[
        list[str] | None,
        typer.Option(
            "--for",
            metavar="CAPABILITY",
            help="Compute capability such as 8.9 (tensorrt-rtx); may be repeated. Default: the GPU "
            "here, or 8.6, 8.9 and 12.0.",
            show_default=False,
        ),
    ] = None,
    refit_from: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Take the plans of this bundle, of the same sizes, and exchange the weights "
            "(tensorrt).",
            show_default=False,
        ),
    ] = None,
    warp: Annotated[
        Literal["native", "plugin"],
        typer.Option(
            help="How plans of TensorRT sample features: as TensorRT does it, or by our own kernel "
            "(fp16 bundles)."
        ),
    ] = "native",
    licence: Annotated[str, typer.Option(help="Of the weights; written down.")] = "not stated",
    trained_on: Annotated[str, typer.Option(help="The data; written down.")] = "not stated",
    force: Force = False,
) -> None:
    """Write PyTorch weights as a bundle, or build a bundle's plans for NVIDIA GPUs."""
    if to != "onnx":
        if precision is not None or dynamic_batch:
            raise typer.BadParameter(
                "are the bundle's: give them when it is exported to ONNX",
                param_hint="--precision, --dynamic-batch",
            )
        from export.build_bar import build_bar
        from export.tensorrt import Request, build_plans

        request = Request(
            bundle=model,
            to=to,
            out=out,
            targets=target or (),
            refit_from=refit_from,
            warp=warp,
        )
        with build_bar() as bar:
            print(build_plans(request, bar, tell=print))
        return
    if target or refit_from is not None or warp != "native":
        raise typer.BadParameter(
            "need --to tensorrt or tensorrt-rtx", param_hint="--for, --refit-from, --warp"
        )
    if out is None:
        raise typer.BadParameter("is needed: the folder to make", param_hint="--out")
    with needing("export"):
        from engine.dpe.nets.dpe import DPE
        from export.bundle import Origin, write_bundle
    report = write_bundle(
        DPE.from_official(model),
        out,
        origin=Origin(licence=licence, trained_on=trained_on),
        precision=precision or "fp32",
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
    runtimes = _runtimes(manifest.by_file(bundle))
    if as_json:
        known = asdict(manifest) | {"sha256": manifest.sha256, "backends": runtimes}
        print(json.dumps(known | cost_json(costs_of(manifest)), indent=2))
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
    for line in cost_lines(costs_of(manifest)):
        print(line)
    for name, why_not in runtimes.items():
        print(f"backend {name:16}{why_not or 'works; --backend auto takes the first that does'}")


@app.command()
def cost(
    bundle: Annotated[
        Path | None,
        typer.Argument(help="A bundle's folder. Default: the sizes that were published."),
    ] = None,
    *,
    family: FamilyName = "dpe",
    as_json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False,
) -> None:
    """Count a model's parameters and its arithmetic per picture."""
    found = published(family) if bundle is None else costs_of(read_manifest(bundle))
    if found is None:
        raise BundleError(f"{bundle} is no bundle of DPE or PD-FGC, so its cost is not known.")
    if as_json:
        print(json.dumps(cost_json(found), indent=2))
    else:
        print("\n".join(cost_lines(found)))


def published(family: str) -> AnyCosts:
    """Of the sizes that a family's authors published."""
    return cost_pdfgc.costs() if family == "pdfgc" else costs(*RELEASED)


def _runtimes(graphs: dict[Path, GraphSpec]) -> dict[str, str]:
    """Those of auto, in its order for a bundle; an empty text is for one that works, else why."""
    from engine.runtimes.auto import candidates

    return {candidate.name: candidate.why_not for candidate in candidates(graphs=graphs)}


def _tell(out: Path, report: "Report") -> None:
    print(f"{out}: {report.size / 1e6:.0f} MB, written and checked in {report.seconds:.0f} s")


def _batch(manifest: Manifest) -> str:
    tensors = [tensor for spec in manifest.graphs.values() for tensor in spec.inputs.values()]
    return "any" if any("batch" in tensor.shape for tensor in tensors) else "1"
