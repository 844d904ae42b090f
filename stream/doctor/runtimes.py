"""Check of what runs the networks: what auto takes, and why not the others."""

from stream.doctor.system import Finding, System


def runtimes(system: System) -> Finding:
    """Which runtime `--backend auto` takes for the rig's refiner."""
    from engine.families import find_family
    from engine.runtimes.auto import candidates

    found = list(candidates(graphs=find_family("rig").shipped_graphs()))
    taken = next((candidate for candidate in found if candidate.runtime is not None), None)
    others = [
        f"{candidate.name}: {candidate.why_not or 'works too'}"
        for candidate in found
        if candidate is not taken
    ]
    if taken is None:
        return Finding(
            check="backend",
            status="broken",
            says="no backend runs here",
            fix="\n".join(others),
        )
    # Bundles may have plans that the refiner has not, and the other way round.
    says = f"auto takes {taken.name} for the rig's refiner; of a bundle, `understudy info` says it"
    return Finding(check="backend", status="ok", says=says, fix="\n".join(others) or None)
