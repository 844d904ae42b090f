"""Check of what runs a bundle's networks: what auto takes, and why not the others."""

from stream.doctor_system import Finding, System


def backends(system: System) -> Finding:
    """Which backend `--backend auto` takes; the rig needs none of them."""
    from engine.backends.auto import candidates

    found = list(candidates())
    taken = next((candidate for candidate in found if candidate.backend is not None), None)
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
    says = f"auto takes {taken.name} for bundles"
    return Finding(check="backend", status="ok", says=says, fix="\n".join(others) or None)
