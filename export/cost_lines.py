"""What a model costs, for people and for scripts."""

from dataclasses import asdict
from typing import TypeAlias

from engine.manifest import Manifest
from engine.pdfgc.widths import Widths
from export import cost, cost_pdfgc
from export.cost import Cost, Costs
from export.cost_pdfgc import PdfgcCosts

AnyCosts: TypeAlias = Costs | PdfgcCosts


def costs_of(manifest: Manifest) -> AnyCosts | None:
    """None for another family, whose sizes mean something else."""
    channels = manifest.sizes.get("channels")
    if not isinstance(channels, list):
        return None
    if manifest.family == "pdfgc":
        stems = manifest.sizes.get("stems")
        if not isinstance(stems, list) or len(stems) != 3:
            return None
        appearance, motion, sound = stems
        return cost_pdfgc.costs(
            Widths(appearance=appearance, motion=motion, sound=sound, generator=tuple(channels))
        )
    code, directions = manifest.sizes.get("code"), manifest.sizes.get("directions")
    if manifest.family != "dpe" or not isinstance(code, int) or not isinstance(directions, int):
        return None
    return cost.costs(channels, code, directions)


def cost_json(found: AnyCosts | None) -> dict[str, object]:
    """For scripts; empty where the costs are not known."""
    if found is None:
        return {}
    return {
        "parameters": found.parameters,
        "cost": {name: asdict(network) for name, network in found.networks.items()},
    }


def cost_lines(found: AnyCosts | None) -> list[str]:
    """For people; none where the costs are not known."""
    if found is None:
        return []
    return [
        *(_row(name, network) for name, network in _rows(found).items()),
        f"{'total':24}{found.parameters:12,} parameters",
        f"a live frame of a still portrait: {_live(found)}",
    ]


def _rows(found: AnyCosts) -> dict[str, Cost]:
    if isinstance(found, Costs):
        return {
            "encoder": found.encoder,
            "generator (each of two)": found.generator,
            "linear heads": found.heads,
        }
    return {
        "appearance (once)": found.appearance,
        "motion": found.motion,
        "sound (each 40 ms)": found.sound,
        "generator": found.generator,
    }


def _row(name: str, network: Cost) -> str:
    parameters, gigaflop = network.parameters, network.flop / 1e9
    return f"{name:24}{parameters:12,} parameters {gigaflop:8.2f} GFLOP per picture"


def _live(found: AnyCosts) -> str:
    if isinstance(found, Costs):
        single, both = (found.frame_flop(mode) / 1e9 for mode in ("expression", "both"))
        return f"{single:.1f} GFLOP, mode both {both:.1f} GFLOP"
    return f"{found.frame_flop / 1e9:.1f} GFLOP"
