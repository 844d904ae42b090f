"""The costs of a DPE for people and for scripts."""

from dataclasses import asdict

from engine.manifest import Manifest
from export.cost import Costs, costs


def costs_of(manifest: Manifest) -> Costs | None:
    """None for another family, whose sizes mean something else."""
    channels, code = manifest.sizes.get("channels"), manifest.sizes.get("code")
    directions = manifest.sizes.get("directions")
    if manifest.family != "dpe" or not isinstance(channels, list):
        return None
    if not isinstance(code, int) or not isinstance(directions, int):
        return None
    return costs(channels, code, directions)


def cost_json(found: Costs | None) -> dict[str, object]:
    """For scripts; empty where the costs are not known."""
    if found is None:
        return {}
    networks = {"encoder": found.encoder, "generator": found.generator, "heads": found.heads}
    return {
        "parameters": found.parameters,
        "cost": {name: asdict(network) for name, network in networks.items()},
    }


def cost_lines(found: Costs | None) -> list[str]:
    """For people; none where the costs are not known."""
    if found is None:
        return []
    rows = {
        "encoder": found.encoder,
        "generator (each of two)": found.generator,
        "linear heads": found.heads,
    }
    lines = [
        f"{name:24}{network.parameters:12,} parameters {network.flop / 1e9:8.2f} GFLOP per picture"
        for name, network in rows.items()
    ]
    single, both = (found.frame_flop(mode) / 1e9 for mode in ("expression", "both"))
    return [
        *lines,
        f"{'total':24}{found.parameters:12,} parameters",
        f"a live frame of a still portrait: {single:.1f} GFLOP, mode both {both:.1f} GFLOP",
    ]
